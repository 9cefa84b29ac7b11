"""Keys that are typed in the browser: kept in memory, or where asked in the system's keyring.

Write-only: what is told of a key is that it is set, from where, and its end where it is long. No
file of ours ever holds one. Runs and tests of models get them with `environment`, by a pipe.
"""

import os
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Literal, TypeAlias

from sygra_eval.studio.told import Told
from sygra_eval.values import UsageError

SERVICE: Final = "sygra-eval studio"
FEWEST_FOR_END: Final = 20
MOST_KEY: Final = 4096
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_LIKE_A_KEY: Final = re.compile(r"KEY|TOKEN|SECRET|PASS|CREDENTIAL|AUTH", re.IGNORECASE)
_STEERS: Final = re.compile(
    r"(LD_|DYLD_|PYTHON|SYGRA_|GIT_|SSH_|XDG_|LC_|NODE_|BASH|VIRTUAL_ENV|SSL_|GCONV_|MALLOC_)"
    r"|(PATH|HOME|SHELL|IFS|ENV|PWD|USER|LOGNAME|TMPDIR|LANG|TERM|EDITOR|PAGER|BROWSER|DISPLAY)$"
    r"|\w*_(PROXY|PATH|DIR|BASE_URL|CA_BUNDLE|OPTIONS)$",
    re.IGNORECASE,
)
"""What says how programs run, and where requests go: it is no key, whatever names it."""
Source: TypeAlias = Literal["session", "keyring", "env"]


class Secret(Told):
    """What is told of a key.

    :ivar is_named: A suite or a model of the folder takes its key from here.
    :ivar source: Where it is from: typed into this Studio, the system's keyring, the environment.
    :ivar fingerprint: Its last four characters, of a key of twenty or more.
    """

    name: str
    is_set: bool
    is_named: bool
    source: Source | None
    fingerprint: str | None


class Keys:
    """The keys of one Studio. Asked from several threads."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._environ = environ
        self._typed: dict[str, str] = {}
        self._kept: dict[str, str] = {}
        self._turn = threading.Lock()

    def put(self, name: str, key: str, *, named: Iterable[str] = (), keep: bool = False) -> None:
        """Take a key.

        :param named: What suites and models of the folder take keys from.
        :param keep: Also in the system's keyring, so that it is there at the next start.
        :raises UsageError: When it may not be called so, is no key, or cannot be kept.
        """
        check_name(name, named)
        if not (
            0 < len(key) <= MOST_KEY and key.isascii() and key.isprintable() and key == key.strip()
        ):
            raise UsageError("this is no key: letters, digits and signs of ASCII, without spaces")
        if keep:
            _in_keyring(lambda ring: ring.set_password(SERVICE, name, key))
        with self._turn:
            (self._kept if keep else self._typed)[name] = key
            if keep:
                self._typed.pop(name, None)

    def delete(self, name: str) -> None:
        """Forget a key that was typed; what the environment has stays."""
        with self._turn:
            self._typed.pop(name, None)
            is_kept = self._kept.pop(name, None) is not None
        if is_kept:
            _in_keyring(lambda ring: ring.delete_password(SERVICE, name))

    def find_kept(self, names: Iterable[str]) -> None:
        """Take what an earlier Studio put into the keyring, where the package is installed."""
        for name in names:
            with self._turn:
                if name in self._typed or name in self._kept:
                    continue
            if key := _kept(name):
                with self._turn:
                    self._kept.setdefault(name, key)

    def told(self, named: Iterable[str]) -> list[Secret]:
        """Tell of the keys that the folder names and of those that were typed."""
        wanted = frozenset(named)
        with self._turn:
            names = sorted({*wanted, *self._typed, *self._kept})
            return [self._told(name, is_named=name in wanted) for name in names]

    def environment(self) -> Mapping[str, str]:
        """Return the keys that were typed or kept, by name: what children get beside ours."""
        with self._turn:
            return {**self._kept, **self._typed}

    def secrets(self, named: Iterable[str]) -> list[str]:
        """Return every key there is: what must not be seen anywhere."""
        from_environ = (self._environ.get(name, "") for name in named)
        return [key for key in (*self.environment().values(), *from_environ) if key]

    def _told(self, name: str, *, is_named: bool) -> Secret:
        source, key = next(
            (
                (source, key)
                for source, key in (
                    ("session", self._typed.get(name)),
                    ("keyring", self._kept.get(name)),
                    ("env", self._environ.get(name, "").strip()),
                )
                if key
            ),
            (None, ""),
        )
        return Secret(
            name=name,
            is_set=source is not None,
            is_named=is_named,
            source=source,  # type: ignore[arg-type]  # one of the three above
            fingerprint=f"…{key[-4:]}" if key and len(key) >= FEWEST_FOR_END else None,
        )


def check_name(name: str, named: Iterable[str]) -> None:
    """Refuse a name that is none of a key.

    Whoever may set any variable of a child may run code in it (`LD_PRELOAD`), or have its requests
    sent elsewhere (`HTTPS_PROXY`): a key has to be named by the folder, or be called like one.

    :raises UsageError: With what it may be.
    """
    if not _NAME.fullmatch(name):
        raise UsageError("this is no name of an environment variable: letters, digits and _")
    if _STEERS.match(name):
        raise UsageError(f"`{name}` says how programs run; it cannot hold a model's key")
    if name not in frozenset(named) and not _LIKE_A_KEY.search(name):
        raise UsageError(
            f"no suite or model of this folder has `api_key_env: {name}`; name it there first, or "
            "call it like a key: SERVICE_API_KEY"
        )


def names_in(document: object) -> Iterator[str]:
    """Yield what a suite or a `models.yaml` takes keys from, wherever in it that is said."""
    open_ = [document]
    while open_:
        one = open_.pop()
        if isinstance(one, Mapping):
            name = one.get("api_key_env")
            if isinstance(name, str) and _NAME.fullmatch(name) and not _STEERS.match(name):
                yield name
            open_ += one.values()
        elif isinstance(one, list):
            open_ += one


def has_keyring() -> bool:
    """Say whether there is a keyring to keep keys in."""
    try:
        import keyring
        from keyring.backends import fail
    except ImportError:
        return False
    return not isinstance(keyring.get_keyring(), fail.Keyring)


def _kept(name: str) -> str | None:
    if not has_keyring():
        return None
    import keyring

    try:
        found = keyring.get_password(SERVICE, name)
    except Exception:  # noqa: BLE001 - the boundary to a backend, anybody's: it has no key for us
        return None
    return found if isinstance(found, str) else None


def _in_keyring(work: Any) -> None:
    if not has_keyring():
        raise UsageError(
            "this system has no keyring that Python knows (pip install 'sygra-eval[keyring]'); "
            "the key can be kept until Studio ends"
        )
    import keyring

    try:
        work(keyring)
    except Exception as error:  # noqa: BLE001 - the boundary to a backend, anybody's
        # What it says may hold what it was given, so only its name is told.
        raise UsageError(f"the keyring refused: {type(error).__name__}") from None
