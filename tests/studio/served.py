"""A Studio that listens on loopback in a thread of the test, and a way to ask it."""

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from sygra_eval.studio import Workspace
from sygra_eval.studio.security import Door
from sygra_eval.studio.serving import Server, config_of, listening_on

SECONDS = 120


@dataclass(frozen=True)
class Served:
    """One open Studio; `client` has the token and the header that changes need."""

    door: Door
    client: httpx.Client
    workspace: Workspace
    app: Any = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.door.port}"


@contextlib.contextmanager
def served(folder: Path, **how: object) -> Iterator[Served]:
    workspace = Workspace.of(folder, **how)
    with listening_on(0) as listening:
        door = Door(listening.getsockname()[1])
        config = config_of(workspace, door)
        server = Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        until = time.monotonic() + SECONDS
        while not server.started and time.monotonic() < until:
            time.sleep(0.01)
        assert server.started, "Studio did not start"
        headers = {"authorization": f"Bearer {door.token}", "x-sygra-eval": "1"}
        with httpx.Client(
            base_url=f"http://127.0.0.1:{door.port}",
            headers=headers,
            timeout=SECONDS,
            trust_env=False,
        ) as client:
            yield Served(door, client, workspace, config.app)
        server.should_exit = True
        thread.join(SECONDS)
        assert not thread.is_alive(), "Studio did not stop"
