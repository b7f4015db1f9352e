"""`harness mig run`: requests, seats, dry run, rounds, resume, report."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from runtime.artifacts import atomic_write
from runtime.cli import main
from runtime.configs.registry import load
from runtime.errors import ConfigError, MissingError, UsageError
from runtime.launcher import supervisor, telemetry
from runtime.launcher.deciding import emulated
from runtime.launcher.instances import EMULATED, Instance, seat_real, share_cores
from runtime.launcher.interference import compare, figures_of, ratio_interval
from runtime.launcher.launch import Asked, Launch
from runtime.launcher.members import Deadlines, Member, Role
from runtime.launcher.report import drawing_of, summarise, table_of, to_json, write_files
from runtime.launcher.requests import Request, read_changes, read_requests
from runtime.launcher.rounds import Rounds
from runtime.launcher.supervisor import Supervisor
from runtime.launcher.telemetry import Telemetry, gpu_probe
from runtime.mig.boards import find_board
from runtime.mig.layouts import Placement

FAKE = str(Path(__file__).parent / "launcher" / "fake_member.py")
FAST = Deadlines(ready=5.0, settle=0.02, timed=5.0, finish=2.0, silence=0.6, grace=0.4)
REGISTRY = load()


@pytest.fixture
def harness(monkeypatch, tmp_path):
    """Return a function that runs `harness mig run ...` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "140")

    def call(*words: str):
        return CliRunner().invoke(main, ["mig", "run", *words], prog_name="harness")

    return call


# --- requests ---


def test_requests_are_read():
    found = read_requests("digits:server@1g.6gb", ["resnet50:offline*2,digits:offline", ""])
    assert [str(r) for r in found] == [
        "digits:server@1g.6gb",
        "resnet50:offline*2",
        "digits:offline",
    ]
    assert [r.role for r in found] == [Role.MAIN, Role.BACKGROUND, Role.BACKGROUND]


def test_all_texts_that_cannot_be_read_are_told():
    with pytest.raises(UsageError) as caught:
        read_requests("digits", ["a:b:c,x:y*0,digits:offline"])
    assert [p.where for p in caught.value.problems] == [
        "--main digits",
        "--background a:b:c",
        "--background x:y*0",
    ]
    assert read_changes(["main.target_qps=5", "background.lanes=2"]).main == ("target_qps=5",)
    with pytest.raises(UsageError, match=r"main\.lanes=2"):
        read_changes(["lanes=2"])


# --- seats ---


def asked(main: str, *backgrounds: str, **more) -> Asked:
    values = {"changes": read_changes(()), "quick": True, "deadlines": FAST, **more}
    return Asked(requests=read_requests(main, backgrounds), **values)


def test_emulated_seats_follow_the_planner_and_share_out_the_processors():
    board = find_board("A100-80GB")
    words = asked("digits:server@3g.40gb", "digits:offline@1g.10gb*2")
    launch = emulated(REGISTRY, words, board, range(14))
    assert [p.name for p in launch.posts] == ["main", "background-1", "background-2"]
    assert [len(p.instance.cores) for p in launch.posts] == [6, 2, 2]
    taken = [c for p in launch.posts for c in p.instance.cores]
    assert len(set(taken)) == len(taken)
    assert not any(p.instance.shared for p in launch.posts)
    placed = {(p.instance.profile, p.instance.start) for p in launch.posts}
    assert placed == {(q.profile, q.start) for g in launch.layout.gpus for q in g.layout}
    small = emulated(REGISTRY, words, board, [4, 5])
    assert [p.instance.cores for p in small.posts] == [(4,), (5,), (4,)]
    assert [p.instance.shared for p in small.posts] == [True, False, True]
    open_ = emulated(REGISTRY, words, board, [4, 5], isolated=False)
    assert {p.instance.cores for p in open_.posts} == {(4, 5)}
    two = emulated(REGISTRY, asked("digits:server@3g.40gb*3"), board, range(4))
    assert {p.instance.gpu for p in two.posts} == {0, 1}


def test_shares_add_up():
    board = find_board("A30-24GB")
    four = [Placement(n, 1, "1g.6gb") for n in range(4)]
    assert [c for c, _ in share_cores(board, 1, four, range(8))] == [(0, 1), (2, 3), (4, 5), (6, 7)]


