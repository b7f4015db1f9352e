"""One test: builds library, lanes or workers, and settings; lets LoadGen run; judges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from runtime.backends.base import Resident, describe_compiled, open_backend
from runtime.configs.schema import MultiStream, Offline, Server, SingleStream
from runtime.configs.workload import ModelFile, SampleSet, WorkloadModule
from runtime.loadgen.crew import Crew
from runtime.loadgen.dispatch import WorkerSystem
from runtime.loadgen.lanes import Lane
from runtime.loadgen.logs import ACCURACY, LOGS, read_answers
from runtime.loadgen.placement import Seat, seat_workers
from runtime.loadgen.progress import Sampler
from runtime.loadgen.qsl import SampleLibrary
from runtime.loadgen.served import TritonSystem
from runtime.loadgen.servedclients import open_clients, write_counts
from runtime.loadgen.settings import make_log_settings, make_settings, write_user_conf
from runtime.loadgen.sut import SystemUnderTest
from runtime.loadgen.system import System, quiet_collector
from runtime.loadgen.userconf import loadgen_samples
from runtime.plan import RunPlan
from runtime.vocabulary import HarnessKind, Mode, Scenario

if TYPE_CHECKING:
    from numpy.typing import NDArray

USER_CONF = "user.conf"
"""Name of the settings file that LoadGen reads, inside the run's folder."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One test with everything that it needs."""

    plan: RunPlan
    """The run."""
    folder: Path
    """Gets user.conf and `loadgen/`; holds plan.json."""
    workload: WorkloadModule
    """The workload's module."""
    model: ModelFile
    """The model to execute."""
    samples: SampleSet
    """The evaluation samples."""
    sampler: Sampler
    """Gets the phases."""
    on_error: Callable[[BaseException], None]
    """Called with what cannot be raised through LoadGen's C++; it must end the process."""
    engines: list[dict[str, Any]] = field(default_factory=list)
    """Gets what each process executes in the model's place, as `EngineFile` in JSON form."""

    def run(self) -> int:
        """Build library, system and settings, warm up, and let LoadGen run its test.

        Returns:
            Requests that were sent more than once; 0 without a server between.
        """
        plan, facts, count = self.plan, self.workload.WORKLOAD, len(self.samples)
        held = min(facts.performance_samples, count)
        served = plan.harness is HarnessKind.TRITON
        seats = [] if served else seat_workers(plan)
        write_user_conf(plan, facts, held, self.folder / USER_CONF)
        settings = make_settings(plan, facts, self.folder / USER_CONF)
        loaded = [0, 0]
        with ExitStack() as stack:
            if served:
                library, sut = self._build_served(loaded, stack)
            else:
                library, sut = self._build(seats, held, loaded, stack)
            self.sampler.enter("load", "samples", lambda: (loaded[0], loaded[1]))
            timed = _counter(plan, sut, count)
            self.sampler.follow(lambda: sut.started, "timed", _unit(plan), timed)
            least = count if plan.mode is Mode.ACCURACY else 1
            self.sampler.follow(lambda: sut.ended(least), "finish", "steps", lambda: (0, 1))
            self._start(sut, library, settings, held)
            return sut.retried

    def judge(self) -> dict[str, Any]:
        """Return the accuracy of the logged answers."""
        answers = read_answers(self.folder / LOGS / ACCURACY)
        self.sampler.enter("accuracy", "samples", lambda: (0, len(answers)))
        value = self.workload.accuracy(answers, self.plan.data)
        return {"value": value, "samples": len(answers)}

    def _build(
        self, seats: list[Seat], held: int, loaded: list[int], stack: ExitStack
    ) -> tuple[SampleLibrary, System]:
        """Return the library and the warm system: lanes of this process, or workers."""
        settings, tensor = self.plan.settings, self.workload.WORKLOAD.input
        delay_us = settings.max_queue_delay_us if isinstance(settings, Server) else 0

        def on_load(done: int, total: int) -> None:
            loaded[:] = done, total

        if seats:
            room = held + getattr(settings, "samples_per_query", 1)  # LoadGen fills up a query
            crew = Crew(self.plan, self.workload.WORKLOAD, room, self.folder)
            stack.callback(crew.close)
            crew.start(seats)
            self.engines.extend(crew.engines)
            self._warm_crew(crew)
            crew.watch(self.on_error)
            library = SampleLibrary(self.samples, tensor, on_load, place=crew.array)
            return library, WorkerSystem(
                self.plan.scenario, crew, library, delay_us=delay_us, on_error=self.on_error
            )
        library = SampleLibrary(self.samples, tensor, on_load)
        lanes, hold = self._open_lanes(library, stack)
        self._warm_lanes(lanes)
        return library, SystemUnderTest(
            self.plan.scenario,
            lanes,
            library,
            delay_us=delay_us,
            on_error=self.on_error,
            on_hold=hold,
        )

    def _build_served(self, loaded: list[int], stack: ExitStack) -> tuple[SampleLibrary, System]:
        """Return the library and the warm system: clients of Triton servers."""
        plan, facts = self.plan, self.workload.WORKLOAD

        def on_load(done: int, total: int) -> None:
            loaded[:] = done, total

        library = SampleLibrary(self.samples, facts.input, on_load)
        clients = open_clients(plan, facts, self.model, self.folder, stack)
        system = TritonSystem(
            plan.scenario,
            clients,
            library,
            self.workload.postprocess,
            facts.answer_dtype,
            request_samples=plan.settings.triton_request_samples or plan.settings.batch_size,
            on_error=self.on_error,
        )
        done, batches = self._enter_warm_up(sum(len(c.tickets) for c in clients))

        def count() -> None:
            done[0] += 1

        for _ in range(batches):
            system.warm_up(self._head(plan.settings.batch_size), count)
        stack.callback(write_counts(system, clients, self.folder))
        return library, system

    def _open_lanes(
        self, library: SampleLibrary, stack: ExitStack
    ) -> tuple[list[Lane], Callable[[NDArray[Any]], None] | None]:
        """Return this process's lanes with the model open, and who takes resident samples."""
        plan, facts = self.plan, self.workload.WORKLOAD
        device = plan.devices[0] if plan.devices else None
        backend = open_backend(self.model, facts, plan.settings, device)
        stack.callback(backend.close)
        self.engines.extend(describe_compiled(backend))
        lanes = [
            Lane(
                backend.bind(plan.settings.batch_size),
                library,
                self.workload.postprocess,
                facts.answer_dtype,
            )
            for _ in range(plan.settings.lanes)
        ]
        if plan.settings.start_from_device and isinstance(backend, Resident):
            return lanes, backend.hold
        return lanes, None

    def _warm_lanes(self, lanes: list[Lane]) -> None:
        """Run the untimed inferences of every lane, on real samples."""
        done, batches = self._enter_warm_up(len(lanes))
        if not batches:
            return
        head = self._head(lanes[0].capacity)
        for lane in lanes:
            for _ in range(batches):
                lane.warm_up(head, 1)
                done[0] += 1

    def _warm_crew(self, crew: Crew) -> None:
        """Run the untimed inferences of all workers at the same time, on real samples."""
        done, batches = self._enter_warm_up(crew.layout.lanes)

        def count() -> None:
            done[0] += 1

        if batches:
            head = self._head(min(crew.layout.capacity, crew.held))
            crew.array[: len(head)] = head
        for _ in range(batches):
            crew.warm_up(count)

    def _enter_warm_up(self, lanes: int) -> tuple[list[int], int]:
        """Report the warm-up from now on; return its counter and the batches of each lane."""
        batches, done = self.plan.settings.warmup_batches, [0]
        if batches:
            self.sampler.enter("warm-up", "batches", lambda: (done[0], batches * lanes))
        return done, batches

    def _head(self, count: int) -> NDArray[Any]:
        """Return the first samples, at most a batch of them."""
        import numpy as np

        return self.samples.load(np.arange(min(count, len(self.samples)), dtype=np.int64))

    def _start(self, sut: System, library: SampleLibrary, settings: Any, held: int) -> None:
        """Let LoadGen run its test and give its handles back."""
        import mlperf_loadgen as lg

        def load_and_hold(indices: Sequence[int]) -> None:
            library.load(indices)
            sut.hold(library.array)

        load, unload = (_guard(f, self.on_error) for f in (load_and_hold, library.unload))
        handle = sut.construct()
        shelf = lg.ConstructQSL(len(self.samples), held, load, unload)
        sut.start()
        quiet_collector()
        try:
            logs = make_log_settings(self.folder / LOGS)
            lg.StartTestWithLogSettings(handle, shelf, settings, logs)
            sut.stop()
        finally:
            lg.DestroyQSL(shelf)
            lg.DestroyFastSUT(handle)


