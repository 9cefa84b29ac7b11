"""Listens, says where, and serves until it is stopped. Start at `serve`."""

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Callable, Sequence

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from sygra_eval.studio.app import create_app
from sygra_eval.studio.security import LOOPBACK, Door
from sygra_eval.studio.workspace import Workspace
from sygra_eval.values import UsageError

HERE = "127.0.0.1"
HEAD_S = 10.0
"""Seconds for a request's head: who sends it byte by byte would hold a connection for ever."""
MOST_CONNECTIONS = 200
_NOT_SAID = ("Cancel ", "Invalid HTTP request", "Unsupported upgrade", "No supported WebSocket")
GRACE_S = 1
"""Seconds for answers under way when Studio is stopped: a stream of events ends in no other way."""


def serve(
    workspace: Workspace,
    *,
    port: int,
    said: Callable[[str], None],
    host: str = HERE,
    allowed_hosts: Sequence[str] = (),
) -> None:
    """Serve a workspace until Ctrl-C or SIGTERM.

    :param port: 0 takes a free one.
    :param said: Called with the link, once connections are taken.
    :param host: What to listen on: this machine alone unless it is named.
    :param allowed_hosts: Further names under which Studio may be asked.
    :raises UsageError: When the port is taken, or the host needs names and has none.
    """
    hosts = names_of(host, allowed_hosts)
    with listening_on(port, host) as listening:
        door = Door(listening.getsockname()[1], host, hosts)
        server = Server(config_of(workspace, door))
        said(door.link)  # the socket listens already: who comes early waits in its queue
        server.run(sockets=[listening])


class Server(uvicorn.Server):
    """Ends the streams first when it stops: it would wait for them, and they have no end."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop."""
        app = self.config.app
        if isinstance(app, FastAPI):
            app.state.studio.hub.close()
        await super().shutdown(sockets)


def names_of(host: str, allowed: Sequence[str]) -> frozenset[str]:
    """Return the names under which a Studio on `host` may be asked.

    :raises UsageError: When it listens on all addresses and no name is given: any name that
        somebody points at this machine would do.
    """
    if host == HERE:
        return LOOPBACK | frozenset(allowed)
    if _is_wildcard(host):
        if not allowed:
            raise UsageError(
                f"--host {host} listens on every address of this machine: say with --allowed-host "
                "under which name you will open it"
            )
        return frozenset(allowed)
    return frozenset({host, *allowed})


def config_of(workspace: Workspace, door: Door) -> uvicorn.Config:
    """Return how the server serves: nothing of a request is logged, and no header is believed."""
    logging.getLogger("uvicorn.error").addFilter(_is_worth_saying)
    return uvicorn.Config(
        create_app(workspace, door),
        http=_Connection,
        loop="asyncio",  # uvloop cannot be closed while a child that was left is being waited for
        ws="none",
        log_level="warning",
        access_log=False,  # a query may hold the token
        proxy_headers=False,  # whoever is on loopback would be who it says it is
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=GRACE_S,
    )


def listening_on(port: int, host: str = HERE) -> socket.socket:
    """Return a socket that listens.

    :raises UsageError: When the port is taken, or the host is none of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family)
    except OSError as error:
        raise UsageError(
            f"{host} port {port} cannot be listened on: {error.strerror or error}; "
            "say --port 0 for a free one"
        ) from error
    # What is accepted inherits it; asyncio sets it only where a socket names its protocol. Without
    # it the second piece of each answer waits 40 ms for the client's word on the first.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


class _Connection(H11Protocol):
    """A connection that has to say in time what it wants.

    h11 and no faster parser, whichever are installed: what is no HTTP is refused in one way.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._clock = self.loop.call_later(HEAD_S, self._cut_off)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._waits():
            self._clock.cancel()

    def connection_lost(self, exc: Exception | None) -> None:
        self._clock.cancel()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._clock.cancel()
        self._clock = self.loop.call_later(HEAD_S, self._cut_off)

    def _waits(self) -> bool:
        """Say whether no request is being answered: none came, or the last one was."""
        return self.cycle is None or self.cycle.response_complete

    def _cut_off(self) -> None:
        if self._waits() and not self.transport.is_closing():
            self.transport.close()


def _is_wildcard(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return host == ""


def _is_worth_saying(record: logging.LogRecord) -> bool:
    """Leave out that streams were cut at the end, which is what the end is, and bad requests."""
    if record.exc_info and record.exc_info[0] is asyncio.CancelledError:
        return False
    said = record.getMessage()
    return not said.startswith(_NOT_SAID)
