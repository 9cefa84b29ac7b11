"""Asks a run that goes, through the socket in its folder. Start at `look_at` and `change_limits`.

A run folder is data, and may be a stranger's. So what stands there as `CONTROL` has to be a socket
and no link; the process behind it has to be this user's (or the folder's owner's, for root) before
a byte is sent; and what it answers is text to be shown, never more than a bounded amount of it.
"""

import contextlib
import errno
import json
import os
import socket
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from sygra_eval.engine.control import CONTROL_NAME, address_in, process_behind, user_behind
from sygra_eval.engine.live_view import Acknowledged, LiveView
from sygra_eval.journal import lock_owner
from sygra_eval.models import LimitChange
from sygra_eval.values import UsageError

SECONDS = 10.0
MOST_BYTES = 4 * 1024 * 1024
MOST_SAID = 4_000  # characters of a reason
_Told = TypeVar("_Told", bound=BaseModel)
_NOBODY = (errno.ECONNREFUSED, errno.ENOENT, errno.ENXIO)


class NotRunning(UsageError):
    """No process can be asked: the run has ended, was killed, or is about to begin or to end."""


class ControlRefused(UsageError):
    """The run goes, and does not do what it was asked for."""


def look_at(folder: Path) -> LiveView:
    """Return what the process that works on a run does now.

    :raises NotRunning: When there is none.
    """
    return _read(LiveView, _asked(folder, {"ask": "view"}))


def change_limits(folder: Path, changes: Iterable[LimitChange]) -> Acknowledged:
    """Change limits in the process that works on a run, all of them or none.

    :raises NotRunning: When there is none.
    :raises ControlRefused: With its reason.
    """
    wanted = [{"of": one.of, "limit": one.limit.value, "to": one.to} for one in changes]
    return _read(Acknowledged, _asked(folder, {"ask": "change", "changes": wanted}))


def pause_run(folder: Path) -> LiveView:
    """Have a run begin nothing new; what is in flight finishes.

    :raises NotRunning: When there is none.
    :raises ControlRefused: With its reason.
    """
    return _read(LiveView, _asked(folder, {"ask": "pause"}))


def go_on_with(folder: Path) -> LiveView:
    """Have a paused run go on; raises as `pause_run`."""
    return _read(LiveView, _asked(folder, {"ask": "go_on"}))


def stop_run(folder: Path) -> LiveView:
    """Stop a run as a first Ctrl-C does; raises as `pause_run`."""
    return _read(LiveView, _asked(folder, {"ask": "stop"}))


def watch_run(folder: Path, *, is_over: Callable[[], bool]) -> Iterator[Mapping[str, Any]]:
    """Yield the texts of a run as they are made, see `deltas`; and nothing every few seconds.

    :param is_over: Asked after each; whoever has heard enough says so.
    :raises NotRunning: When there is none.
    :raises ControlRefused: With its reason.
    """
    with _line_to(folder) as line:
        line.sendall(json.dumps({"ask": "watch"}).encode() + b"\n")
        pending = bytearray()
        while not is_over():
            try:
                piece = line.recv(65_536)
            except OSError:  # its end, or nothing for long: whoever watches asks again
                return
            pending += piece
            *lines, rest = pending.split(b"\n")
            for one in lines:
                told = _parsed(bytes(one))
                if told.get("ok") is False:
                    raise ControlRefused(_shown(told.get("error", "the run gave no reason")))
                yield told
            pending = bytearray(rest)
            if not piece or len(pending) > MOST_BYTES:
                return


def process_of(folder: Path) -> int | None:
    """Return the process behind a run's door, as the kernel says; None where it does not say.

    No number in a file is taken for it: it may be another process's by now.

    :raises NotRunning: When there is none.
    :raises ControlRefused: When it is another user's.
    """
    with _line_to(folder) as line:
        return process_behind(line)


def _read(kind: type[_Told], answer: Mapping[str, Any]) -> _Told:
    try:
        return kind.model_validate(answer)
    except ValidationError as error:
        raise ControlRefused("the answer cannot be read: the run is of another version") from error


def _asked(folder: Path, question: Mapping[str, Any]) -> Mapping[str, Any]:
    with _line_to(folder) as line:
        line.sendall(json.dumps(question).encode() + b"\n")
        answer = _answer(line)
    if answer.get("ok") is not True:
        raise ControlRefused(_shown(answer.get("error", "the run gave no reason")))
    return answer


@contextlib.contextmanager
def _line_to(folder: Path) -> Iterator[socket.socket]:
    """Give a line to the run's process; whatever breaks on it is told as a refusal."""
    _refuse_what_is_no_socket(folder)
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as line:
        line.settimeout(SECONDS)
        try:
            with address_in(folder) as address:
                line.connect(address)
            _refuse_strangers(folder, line)
            yield line
        except TimeoutError:
            raise ControlRefused(
                f"{folder}: the run did not answer within {SECONDS:g} s; is it stopped (Ctrl-Z)?"
            ) from None
        except OSError as error:
            if error.errno in _NOBODY:
                raise NotRunning(_why_nobody(folder)) from None
            what = "it is another user's" if error.errno == errno.EACCES else str(error)
            raise ControlRefused(f"{folder}: the run cannot be asked: {what}") from error


def _refuse_what_is_no_socket(folder: Path) -> None:
    path = folder / CONTROL_NAME
    try:
        mode = path.lstat().st_mode
    except OSError:
        raise NotRunning(_why_nobody(folder)) from None
    if not stat.S_ISSOCK(mode):
        raise ControlRefused(f"{path} is no socket; whoever put it there was no run of ours")


def _refuse_strangers(folder: Path, line: socket.socket) -> None:
    user, ours = user_behind(line), os.geteuid()
    allowed = {None, ours} | ({folder.stat().st_uid} if ours == 0 else set())
    if user not in allowed:
        raise ControlRefused(f"{folder}: the process behind {CONTROL_NAME} is of another user")


def _answer(line: socket.socket) -> Mapping[str, Any]:
    received = bytearray()
    while not received.endswith(b"\n"):
        piece = line.recv(65_536)
        if not piece:
            break
        received += piece
        if len(received) > MOST_BYTES:
            raise ControlRefused("the answer is too long to be a run's")
    return _parsed(bytes(received))


def _parsed(received: bytes) -> Mapping[str, Any]:
    try:
        answer = json.loads(received)
    except (ValueError, RecursionError):
        raise ControlRefused("the answer cannot be read: the run ended meanwhile") from None
    if not isinstance(answer, dict):
        raise ControlRefused("the answer cannot be read: it is no object")
    return answer


def _shown(said: object) -> str:
    """Return what the other side said as a text that moves no cursor."""
    return "".join(c if c.isprintable() else " " for c in str(said)[:MOST_SAID])


def _why_nobody(folder: Path) -> str:
    owner = lock_owner(folder)
    if owner is not None:
        return f"{folder}: the run begins or ends just now ({owner}); ask again in a moment"
    return f"{folder}: no process works on this run"