def test_what_cannot_be_emulated_is_told():
    board = find_board("A30-24GB")
    with pytest.raises(UsageError, match=r"--main digits:server@3g\.40gb"):
        emulated(REGISTRY, asked("digits:server@3g.40gb"), board, [0])
    with pytest.raises(UsageError) as caught:
        emulated(REGISTRY, asked("digitz:server", "digits:onoffline"), board, [0])
    assert len(caught.value.problems) == 2


def test_a_background_query_that_fills_the_memory_is_refused():
    words = asked(
        "digits:server", "digits:offline", changes=read_changes(["background.target_qps=1e9"])
    )
    with pytest.raises(ConfigError, match="GiB of main memory"):
        emulated(REGISTRY, words, find_board("A30-24GB"), [0, 1])


def real_instances(*rows: tuple[str, int]) -> list[Instance]:
    return [
        Instance(gpu=0, board="A100-80GB", profile=p, start=s, uuid=f"MIG-{n}")
        for n, (p, s) in enumerate(rows)
    ]


def test_real_seats_take_named_profiles_first_then_the_smallest_that_fits():
    board = find_board("A100-80GB")
    found = real_instances(("3g.40gb", 4), ("1g.10gb", 0), ("2g.20gb", 2))
    requests = read_requests("a:server", ["b:offline@1g.10gb", "c:offline"])
    seats = seat_real(requests, [15.0, 1.0, 25.0], [board], found)
    assert [s.instance.profile for s in seats] == ["2g.20gb", "1g.10gb", "3g.40gb"]
    with pytest.raises(MissingError) as caught:
        seat_real(
            (*requests, Request(role=Role.BACKGROUND, workload="d", scenario="s")),
            [15, 1, 25, 1],
            [board],
            found,
        )
    assert "harness mig plan --apply" in str(caught.value)


# --- the command ---


def test_dry_run_of_an_emulated_launch(harness):
    words = (
        "--main",
        "digits:server",
        "--background",
        "digits:offline*2",
        "--emulate",
        "A100-80GB",
    )
    done = harness(*words, "--quick", "--dry-run")
    assert done.exit_code == 0, done.stderr
    text = " ".join(done.stdout.split())
    assert text.startswith("emulated: no GPU is involved")
    assert "A100-80GB, emulated" in text
    assert text.count("runtime.launcher.member") == 3
    for part in ("settle", "SIGKILL", "background-2", "3 alone and 3 together"):
        assert part in text
    found = json.loads(harness(*words, "--quick", "--dry-run", "--json").stdout)
    assert found["emulated"] is True
    assert found["notes"][0] == EMULATED
    assert found["rounds"][:4] == ["1-alone", "1-together", "2-together", "2-alone"]
    own = {m["name"]: m for m in found["members"]}
    assert own["background-1"]["settings"]["min_duration_ms"] >= 1000 * found["expected_s"]
    assert own["main"]["env"].get("CUDA_VISIBLE_DEVICES") is None
    assert not list(Path().iterdir())


