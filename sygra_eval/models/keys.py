"""Where a model's key comes from: an environment variable, or the system's keyring.

A suite names the place and never the key. It is read when the model is opened, and from then on
whoever holds it cuts it out of everything that is shown (`replies.redacted`). The package keyring
is imported when a model names an entry of it, and never otherwise.
"""

import asyncio
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sygra_eval.values import KeyRefused

VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"
ENTRY = r"^[^\x00-\x1f\x7f]*[^/\x00-\x1f\x7f][^\x00-\x1f\x7f]*/[^/\x00-\x1f\x7f]+$"  # SERVICE/USER
KEYRING_S = 60.0  # a person may have to unlock it


class KeySource(Protocol):
    """A place that holds a key."""

    @property
    def account(self) -> str:
        """What tells accounts at one address apart."""
        ...

    @property
    def place(self) -> str:
        """Where to look, in words."""
        ...

    async def read(self, model: str) -> str:
        """Return the key.

        :raises KeyRefused: With what to do.
        """
        ...


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable."""

    name: str

    @property
    def account(self) -> str:
        """Its name."""
        return self.name

    @property
    def place(self) -> str:
        """Its name, with what it is."""
        return f"the environment variable {self.name}"

    async def read(self, model: str) -> str:
        """Return what it holds."""
        key = os.environ.get(self.name, "").strip()
        if not key:
            raise KeyRefused(
                f"model `{model}` takes its key from {self.place}, "
                f"which is not set: export {self.name}=…"
            )
        return _sound(key, self.place)


@dataclass(frozen=True, slots=True)
class KeyringEntry:
    """An entry of the system's keyring, as `keyring set SERVICE USER` makes one."""

    service: str
    user: str

    @classmethod
    def named(cls, entry: str) -> "KeyringEntry":
        """Read `SERVICE/USER`; a service may be an address, so the last slash counts."""
        service, _, user = entry.rpartition("/")
        return cls(service, user)

    @property
    def account(self) -> str:
        """Service and user, which no variable is named like."""
        return f"keyring:{self.service}/{self.user}"

    @property
    def place(self) -> str:
        """Service and user, with what they are."""
        return f"the keyring entry {self.service}/{self.user}"

    async def read(self, model: str) -> str:
        """Return what the keyring has, which may ask a person to unlock it."""
        where = f"model `{model}` takes its key from {self.place}"
        try:
            key = await _in_a_thread(self._looked_up)
        except TimeoutError:
            what = f"the keyring did not answer within {KEYRING_S:g} s"
            raise KeyRefused(f"{where}: {what}; does it wait to be unlocked?") from None
        except _KeyringProblem as problem:
            raise KeyRefused(f"{where}: {problem}") from None
        if not key:
            advice = f"add it with `keyring set {self.service} {self.user}`"
            raise KeyRefused(f"{where}, and the keyring has no such entry: {advice}")
        return _sound(key.strip(), self.place)

    def _looked_up(self) -> str | None:
        try:
            import keyring  # a package of its own, which most have no use for
            from keyring import errors
        except ImportError as error:
            raise _KeyringProblem(
                f"the package keyring cannot be imported ({type(error).__name__}): "
                "pip install 'sygra-eval[keyring]'"
            ) from None
        try:
            key = keyring.get_password(self.service, self.user)
        except errors.NoKeyringError:
            raise _KeyringProblem(
                "this system has no keyring that the package keyring knows: "
                "install a backend (`keyring --list-backends`), or name a variable in `api_key_env`"
            ) from None
        except errors.KeyringLocked:
            raise _KeyringProblem("the keyring is locked: unlock it and start again") from None
        except Exception as error:  # noqa: BLE001 - the boundary to a backend, anybody's
            # What it says may hold what it read, so only its name is told.
            raise _KeyringProblem(f"the keyring failed: {type(error).__name__}") from None
        return key if isinstance(key, str) else None


class _KeyringProblem(Exception):
    """Why the keyring gives no key; the message holds nothing of what it holds."""


def source_of(variable: str | None, entry: str | None = None) -> KeySource | None:
    """Return where a key is; None where none is sent."""
    if entry is not None:
        return KeyringEntry.named(entry)
    return None if variable is None else Variable(variable)


async def key_from(source: KeySource | None, model: str) -> str:
    """Return the key of a model; empty where none is named.

    :raises KeyRefused: With what to do.
    """
    return "" if source is None else await source.read(model)


def _sound(key: str, place: str) -> str:
    if not (key and key.isascii() and key.isprintable()):
        raise KeyRefused(f"{place} holds what is no key")
    return key


async def _in_a_thread(work: Callable[[], str | None]) -> str | None:
    """Do what may wait for a person; a thread that never ends does not keep the process alive."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[str | None] = loop.create_future()

    def tell(key: str | None, problem: BaseException | None) -> None:
        if done.done():
            return
        if problem is None:
            done.set_result(key)
        else:
            done.set_exception(problem)

    def run() -> None:
        key: str | None = None
        problem: BaseException | None = None
        try:
            key = work()
        except _KeyringProblem as found:
            problem = found
        except BaseException as error:  # noqa: BLE001 - root of the thread: nobody may wait for ever
            problem = _KeyringProblem(f"the keyring failed: {type(error).__name__}")
        try:
            loop.call_soon_threadsafe(tell, key, problem)
        except RuntimeError:  # the loop is closed: nobody waits any more
            return

    threading.Thread(target=run, name="keyring", daemon=True).start()
    async with asyncio.timeout(KEYRING_S):
        return await done
