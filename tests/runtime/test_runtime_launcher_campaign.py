"""Rounds with members that die, hang, chatter, leave early or are INVALID: the verdict is right.

Real processes, acted by `fake_member.py`; nothing of the launcher is replaced.
"""

from __future__ import annotations

import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from runtime.launcher.members import Deadlines, Member, Role, State
from runtime.launcher.process import marked
from runtime.launcher.supervisor import Supervisor

FAKE = str(Path(__file__).parent / "launcher" / "fake_member.py")
DEADLINES = Deadlines(ready=5.0, settle=0.03, timed=5.0, finish=2.0, silence=0.5, grace=0.4)
LIMIT_S = 12.0
"""A round that takes longer than its longest deadlines together has got stuck."""


def member(name: str, role: Role, script: str, **more) -> Member:
    """Return a member that acts a script."""
    argv = (sys.executable, "-I", "-S", FAKE, "{events}", script)
    return Member(name=name, role=role, argv=argv, **more)


def run(folder: Path, main: str | list[str], *backgrounds: str, deadlines: Deadlines = DEADLINES):
    """Return the round of some scripts and its supervisor, after a look at what is left."""
    mains = [main] if isinstance(main, str) else main
    members = [member(f"main-{n}", Role.MAIN, s) for n, s in enumerate(mains)]
    members += [member(f"background-{n}", Role.BACKGROUND, s) for n, s in enumerate(backgrounds)]
    supervisor = Supervisor(members, folder, deadlines)
    begin = time.monotonic()
    found = supervisor.run()
    assert time.monotonic() - begin < LIMIT_S
    assert marked(supervisor.mark) == []
    assert all(not one.alive for one in supervisor.running)
    assert [o.name for o in found.outcomes] == [m.name for m in members]
    assert found.success == (found.failure is None)
    return found, supervisor


@dataclass
class Case:
    """A round and what must come of it; empty: success."""

    main: str
    backgrounds: list[str]
    expected: set[str]
    who: str = ""


GOOD_MAIN = "load=0.02,timed={:.2f},end,VALID"
CHATTER = ("", "chat=8,", "garbage,", "deaf,", "orphan,", "chat=2,orphan,deaf,")


def case_of(seed: int) -> Case:
    """Return a random round; its script says what must come of it."""
    source = random.Random(seed)
    timed = source.uniform(0.08, 0.25)
    noise = source.choice(CHATTER)
    main = noise + GOOD_MAIN.format(timed)
    count = source.randint(1, 3)
    backgrounds = [f"{source.choice(CHATTER)}load=0.0{n},forever" for n in range(count)]
    victim = source.randrange(count)
    kind = source.choice(sorted(KINDS))
    script, expected, who = KINDS[kind]
    script = script.format(early=timed / 2)
    if who == "main":
        main = noise + script
    elif who == "background":
        backgrounds[victim] = source.choice(CHATTER) + script
        return Case(main, backgrounds, expected, f"background-{victim}")
    return Case(main, backgrounds, expected, "main-0" if expected else "")


KINDS: dict[str, tuple[str, set[str], str]] = {
    "all well": ("", set(), ""),
    "all well, once more": ("", set(), ""),
    "main INVALID": ("timed=0.1,end,INVALID", {"main-invalid"}, "main"),
    "main INVALID with exit code": ("timed=0.1,end,INVALID,exit=6", {"main-invalid"}, "main"),
    "main dies while it loads": ("load=0.02,die=SIGSEGV", {"main-died"}, "main"),
    "main dies in its timed part": ("timed=0.1,die=SIGKILL", {"main-died"}, "main"),
    "main ends without a result": ("timed=0.1,end", {"main-died"}, "main"),
    "main fails after its result": ("timed=0.1,end,VALID,exit=3", {"main-died"}, "main"),
    "main hangs in its timed part": ("timed=0.05,hang", {"main-hung"}, "main"),
    "background dies while it loads": ("die=SIGABRT", {"background-died"}, "background"),
    "background ends while it loads": ("load=0.01,exit=0", {"background-died"}, "background"),
    "background leaves before main": ("timed=0.01,end,exit=0", {"background-early"}, "background"),
    "background leaves without a word": (
        "timed={early:.3f},exit=0",
        {"background-died"},
        "background",
    ),
    "background is VALID and too early": (
        "timed={early:.3f},end,VALID",
        {"background-early"},
        "background",
    ),
    "background ends, its process stays": (
        "timed={early:.3f},end,hang",
        {"background-early"},
        "background",
    ),
    "background dies beside main": (
        "timed={early:.3f},die=SIGBUS",
        {"background-died"},
        "background",
    ),
}
"""Script, the failures that it may be judged as, and whose script it is."""


