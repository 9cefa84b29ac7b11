"""Runs a script once for each case and tells what it wrote; runs inside the sandbox as `__main__`.

The script runs in a process of its own that does not have the result pipe, in a fresh folder with
the case's files. No expected output comes in.
"""

import json
import os
import shutil
import signal
import subprocess

MOST_BYTES = 64 << 10
SCRIPT = "answer.sh"
CLEAN = {"HOME": "", "TMPDIR": "", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "UTC"}


def main() -> None:
    """Run every case in its turn."""
    with open(0, "rb", closefd=False) as file:
        order = json.loads(file.read())
    result = int(os.environ.pop("SYGRA_EVAL_RESULT_FD"))
    with open(SCRIPT, "rb") as file:  # noqa: PTH123 - start-up time
        source = file.read()

    def tell(kind: str, number: int, told: list[object]) -> None:
        line = json.dumps([order["nonce"], kind, number, told]).encode() + b"\n"
        while line:
            line = line[os.write(result, line) :]

    tell("loaded", 0, [])
    here = os.getcwd()  # noqa: PTH109 - start-up time
    for position, number in enumerate(order["order"]):
        os.chdir(here)
        with open(SCRIPT, "wb") as again:  # noqa: PTH123 - a run may have changed its own script
            again.write(source)
        folder = os.path.join(here, f"case_{position}")  # noqa: PTH118
        os.mkdir(folder)  # noqa: PTH102
        (case,) = order["units"][number]
        told = ran(order["shell"], os.path.join(here, SCRIPT), case, folder)  # noqa: PTH118
        end_what_it_left()
        shutil.rmtree(folder, ignore_errors=True)
        tell("answer", position, [told])
    tell("end", len(order["order"]), [])
    os._exit(0)


def ran(shell: str, script: str, case: dict[str, object], folder: str) -> list[object]:
    """Run the script on one case."""
    os.chdir(folder)
    files = case["files"]
    assert isinstance(files, dict)  # noqa: S101 - our own side made it
    for name, text in files.items():
        if "/" in name:
            os.makedirs(os.path.dirname(name), exist_ok=True)  # noqa: PTH103, PTH120
        with open(name, "wb") as file:  # noqa: PTH123
            file.write(text.encode("utf-8", "surrogatepass"))
    with unnamed(folder) as stdin, unnamed(folder) as stdout, unnamed(folder) as stderr:
        stdin.write(str(case["stdin"]).encode("utf-8", "surrogatepass"))
        stdin.seek(0)
        code = subprocess.Popen(  # noqa: S603 - the walls stand
            [shell, script, *case["args"]],  # type: ignore[misc]
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            cwd=folder,
            env={**CLEAN, "HOME": folder, "TMPDIR": folder},
            start_new_session=True,
        ).wait()
        end_what_it_left()
        output, errors = kept(stdout), kept(stderr)
    if output is None:
        return ["large", f"more than {MOST_BYTES >> 10} KiB"]
    return ["value", [output, code if code >= 0 else 128 - code, (errors or "")[-2000:]]]


def unnamed(folder: str):  # type: ignore[no-untyped-def]
    """Open a file that has no name any more."""
    name = os.path.join(folder, ".unnamed")  # noqa: PTH118
    file = open(name, "w+b")  # noqa: PTH123, SIM115
    os.unlink(name)  # noqa: PTH108
    return file


def kept(file) -> "str | None":  # type: ignore[no-untyped-def]
    """Read what was written, unless it is too much."""
    file.seek(0)
    data = file.read(MOST_BYTES + 1)
    return data.decode("utf-8", "backslashreplace") if len(data) <= MOST_BYTES else None


def end_what_it_left() -> None:
    """Kill what a script left running: as process 1 of a namespace we see no others."""
    if os.getpid() != 1:
        return  # without isolation: these could be anybody's
    try:
        os.kill(-1, signal.SIGKILL)
    except ProcessLookupError:
        return
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


if __name__ == "__main__":
    main()
