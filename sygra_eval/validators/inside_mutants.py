"""Calls the mutants of a candidate, one after the other; runs inside the sandbox as `__main__`.

The candidate itself (the control) is called first and again after each mutant. While it answers as
at first, nothing of a mutant was left behind that matters; when it does not, the rest has to go
elsewhere. A mutant tells only in which answers it differs. It is stopped by its own CPU time: first
by an exception, and by the kernel where that does not help.
"""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable

ANSWER = "answer"
KERNELS_SHARE = 3  # times the limit, after which the process is ended
Json = list[object]
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Late(BaseException):
    """Raised in a mutant whose time is up."""


class Clock:
    """Bounds the CPU time of what runs."""

    def __init__(self) -> None:
        self.is_late = False
        signal.signal(signal.SIGVTALRM, self.ring)
        signal.signal(signal.SIGPROF, signal.SIG_DFL)

    def start(self, limit_s: float) -> None:
        """Ring after so much time, and again and again, as a mutant may catch everything."""
        self.is_late = False
        signal.setitimer(signal.ITIMER_PROF, KERNELS_SHARE * limit_s)
        signal.setitimer(signal.ITIMER_VIRTUAL, limit_s, limit_s / 4)

    def stop(self) -> None:
        """Ring no more."""
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.setitimer(signal.ITIMER_PROF, 0)

    def ring(self, *_: object) -> None:
        """Stop what runs."""
        self.is_late = True
        raise Late


class Bench:
    """Runs programs on the same units, each in a fresh module."""

    def __init__(self, order: "dict[str, Any]", driver: "dict[str, Any]", codec: object) -> None:
        self.units, self.order, self.seed = order["units"], order["order"], order["seed"]
        self.driver, self.codec, self.clock = driver, codec, Clock()
        self.at_first = (os.getcwd(), dict(os.environ), sys.getrecursionlimit(), sys.stdout)  # noqa: PTH109

    def answers(self, source: bytes, code: object, limit_s: float) -> "list[Json] | None":
        """Give the answers in their order; None when the time was up.

        A program that cannot be loaded gives none at all.
        """
        self.clock.start(limit_s)
        try:
            told = self.told_by(source, code)
            self.clock.stop()
        except Late:
            self.clock.stop()
        return None if self.clock.is_late else told

    def told_by(self, source: bytes, code: object) -> "list[Json]":
        """Load the program and ask it everything."""
        module = type(sys)(ANSWER)
        module.__file__ = f"{ANSWER}.py"
        sys.modules[ANSWER] = module
        caller = self.driver["Caller"](module.__dict__, source, self.codec)
        try:
            exec(code or compile(source, module.__file__, "exec", dont_inherit=True), vars(module))  # type: ignore[arg-type]  # noqa: S102
        except BaseException:  # noqa: BLE001 - a mutant may raise anything
            return []
        told = []
        for number in self.order:
            if "random" in sys.modules:
                sys.modules["random"].seed(self.seed + number)
            told.append(caller.answers(self.units[number]))
            if self.clock.is_late:
                break
        return told

    def is_as_before(self) -> bool:
        """Put back what can be; say whether nothing else of the process was changed."""
        folder, environment, depth, stdout = self.at_first
        os.chdir(folder)
        if os.environ != environment:
            os.environ.clear()
            os.environ.update(environment)
        sys.setrecursionlimit(depth)
        return sys.stdout is stdout and threading.active_count() == 1


def main() -> None:
    """Ask the control, then each mutant and the control again, and leave at once."""
    leave = os._exit
    driver = module_of("inside_driver.py")
    order = json.loads(driver["taken_from_stdin"]())
    tell = driver["teller"](int(os.environ.pop("SYGRA_EVAL_RESULT_FD")), order["nonce"])
    silence()
    source = driver["read"](f"{ANSWER}.py")
    bench = Bench(order, driver, module_of("typed_values.py"))
    control = compile(source, f"{ANSWER}.py", "exec", dont_inherit=True)
    began = time.process_time()
    first = bench.answers(source, control, order["most_cpu_s"])
    took_s = time.process_time() - began
    if first is None or not bench.is_as_before():
        leave(0)
    tell("control", 0, first)
    cores = [core_of(told) for told in first]
    limit_s = min(max(order["least_cpu_s"], order["slower"] * took_s), order["most_cpu_s"])
    for number, mutant in enumerate(order["mutants"]):
        tell("begin", number, [])
        told = bench.answers(mutant.encode("utf-8", "surrogatepass"), None, limit_s)
        tell("mutant", number, account_of(told, cores))
        if not bench.is_as_before():
            leave(0)
        again = bench.answers(source, control, limit_s)
        if again is None or [core_of(told) for told in again] != cores:
            leave(0)
        tell("steady", number, [])
    leave(0)


def account_of(told: "list[Json] | None", cores: "list[str]") -> Json:
    """Say how a mutant differs from the control."""
    if told is None:
        return ["late"]
    if len(told) != len(cores):
        return ["unloaded"]
    differing = [[at, one] for at, one in enumerate(told) if core_of(one) != cores[at]]
    return ["differs", differing]


def core_of(told: Json) -> str:
    """Give what counts of an answer: not the line that an exception was raised in."""
    is_raise = [isinstance(shown, list) and shown[:1] == ["raise"] for shown in told]
    return json.dumps([s[:4] if r else s for s, r in zip(told, is_raise, strict=True)])  # type: ignore[index]


def silence() -> None:
    """Let nobody read what a dozen programs print."""
    nothing = os.open("/dev/null", os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)
    os.close(nothing)


def module_of(name: str) -> "dict[str, Callable[..., Any]]":
    """Give the names of a module of ours, which the sandbox may have loaded already."""
    ready = globals().get("READY", {}).get(name)
    if ready is not None:
        return ready  # type: ignore[no-any-return]
    names: dict[str, object] = {"__name__": name}
    with open(name, "rb") as file:  # noqa: PTH123 - start-up time
        exec(compile(file.read(), name, "exec", dont_inherit=True), names)  # noqa: S102
    return names  # type: ignore[return-value]


if __name__ == "__main__":
    main()
