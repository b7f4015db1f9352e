"""A quick stand-in for a member: `fake_member.py EVENTS_FD SCRIPT` acts a script of steps.

Started with `python -I -S`. Steps, separated by commas: `load=S`, `timed=S` (reports all 10 ms),
`forever` (timed until ended), `hang` (no further word), `deaf` (ignores SIGTERM), `chat=MIB`,
`garbage`, `die=SIGNAL`, `exit=CODE`, `orphan` (leaves a process in a session of its own behind),
`RECORD` (with figures, into the folder of the third argument), `VALID`, `INVALID`, `end` (of the timed part), `close` (of the pipe).
"""

import contextlib
import json
import os
import signal
import sys
import time

events, script = int(sys.argv[1]), sys.argv[2]
begun = time.monotonic()
record = ""
now = {"phase": "load", "since": begun, "done": 0}


def tell(event, **values):
    line = json.dumps({"event": event, "at": time.monotonic(), **values}).encode() + b"\n"
    with contextlib.suppress(OSError):
        os.write(events, line)


def report():
    elapsed = time.monotonic() - now["since"]
    told = {"phase": now["phase"], "done": now["done"], "total": 100, "unit": "samples"}
    tell("progress", **told, elapsed_s=elapsed)


def enter(name):
    now.update(phase=name, since=time.monotonic())
    report()


def work(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.01)
        now["done"] += 1
        report()


for step in script.split(","):
    name, _, value = step.partition("=")
    if name == "load":
        enter("load")
        time.sleep(float(value))
    elif name == "timed":
        if now["phase"] != "timed":
            enter("timed")
        work(float(value))
    elif name == "forever":
        if now["phase"] != "timed":
            enter("timed")
        work(1e9)
    elif name == "end":
        enter("finish")
    elif name == "hang":
        while True:
            time.sleep(60)
    elif name == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    elif name == "chat":
        line = b"x" * 4095 + b"\n"
        for _ in range(int(float(value) * 256)):
            os.write(1, line)
            os.write(2, line)
    elif name == "garbage":
        os.write(events, b"no event\n" + b"y" * 200_000 + b"\n[1]\n{}\n")
    elif name == "die":
        os.kill(os.getpid(), getattr(signal, value))
    elif name == "exit":
        os._exit(int(value))
    elif name == "orphan":
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                while True:
                    time.sleep(60)
            os._exit(0)
        os.wait()
    elif name == "close":
        os.close(events)
    elif name == "RECORD":
        record = sys.argv[3] + "/record.json"
        row = {"unit": "queries/s", "better": "higher", "primary": True}
        rows = [{**row, "name": "queries_per_s", "value": 100.0}]
        late = {"unit": "ms", "better": "lower", "primary": False}
        rows.append({**late, "name": "latency_p99_ms", "value": 3.0})
        with open(record, "w", encoding="utf-8") as file:  # noqa: PTH123 - pathlib takes 20 ms
            json.dump({"metrics": rows}, file)
    elif name in ("VALID", "INVALID"):
        tell("result", verdict=name, record=record)
    elif name == "say":
        os.write(1, value.encode() + b"\n")