def check(seed: int, folder: Path) -> None:
    """Run a random round and compare the verdict."""
    case = case_of(seed)
    found, _ = run(folder, case.main, *case.backgrounds)
    got = found.failure.code if found.failure else ""
    words = f"seed {seed}: {case}: {found.failure}"
    assert got in (case.expected or {""}), words
    if found.failure:
        assert found.failure.member == case.who, words
    else:
        begin, end = found.interval
        assert 0.05 < end - begin < 3
        assert all(o.rate for o in found.outcomes)


@pytest.mark.parametrize("seed", range(12))
def test_verdicts_of_random_rounds(seed, tmp_path):
    check(seed, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("block", range(10))
def test_verdicts_of_a_hundred_random_rounds(block, tmp_path):
    for seed in range(1000 + block * 10, 1010 + block * 10):
        check(seed, tmp_path / str(seed))


def test_the_random_rounds_cover_every_kind():
    kinds = {(c.main, tuple(sorted(c.expected))) for c in map(case_of, range(1000, 1100))}
    codes = {code for _, expected in kinds for code in expected}
    assert codes == {code for _, expected, _ in KINDS.values() for code in expected}


def test_a_member_that_hangs_while_it_loads(tmp_path):
    short = Deadlines(ready=0.3, settle=0.01, timed=2, finish=1, silence=0.5, grace=0.2)
    found, _ = run(tmp_path / "a", "timed=0.1,end,VALID", "hang", deadlines=short)
    assert found.failure.code == "background-late"
    assert found.outcomes[0].reason == "not started"
    found, _ = run(tmp_path / "b", "hang", "forever", deadlines=short)
    assert found.failure.code == "main-late"


def test_main_deadlines(tmp_path):
    short = Deadlines(ready=5, settle=0.01, timed=0.3, finish=0.3, silence=5, grace=0.2)
    found, _ = run(tmp_path / "a", "forever", "forever", deadlines=short)
    assert (found.failure.code, found.failure.member) == ("main-late", "main-0")
    found, _ = run(tmp_path / "b", "timed=0.05,end,hang", "forever", deadlines=short)
    assert found.failure.code == "main-late"
    found, _ = run(tmp_path / "c", "timed=0.05,end,VALID,hang", "forever", deadlines=short)
    assert found.failure.code == "main-late"


def test_a_background_that_hangs(tmp_path):
    found, _ = run(tmp_path, "timed=2,end,VALID", "timed=0.05,hang")
    assert found.failure.code == "background-hung"
    assert "5 samples" in found.failure.text or "samples done" in found.failure.text


def test_states_come_in_order_and_backgrounds_first(tmp_path):
    found, _ = run(tmp_path, "load=0.02,timed=0.2,end,VALID", "load=0.05,forever", "forever")
    main, *others = found.outcomes
    for outcome in found.outcomes:
        states = [s for s, _ in outcome.history]
        assert states == [str(s) for s in State]
        times = [t for _, t in outcome.history]
        assert times == sorted(times)
    start = dict(main.history)["starting"]
    for other in others:
        assert dict(other.history)["ready"] + DEADLINES.settle <= start + 0.001
        assert dict(other.history)["overlapping"] >= main.interval[0] - 0.002
    assert found.interval == main.interval


def test_output_of_chatty_members_is_kept_whole(tmp_path):
    found, supervisor = run(tmp_path, "chat=6,timed=0.1,end,VALID", "chat=6,forever")
    assert found.success
    for one in supervisor.running:
        assert one.stdout.stat().st_size == 6 << 20
        assert one.stderr.stat().st_size == 6 << 20


def test_grandchildren_in_sessions_of_their_own_are_ended(tmp_path):
    found, _ = run(tmp_path, "orphan,timed=0.1,end,VALID", "orphan,deaf,forever")
    assert found.success
    assert found.swept == 2


def test_members_run_on_their_cores(tmp_path):
    import os

    core = max(os.sched_getaffinity(0))
    code = "import os;print(sorted(os.sched_getaffinity(0)));print('begun');print('fine')"
    one = Member(
        name="main",
        role=Role.MAIN,
        argv=(sys.executable, "-c", code),
        cores=(core,),
        ready_marker="begun",
        valid_marker="fine",
    )
    found = Supervisor([one], tmp_path, DEADLINES).run()
    assert found.success
    assert (tmp_path / "main.stdout").read_text().startswith(f"[{core}]")


def test_a_program_without_events_is_judged_by_its_output(tmp_path):
    slow = (
        "import time;print('x' * 9_000_000);print('BEGIN', flush=True);time.sleep(0.3);print({!r})"
    )
    for last, success in (("RESULT VALID", True), ("RESULT INVALID, sorry", False)):
        one = Member(
            name="main",
            role=Role.MAIN,
            argv=(sys.executable, "-c", slow.format(last)),
            ready_marker="BEGIN",
            done_marker="RESULT",
            valid_marker="RESULT VALID",
        )
        other = member("background", Role.BACKGROUND, "forever")
        found = Supervisor([one, other], tmp_path / last[-5:], DEADLINES).run()
        assert found.success is success, found.failure
        assert found.failure is None or found.failure.code == "main-invalid"


def test_several_main_members_must_all_be_valid(tmp_path):
    good = "timed=0.2,end,VALID"
    found, _ = run(tmp_path / "a", [good, good, good])
    assert found.success
    assert 0.3 < found.shared <= 1
    found, _ = run(tmp_path / "b", [good, "timed=0.2,end,INVALID"], "forever")
    assert (found.failure.code, found.failure.member) == ("main-invalid", "main-1")


def test_a_command_that_is_not_there(tmp_path):
    one = Member(name="main", role=Role.MAIN, argv=("/no/such/command",))
    found = Supervisor([one], tmp_path, DEADLINES).run()
    assert found.failure.code == "main-died"
    assert "exit code 127" in found.failure.text
    assert "No such file" in found.failure.text


def test_nothing_outlives_a_supervisor_that_is_killed(tmp_path):
    """`kill -9` of the launcher: the kernel ends its members."""
    import os
    import signal
    import subprocess

    code = (
        "import sys; from pathlib import Path\n"
        f""
        "from runtime.launcher.members import *; from runtime.launcher.supervisor import Supervisor\n"
        f"argv = (sys.executable, '-I', '-S', {FAKE!r}, '{{events}}', 'forever')\n"
        "members = [Member(name=n, role=Role.BACKGROUND, argv=argv) for n in 'ab']\n"
        "members.append(Member(name='main', role=Role.MAIN, argv=argv))\n"
        f"s = Supervisor(members, Path({str(tmp_path)!r}), Deadlines(settle=0.01))\n"
        "print(s.mark, flush=True); s.run()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    mark = process.stdout.readline().strip()
    end = time.monotonic() + 10
    while len(marked(mark)) < 3 and time.monotonic() < end:
        time.sleep(0.02)
    assert len(marked(mark)) == 3
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    end = time.monotonic() + 5
    while marked(mark) and time.monotonic() < end:
        time.sleep(0.02)
    assert marked(mark) == []
