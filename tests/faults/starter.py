"""Keeps the command line loaded and forks a child for each start, which saves most of its cost.

With the number of a socket as its argument it does what comes from there, see `forks.py`.
Else it reads a line of JSON per order from standard input and answers with one: `start` forks a
child that runs `sygra-eval ARGUMENTS` as any process does (its own session, exit code and files),
`wait` reaps it. With `dies_at` the child sends itself SIGKILL as it is about to open, rename,
remove or make so many files below its folder: the moments between two steps on the disk, which a
kill by the clock rarely meets.
"""

import importlib
import json
import os
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import Any

from sygra_eval.plugins import load_plugins
from sygra_eval.sandbox.calibration import machine_factor

LOADED = (
    "dateutil.relativedelta",
    "pyarrow.pandas_compat",
    "pyarrow.parquet",
    "sygra_eval.cli.doctor",
    "sygra_eval.cli.driving",
    "sygra_eval.cli.resume",
    "sygra_eval.cli.run",
    "sygra_eval.models.openai",
)
STEPS = {"open", "os.rename", "os.remove", "os.mkdir", "os.truncate", "sqlite3.connect"}


def main() -> None:
    for module in LOADED:
        importlib.import_module(module)
    load_plugins(Path())
    machine_factor()
    if len(sys.argv) > 1:
        from forks import serve  # beside this file, which is started as a script

        serve(socket.socket(fileno=int(sys.argv[1])))
        return
    for line in sys.stdin:
        order = json.loads(line)
        if order["do"] == "start":
            answer = start(order)
        else:
            _, status = os.waitpid(order["pid"], 0)
            answer = os.waitstatus_to_exitcode(status)
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


def start(order: dict[str, Any]) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            be_the_command(order)
        except BaseException:  # noqa: BLE001 - the root of a process
            traceback.print_exc()
        finally:
            os._exit(99)
    return pid


def be_the_command(order: dict[str, Any]) -> None:
    from sygra_eval.cli import main as command

    os.setsid()
    home = Path(order["folder"])
    os.chdir(home)
    for descriptor, name in enumerate((os.devnull, order["out"], order["err"])):
        opened = os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(opened, descriptor)
        os.close(opened)
    count_steps(str(home), order["dies_at"], order["err"])
    code: Any = 99
    try:
        command(order["arguments"])
    except SystemExit as ended:
        code = ended.code or 0
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def count_steps(home: str, dies_at: int, log: str) -> None:
    """Watch the steps on files below a folder; die before one of them, or count them all."""
    steps = 0

    def watch(event: str, given: tuple[Any, ...]) -> None:
        nonlocal steps
        if event in STEPS and home in os.fsdecode(given[0] if is_path(given[0]) else ""):
            steps += 1
            if steps == dies_at:
                os.kill(os.getpid(), signal.SIGKILL)
            if dies_at < 0:
                os.pwrite(counted, b"%d" % steps, 0)

    counted = os.open(f"{log}.steps", os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
    sys.addaudithook(watch)


def is_path(given: object) -> bool:
    return isinstance(given, str | bytes | os.PathLike)


if __name__ == "__main__":
    main()
