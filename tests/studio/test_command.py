"""`sygra-eval studio` as it is started, left and refused."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import httpx
import pytest

from sygra_eval.cli import main
from sygra_eval.studio.security import Door
from sygra_eval.studio.serving import listening_on, names_of
from sygra_eval.values import UsageError

LINK = re.compile(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{40,}")
SECONDS = 60
NOT_IN_A_WHEEL = shutil.ignore_patterns(
    ".*", "node_modules", "__pycache__", "tests", "reports", "benchmarks", "build", "*.egg-info"
)


@contextlib.contextmanager
def started(command, folder, **environ):
    """Start Studio as a program; give it with the first line that it printed."""
    process = subprocess.Popen(  # noqa: S603
        [*command, "studio", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environ},
    )
    try:
        yield process, process.stdout.readline().rstrip("\n")
    finally:
        process.kill()
        process.communicate()


def exit_of(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(["studio", *arguments])
    return ended.value.code, capsys.readouterr().err


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGTERM,
        pytest.param(signal.SIGINT, marks=pytest.mark.only_full("it ends by the same way")),
    ],
)
def test_the_link_is_printed_alone_and_a_signal_ends_it_with_streams_open(tmp_path, number):
    """There is no browser on this PATH, which is no error."""
    ours = [sys.executable, "-m", "sygra_eval"]
    nowhere = {"PATH": "/nowhere", "BROWSER": "/nowhere/browser"}
    with started(ours, tmp_path, **nowhere) as (process, link):
        assert LINK.fullmatch(link), link
        with httpx.Client(trust_env=False) as client:
            assert client.get(link, follow_redirects=True).status_code == 200
            events = f"{link.partition('?')[0]}api/events?topics=runs"
            with client.stream("GET", events):
                process.send_signal(number)
                out, said = process.communicate(timeout=SECONDS)

        assert (process.returncode, out, said) == (0, "", "")


def test_a_port_that_is_taken_is_said_with_exit_code_4(tmp_path, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        code, said = exit_of(capsys, str(tmp_path), "--port", str(port), "--no-open")

    assert code == 4
    assert f"port {port}" in said
    assert "--port 0" in said


def test_a_folder_that_is_none_is_said_with_exit_code_4(tmp_path, capsys):
    code, said = exit_of(capsys, str(tmp_path / "nowhere"))

    assert code == 4
    assert "is no folder" in said


def test_without_the_extra_it_says_what_to_install(tmp_path, capsys, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("sygra_eval.studio")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "fastapi", None)

    code, said = exit_of(capsys, str(tmp_path))

    assert code == 4
    assert "pip install 'sygra-eval[studio]'" in said


@pytest.mark.parametrize("host", ["0.0.0.0", "::", ""])  # noqa: S104
def test_all_addresses_without_a_name_is_refused(tmp_path, capsys, host):
    code, said = exit_of(capsys, str(tmp_path), "--host", host, "--no-open")

    assert code == 4
    assert "--allowed-host" in said


def test_a_host_is_asked_under_its_own_names_alone():
    with pytest.raises(UsageError):
        names_of("0.0.0.0", ())  # noqa: S104
    everywhere = Door(80, "0.0.0.0", names_of("0.0.0.0", ("lab.example",)))  # noqa: S104
    six = Door(8000, "::1", names_of("::1", ()))

    assert everywhere.link.startswith("http://lab.example:80/?token=")
    assert [everywhere.names(host) for host in ("lab.example", "LAB.example:80")] == [True, True]
    assert not everywhere.names("127.0.0.1:80")
    assert not everywhere.names("0.0.0.0:80")
    assert six.link.startswith("http://[::1]:8000/")
    assert (six.names("[::1]:8000"), six.names("::1:8000")) == (True, False)


@pytest.mark.only_full("building a wheel fetches what builds it, and takes half a minute")
def test_the_wheel_serves_the_page_where_there_is_no_node(tmp_path):
    root = Path(__file__).parents[2]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    wheels, clean = tmp_path / "wheels", tmp_path / "clean"
    python = clean / "bin" / "python"
    source = shutil.copytree(root, tmp_path / "source", ignore=NOT_IN_A_WHEEL)
    nothing_else = {**os.environ, "PYTHONPATH": ""}
    for command in (
        [*pip, "wheel", "--no-deps", "-w", str(wheels), str(source)],
        [sys.executable, "-m", "venv", "--without-pip", str(clean)],
    ):
        subprocess.run(command, check=True, env=nothing_else)  # noqa: S603
    (wheel,) = wheels.iterdir()
    install = [*pip, "--python", str(python), "install", "--no-deps", str(wheel)]
    subprocess.run(install, check=True, env=nothing_else)  # noqa: S603
    ours = next(Path(place) for place in sys.path if (Path(place) / "fastapi").is_dir())
    (site,) = (clean / "lib").glob("python*/site-packages")
    (site / "dependencies.pth").write_text(f"{ours}\n")

    command = [str(clean / "bin" / "sygra-eval")]
    with started(command, tmp_path, PATH="/nowhere", PYTHONPATH="") as (_, link):
        opened = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        page = opened.open(link).read().decode()
        base = link.partition("?")[0]
        assets = re.findall(r'(?:src|href)="\./([^"]+)"', page)
        templates = opened.open(f"{base}api/templates").read()

        assert len(assets) >= 4
        assert all(opened.open(f"{base}{asset}").status == 200 for asset in assets)
        assert b"code_assistant" in templates


def test_the_second_piece_of_an_answer_does_not_wait_for_word_of_the_first():
    """Else each answer takes as long as a client lets a word wait, which is 40 ms on Linux."""
    with (
        listening_on(0) as listening,
        socket.create_connection(listening.getsockname()),
        listening.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
