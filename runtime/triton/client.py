"""A client: one connection to one server, with a bounded number of requests in flight."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

from runtime.errors import HarnessError, Problem, RunError
from runtime.triton.offer import check_offer
from runtime.triton.slots import Slot, make_slot
from runtime.triton.wire import Served
from runtime.troubles.served import TRITON_DEADLINE, TRITON_REQUEST_FAILED
from runtime.vocabulary import SharedMemory

if TYPE_CHECKING:
    from numpy.typing import NDArray

ASK_S = 10.0
"""How long the server may take to answer a question that is no inference, in seconds."""

PAUSE_S = 0.2
"""Time before a request is sent again, in seconds."""

INFER = "/inference.GRPCInferenceService/ModelInfer"
"""Method of an inference.

Source: Open Inference Protocol, gRPC API.
"""

OPTIONS = (
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.use_local_subchannel_pool", 1),  # a connection of its own for every client
    ("grpc.enable_retries", 0),  # a retry must be seen and counted here
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),  # a server that was restarted is found soon
)
"""Options of the gRPC channel."""

Done = Callable[["Ticket", "HarnessError | None"], None]
"""Called with a request and what went wrong; None for an answer."""


@dataclass
class Ticket:
    """One request on its way."""

    slot: Slot
    """Its place."""
    owner: TritonClient
    """The client that it went through."""
    count: int = 0
    """Samples in it."""
    began: float = 0.0
    """When it was sent first (s, `perf_counter`)."""
    ended: float = 0.0
    """When it was answered or given up."""
    attempts: int = 0
    """How often it was sent."""
    response: Any = None
    """The server's message."""
    note: Any = None
    """What the sender wants to find again: ids and pool."""

    def outputs(self) -> NDArray[Any]:
        """Return the outputs of an answered request, shape (count, *output.shape)."""
        return self.slot.outputs(self.response, self.count)


