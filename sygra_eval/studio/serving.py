"""Listens, says where, and serves until it is stopped. Start at `serve`."""

import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from sygra_eval.studio.app import create_app
from sygra_eval.studio.security import Door
from sygra_eval.studio.workspace import Workspace
from sygra_eval.values import UsageError

LOOPBACK = "127.0.0.1"


def serve(workspace: Workspace, *, port: int, said: Callable[[str], None]) -> None:
    """Serve a workspace on loopback until Ctrl-C or SIGTERM.

    :param port: 0 takes a free one.
    :param said: Called with the link, once connections are taken.
    :raises UsageError: When the port is taken.
    """
    with listening_on(port) as listening:
        door = Door(listening.getsockname()[1])
        app = create_app(workspace, door)
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, server_header=False, ws="none"
        )
        said(door.link)  # the socket listens already: who comes early waits in its queue
        Server(config).run(sockets=[listening])


class Server(uvicorn.Server):
    """Ends the streams first when it stops: it would wait for them, and they have no end."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop."""
        app = self.config.app
        if isinstance(app, FastAPI):
            app.state.studio.hub.close()
        await super().shutdown(sockets)


def listening_on(port: int) -> socket.socket:
    """Return a socket that listens on loopback.

    :raises UsageError: When the port is taken.
    """
    try:
        return socket.create_server((LOOPBACK, port))
    except OSError as error:
        raise UsageError(
            f"port {port} cannot be listened on: {error}; say --port 0 for a free one"
        ) from error
