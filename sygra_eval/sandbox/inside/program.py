"""Runs one program as `__main__`, and ends the process as an interpreter would."""

import atexit
import builtins
import os
import site
import sys
import threading
from typing import NoReturn

UNFLUSHED_EXIT = 120  # what the interpreter says when its output cannot be written


Names = dict[str, object]


def run_as_main(entry: str, ready: dict[str, Names]) -> NoReturn:
    """Run the file as `python entry` would, with no frame of ours in its traceback.

    :param ready: Modules of the harness that the zygote has loaded, by file.
    """
    site.setquit()
    module = type(sys)("__main__")
    module.__file__, module.__builtins__ = entry, builtins  # type: ignore[attr-defined]
    sys.modules["__main__"] = module
    sys.argv = [entry]
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 - pathlib costs start-up
    main = ready[entry]["main"] if entry in ready else None
    leave(run_to_its_end(entry, module.__dict__, main), module.__dict__)


def run_to_its_end(entry: str, names: Names, main: object) -> int:
    """Give the exit code that the interpreter would give."""
    try:
        if callable(main):
            main()
            return 0
        with open(entry, "rb") as file:  # noqa: PTH123 - pathlib costs start-up
            source = file.read()
        exec(compile(source, entry, "exec", dont_inherit=True), names)  # noqa: S102
    except SystemExit as stop:
        return exit_code_of(stop)
    except BaseException as error:  # noqa: BLE001 - reported as the interpreter itself would
        own = error.__traceback__
        error = error.with_traceback(own.tb_next if own else None)
        return reported(error)
    return 0


def reported(error: BaseException) -> int:
    """Hand an exception to the hook, which the program may have replaced."""
    try:
        sys.excepthook(type(error), error, error.__traceback__)
    except SystemExit as stop:
        return exit_code_of(stop)
    except BaseException as broken:  # noqa: BLE001 - the program's own hook
        sys.__excepthook__(type(broken), broken, broken.__traceback__)
    return 1


def exit_code_of(stop: SystemExit) -> int:
    """Say what `sys.exit` was asked for; words go to standard error."""
    if stop.code is None:
        return 0
    if isinstance(stop.code, int):
        return stop.code & 0xFF
    try:  # noqa: SIM105 - contextlib costs start-up
        print(stop.code, file=sys.stderr)  # noqa: T201 - as the interpreter does
    except BaseException:  # noqa: BLE001, S110 - its `__str__` is the program's
        pass
    return 1


def leave(code: int, names: Names) -> NoReturn:
    """Wait for threads, run what was registered, let go of the names, flush; no tear-down.

    The interpreter would also take every module apart. That costs milliseconds of copied memory
    and can be seen from outside by nobody.
    """
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        for name in list(names):
            if name != "__builtins__":
                names[name] = None
    except BaseException as error:  # noqa: BLE001 - nothing of it may keep the process alive
        reported(error)
    is_out_flushed, is_error_flushed = is_flushed(sys.stdout), is_flushed(sys.stderr)
    os._exit(code if is_out_flushed and is_error_flushed else UNFLUSHED_EXIT)


def is_flushed(stream: object) -> bool:
    """Write out what a stream still holds, whatever the program put in its place."""
    try:
        if stream is not None and not getattr(stream, "closed", False):
            stream.flush()  # type: ignore[attr-defined]
    except BaseException:  # noqa: BLE001 - a stream of the program's own making
        return False
    return True