def _unit(plan: RunPlan) -> str:
    return "samples" if plan.scenario is Scenario.OFFLINE else "queries"


def _counter(plan: RunPlan, sut: System, count: int) -> Callable[[], tuple[int, int]]:
    """Return what reads (done, expected total) of the timed part, in the scenario's unit.

    Offline sends all in one query. The other scenarios end when both the least duration
    and the least count are reached, so their total follows the rate seen so far.
    """
    settings = plan.settings
    per_query = settings.samples_per_query if isinstance(settings, MultiStream) else 1
    if plan.mode is Mode.ACCURACY:
        return lambda: (sut.completed // per_query, -(-count // per_query))
    if isinstance(settings, Offline):
        least = loadgen_samples(settings)
        return lambda: (sut.completed, max(least, sut.issued))
    least = 0
    if isinstance(settings, (Server, SingleStream, MultiStream)):
        least = settings.min_query_count

    def read() -> tuple[int, int]:
        done = sut.completed // per_query
        elapsed = max(perf_counter() - (sut.started or 0.0), 1e-6)
        expected = done / elapsed * settings.min_duration_ms / 1000
        if isinstance(settings, Server):
            expected = settings.target_qps * settings.min_duration_ms / 1000
        return done, max(least, round(expected), done)

    return read


def _guard(
    function: Callable[..., None], on_error: Callable[[BaseException], None]
) -> Callable[..., None]:
    """Return the function with its errors told; C++ above cannot take them."""

    def guarded(*arguments: Any) -> None:
        try:
            function(*arguments)
        except BaseException as error:  # noqa: BLE001 - C++ above cannot take it
            on_error(error)

    return guarded
