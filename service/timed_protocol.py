"""HTTP/1.1 with patience that ends: connections that stand still do not stay. uvicorn alone limits idle ones only."""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from service.errors import RequestTimeoutError
from service.problems import render
from service.settings import ApiSettings
from workers.contract.jobs import Problem


class TimedProtocol(H11Protocol):
    """Ends connections whose headers do not arrive, or whose client does not take the answer.

    A request's body is `body_limit`'s matter, where the answer can still be a problem document.

    Attributes:
        settings: for the times.
    """

    settings: ApiSettings
    _header_timer: asyncio.TimerHandle | None = None
    _write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect the first request."""
        super().connection_made(transport)
        self._expect_headers()

    def data_received(self, data: bytes) -> None:
        """Go on expecting, unless the headers are whole. More of them buys no more time."""
        super().data_received(data)
        self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing any more."""
        self._end_header_timer()
        self._end_write_timer()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client is slower than the answer: give it time for what waits to be sent."""
        super().pause_writing()
        waiting = self.transport.get_write_buffer_size()
        seconds = self.settings.body_timeout_s + waiting / self.settings.min_body_rate
        # Closing would wait for the client once more.
        self._write_timer = self.loop.call_later(seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._end_write_timer()
        super().resume_writing()

    def _expect_headers(self) -> None:
        between_requests = self.cycle is None or self.cycle.response_complete  # type: ignore[redundant-expr]
        upgraded = self.transport.get_protocol() is not self
        if not between_requests or upgraded:
            self._end_header_timer()
        elif self._header_timer is None:
            self._header_timer = self.loop.call_later(self.settings.header_timeout_s, self._headers_are_late)

    def _headers_are_late(self) -> None:
        self._header_timer = None
        if self.transport.is_closing():
            return
        begun, _ = self.conn.trailing_data
        if begun and self.conn.our_state is h11.IDLE:
            self._refuse()
        self.transport.close()

    def _refuse(self) -> None:
        seconds = self.settings.header_timeout_s
        error = RequestTimeoutError(f"The headers were not complete after {seconds:g} s; send the request again.")
        answer = render(Problem.of(error), error.headers)
        for event in (
            h11.Response(status_code=answer.status_code, headers=answer.raw_headers, reason=b"Request Timeout"),
            h11.Data(data=bytes(answer.body)),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event))

    def _end_header_timer(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _end_write_timer(self) -> None:
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None


def timed_protocol(settings: ApiSettings) -> type[TimedProtocol]:
    """The protocol with these settings as uvicorn takes it: a class, of which every connection gets an object."""
    return type("TimedProtocol", (TimedProtocol,), {"settings": settings})