class TritonClient:
    """One gRPC connection with its slots; `send` may be called from any thread."""

    def __init__(
        self,
        url: str,
        served: Served,
        *,
        capacity: int,
        window: int,
        memory: SharedMemory,
        deadline_s: float,
        retries: int = 0,
        device: int | None = None,
        name: str = "0",
    ) -> None:
        """Hold what `open` needs.

        Args:
            url: Host and port of the server's gRPC.
            served: The model.
            capacity: Most samples of a request.
            window: Most requests in flight.
            memory: How samples and outputs pass.
            deadline_s: Longest time of a request, retries included, in seconds.
            retries: How often a request is sent again while the server is unavailable.
            device: Index of the GPU for CUDA memory.
            name: Unique among the clients of this process.
        """
        self.url = url
        self.served = served
        self._capacity, self._window, self._memory = capacity, window, memory
        self._deadline_s, self._retries = deadline_s, retries
        self._device, self._name = device, name
        self._channel: Any = None
        self.tickets: list[Ticket] = []
        """One ticket per slot; a ticket is used again when its request is answered."""
        self.retried = 0
        """Requests that were sent again."""
        self._lock = threading.Lock()
        self._closing = False

    def open(self) -> None:
        """Connect, hold the server's model against the run's, and reserve the slots.

        Raises:
            RunError: The server does not answer.
            ConfigError: It serves another model under this name.
            ArtifactError: There is too little shared memory.
        """
        import grpc
        from tritonclient.grpc import service_pb2, service_pb2_grpc

        self._grpc = grpc
        self._channel = grpc.insecure_channel(self.url, options=OPTIONS)
        self.stub = service_pb2_grpc.GRPCInferenceServiceStub(self._channel)
        """The service's other methods."""
        self._infer = self._channel.unary_unary(
            INFER, response_deserializer=service_pb2.ModelInferResponse.FromString
        )
        try:
            check_offer(self.stub, self.served, self._capacity, self.url, ASK_S)
            for number in range(self._window):
                slot = make_slot(
                    self.served,
                    self._capacity,
                    f"{self._name}-{number}",
                    self._memory,
                    self._device,
                )
                self.tickets.append(Ticket(slot, self))
                slot.register(self.stub, ASK_S)
        except grpc.RpcError as error:
            self.close()
            raise self._error(error) from error
        except BaseException:
            self.close()
            raise

    def call(self, ticket: Ticket, count: int) -> NDArray[Any]:
        """Send the first `count` samples of a slot, wait, and return the outputs.

        Raises:
            RunError: The request failed, or missed its deadline.
        """
        self._begin(ticket, count)
        while True:
            try:
                message = ticket.slot.message(count)
                ticket.response = self._infer(message, timeout=self._left(ticket))
            except self._grpc.RpcError as error:
                if not self._again(ticket, error):
                    raise self._error(error) from error
                threading.Event().wait(PAUSE_S)
                self._register(ticket)
                continue
            ticket.ended = perf_counter()
            return ticket.outputs()

    def send(self, ticket: Ticket, count: int, done: Done) -> None:
        """Send the first `count` samples of a slot; `done` is called in another thread."""
        self._begin(ticket, count)
        self._launch(ticket, done)

    def close(self) -> None:
        """Let the server forget the slots, and end the connection."""
        self._closing = True
        for ticket in self.tickets:
            ticket.slot.close(self.stub, 1.0)
        self.tickets = []
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def _begin(self, ticket: Ticket, count: int) -> None:
        ticket.count, ticket.attempts, ticket.response = count, 1, None
        ticket.began = perf_counter()

    def _left(self, ticket: Ticket) -> float:
        """Return the time until a request's deadline, in seconds."""
        return max(0.001, ticket.began + self._deadline_s - perf_counter())

    def _launch(self, ticket: Ticket, done: Done) -> None:
        """Send a request without waiting."""
        call = self._infer.future(ticket.slot.message(ticket.count), timeout=self._left(ticket))
        call.add_done_callback(lambda future: self._finish(ticket, future, done))

    def _finish(self, ticket: Ticket, future: Any, done: Done) -> None:
        """Hand an answer on, send a request again, or tell what went wrong."""
        try:
            ticket.response = future.result()
        except self._grpc.RpcError as error:
            if self._again(ticket, error):
                timer = threading.Timer(PAUSE_S, self._resend, (ticket, done))
                timer.daemon = True
                timer.start()
                return
            ticket.ended = perf_counter()
            done(ticket, self._error(error))
            return
        except self._grpc.FutureCancelledError:
            ticket.ended = perf_counter()
            done(ticket, self._failed("CANCELLED", "the connection was closed"))
            return
        ticket.ended = perf_counter()
        done(ticket, None)

    def _resend(self, ticket: Ticket, done: Done) -> None:
        """Send a request once more, to a server that may be a new one."""
        self._register(ticket)
        self._launch(ticket, done)

    def _register(self, ticket: Ticket) -> None:
        """Tell the server of a slot's memory again: a server that was restarted forgot it."""
        try:
            ticket.slot.register(self.stub, self._left(ticket))
        except self._grpc.RpcError:
            return  # the request itself will tell

    def _again(self, ticket: Ticket, error: Any) -> bool:
        """Tell whether a failed request is sent again, and count it where it is.

        Only what a restart explains is tried again: no connection, or memory and models that
        a new server does not know (yet).
        """
        code = self._grpc.StatusCode
        words = str(error.details() or "").lower()
        passing = error.code() is code.UNAVAILABLE or (
            error.code() in (code.INVALID_ARGUMENT, code.NOT_FOUND, code.INTERNAL)
            and (
                "shared memory region" in words or "not ready" in words or "unknown model" in words
            )
        )
        in_time = perf_counter() + PAUSE_S < ticket.began + self._deadline_s
        if self._closing or not passing or not in_time or ticket.attempts > self._retries:
            return False
        ticket.attempts += 1
        with self._lock:
            self.retried += 1
        return True

    def _error(self, error: Any) -> RunError:
        """Return the error of a gRPC status."""
        return self._failed(error.code().name, str(error.details() or ""))

    def _failed(self, status: str, words: str) -> RunError:
        """Return the error of a request by its status and the server's words."""
        where = f"request to {self.url}, model {self.served.name}"
        if status == "DEADLINE_EXCEEDED":
            want = f"an answer within {self._deadline_s:g} s"
            do = "look whether the server stands still; or raise triton_deadline_ms"
            return RunError(Problem(where, want, f"none ({words})", do, TRITON_DEADLINE.code))
        got = f"{status}: {words}" if words else status
        do = "see the server's log"
        return RunError(Problem(where, "an answer", got, do, TRITON_REQUEST_FAILED.code))