def test_dry_run_on_instances_that_exist(harness, nvml_machine, monkeypatch):
    machine = nvml_machine("A100-80GB")
    machine.mig_on()
    for start in (0, 1, 2):
        gi = machine.create(0, "1g.10gb", start)
    machine.start_process(0, 55, gi)
    machine.install(monkeypatch)
    words = ("--main", "digits:server", "--background", "digits:offline", "--quick", "--dry-run")
    done = harness(*words, "--json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["emulated"] is False
    uuids = [m["env"]["CUDA_VISIBLE_DEVICES"] for m in found["members"]]
    assert len(set(uuids)) == 2
    assert all(u.startswith("MIG-") for u in uuids)
    assert {m["key"].split("/")[0] for m in found["members"]} == {"a100-sxm-80gb-mig-1g.10gb"}
    assert f"CUDA_VISIBLE_DEVICES={uuids[0]} " in harness(*words).stdout
    full = harness(*words, "--background", "digits:offline*2")
    assert full.exit_code == 3  # the third instance is in use
    assert "harness mig plan --apply" in full.stderr
    assert harness(*words, "--no-isolation").exit_code == 3
    assert json.loads(harness(*words, "--json", "--emulate", "A30-24GB").stdout)["emulated"]


def test_gpu_only_refuses_emulation(harness, monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    done = harness("--main", "digits:server", "--quick", "--gpu-only", "--dry-run")
    assert done.exit_code == 3
    assert "nvidia-ml-py is not installed" in done.stderr


@pytest.mark.slow
def test_a_launch_of_real_runs(harness):
    """LoadGen on both members, one pair, through the command."""
    words = ("--main", "digits:server", "--background", "digits:offline", "--emulate", "A30-24GB")
    done = harness(*words, "--quick", "--repeats", "1", "--out", "here", "--json")
    assert done.exit_code in (0, 6), done.stderr  # a busy machine may end INVALID
    found = json.loads(done.stdout)
    assert found["emulated"] is True
    if done.exit_code == 0:
        assert found["comparisons"][0]["name"] == "queries_per_s"
        assert found["members"][1]["rates"][0] > 0
        record = json.loads(Path("here/rounds/01-together/background/record.json").read_text())
        assert record["verdict"]["result"] == "PARTIAL"


# --- rounds ---

GOOD = "load=0.02,timed=0.15,end,RECORD,VALID"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Acted(Launch):
    """A launch whose members act scripts: `{pair}` picks one of several."""

    script: tuple[str, ...] = (GOOD,)
    background: tuple[str, ...] = ("forever",)

    def members(self, folder: Path, *, together: bool, stretch: float = 1.0):
        """Return members that act the next scripts."""
        count = len(list((folder / "rounds").glob("*"))) - 1
        main = self.script[min(count, len(self.script) - 1)]
        found = [self._acted("main", Role.MAIN, main)]
        if together:
            other = self.background[min(count, len(self.background) - 1)].format(stretch=stretch)
            found.append(self._acted("background", Role.BACKGROUND, other))
        return found

    @staticmethod
    def _acted(name: str, role: Role, script: str) -> Member:
        argv = (sys.executable, "-I", "-S", FAKE, "{events}", script, "{folder}")
        return Member(name=name, role=role, argv=argv)


def acted(**more) -> Acted:
    launch = emulated(
        REGISTRY, asked("digits:server", "digits:offline"), find_board("A30-24GB"), [0, 1]
    )
    values = {f.name: getattr(launch, f.name) for f in dataclasses.fields(Launch)}
    return Acted(**values, **more)


def test_rounds_alternate_and_are_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(telemetry, "INTERVAL_S", 0.02)
    seen = []
    rounds = Rounds(
        launch=acted(),
        folder=tmp_path,
        repeats=2,
        probe=lambda: {"power_w": 100.0},
        watcher=lambda at, count, kind, part, running: seen.append((at, count, kind)),
    )
    assert rounds.run() is None
    assert [(r.pair, r.kind) for r in rounds.done] == [
        (1, "alone"),
        (1, "together"),
        (2, "together"),
        (2, "alone"),
    ]
    assert next(iter(dict.fromkeys(seen))) == (1, 4, "alone")
    report = summarise(rounds, None)
    assert report.status == "success"
    assert report.notes[0] == EMULATED
    one, two = report.comparisons
    assert (one.name, one.ratio, one.low, one.high, one.clear) == ("queries_per_s", 1, 1, 1, False)
    assert two.name == "latency_p99_ms"
    assert report.readings == {"alone": {"power_w": 100.0}, "together": {"power_w": 100.0}}
    assert report.members[1].rates
    assert json.loads(to_json(report))["kind"] == "calliope.mig-run"
    assert write_files(report, tmp_path) == []
    svg = (tmp_path / "plot.svg").read_text()
    assert "emulated" in svg
    assert "p99" in drawing_of(report).up
    assert table_of(report).count("\n") == 1 + 2 * 2
    again = Rounds(launch=acted(), folder=tmp_path, repeats=3)
    assert again.reused == 4
    assert again.missing() == [(3, "alone"), (3, "together")]
    assert again.run() is None
    assert len(again.done) == 6
    other = dataclasses.replace(acted(), deadlines=dataclasses.replace(FAST, settle=0.03))
    assert Rounds(launch=other, folder=tmp_path, repeats=3).reused == 0


def test_a_round_that_fails_is_run_again_but_never_an_invalid_one(tmp_path):
    died = Rounds(launch=acted(script=("die=SIGSEGV", GOOD)), folder=tmp_path / "a", repeats=1)
    assert died.run() is None
    assert [r.code for r in died.done] == ["main-died", "", ""]
    bad = acted(script=("timed=0.1,end,RECORD,INVALID", GOOD))
    invalid = Rounds(launch=bad, folder=tmp_path / "b", repeats=1, retries=3)
    failed = invalid.run()
    assert failed is invalid.done[0]
    assert failed.code == "main-invalid"
    report = summarise(invalid, failed)
    assert report.status == "failed"
    assert report.failure["member"] == "main"
    assert report.comparisons == ()
    assert drawing_of(report) is None
    last = Rounds(launch=acted(script=("die=SIGSEGV",)), folder=tmp_path / "c", repeats=1)
    assert last.run().code == "main-died"
    assert len(last.done) == 2


def test_a_background_that_was_too_early_gets_more_work(tmp_path):
    launch = acted(background=("timed=0.02,end,VALID,hang",))
    rounds = Rounds(launch=launch, folder=tmp_path, repeats=1, compare=False)
    stretches = []

    class Noted(Acted):
        def members(self, folder, *, together, stretch=1.0):
            stretches.append(stretch)
            return super().members(folder, together=together, stretch=stretch)

    values = {f.name: getattr(launch, f.name) for f in dataclasses.fields(Acted)}
    rounds.launch = Noted(**values)
    assert rounds.run().code == "background-early"
    wanted = launch.background_s()
    assert stretches[0] == 1
    assert stretches[1] > 1.5 * wanted / 0.2


def test_a_broken_journal_is_told(tmp_path):
    atomic_write(tmp_path / "journal.json", b"{")
    from runtime.errors import ArtifactError

    with pytest.raises(ArtifactError, match="journal of an earlier call"):
        Rounds(launch=acted(), folder=tmp_path, repeats=1)


def test_a_background_that_falls_silent_at_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(supervisor, "CONFIRM_S", 0.3)
    members = [
        Acted._acted("main", Role.MAIN, "timed=0.3,end,VALID"),
        Acted._acted("background", Role.BACKGROUND, "timed=0.2,hang"),
    ]
    patient = dataclasses.replace(FAST, silence=20.0)
    found = Supervisor(members, tmp_path, patient).run()
    assert found.failure.code == "background-silent"


# --- figures ---


def test_ratio_and_interval_are_students_on_logarithms():
    ratio, low, high = ratio_interval([1, 1, 1], [2, 2.2, 1.8])
    logs = [math.log(x) for x in (2, 2.2, 1.8)]
    mean = sum(logs) / 3
    deviation = math.sqrt(sum((x - mean) ** 2 for x in logs) / 2)
    half = 4.302652729911275 * deviation / math.sqrt(3)  # t of 2 degrees at 97.5 %
    assert ratio == pytest.approx(math.exp(mean))
    assert (low, high) == pytest.approx((math.exp(mean - half), math.exp(mean + half)))
    assert ratio_interval([2], [1]) == (0.5, None, None)


def metrics(rate: float, p99: float) -> list[dict]:
    row = {"unit": "x", "better": "higher", "primary": False}
    return [
        {**row, "name": "samples_per_s", "value": rate, "primary": True},
        {**row, "name": "latency_p99_ms", "value": p99, "better": "lower"},
        {**row, "name": "duration_ms", "value": 1.0},
    ]


def test_figures_of_copies_are_summed_or_the_worst():
    one = figures_of([metrics(100, 5)])
    three = figures_of([metrics(90, 6), metrics(80, 9), metrics(70, 7)])
    assert set(three) == {"samples_per_s", "latency_p99_ms"}
    assert three["samples_per_s"].value == 240
    assert three["latency_p99_ms"].value == 9
    rate, p99 = compare([(one, three)], copies=3)
    assert rate.ratio == pytest.approx(0.8)
    assert rate.cost == pytest.approx(0.2)
    assert p99.ratio == pytest.approx(1.8)
    assert p99.cost == pytest.approx(0.8)
    assert rate.clear is None
    assert compare([]) == ()


def test_clocks_and_power_are_read_through_nvml(nvml_machine, monkeypatch):
    pynvml = pytest.importorskip("pynvml")
    machine = nvml_machine("A100-80GB", "A100-80GB")
    machine.install(monkeypatch)
    pynvml.nvmlInit()
    read = gpu_probe(pynvml, [0, 0, 1])
    found = read()
    assert found["power_w"] == pytest.approx(140.5)
    assert found["sm_clock_mhz"] == 1755
    machine.state.gpus[1].has_power = 0
    assert read()["power_w"] == pytest.approx(70.0)
    kept = Telemetry(read)
    kept.sample()
    kept.sample()
    assert len(kept.readings) == 1
    assert kept.mean(0, 1e12)["temperature_c"] == 45
    assert kept.mean(0, 1) == {}
    pynvml.nvmlShutdown()
