"""The command itself: help, version, usage, streams that break, systems that do not fit."""

import importlib.metadata
import os
import subprocess
import sys

import pytest

import sygra_eval
from sygra_eval.cli import VERBS
from sygra_eval.sandbox import providers


def test_the_version_is_the_packages(cli):
    ran = cli("--version")

    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"sygra-eval, version {sygra_eval.__version__}\n"
    assert importlib.metadata.version("sygra-eval") == sygra_eval.__version__


def test_help_names_every_verb_and_the_exit_codes(cli):
    ran = cli("--help")

    assert (ran.code, ran.err) == (0, "")
    assert all(f"\n  {verb} " in ran.out for verb in VERBS)
    assert "Exit codes: 0 gates passed" in ran.out


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(cli, verb):
    ran = cli(verb, "--help")

    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"Usage: sygra-eval {verb} ")
    assert all(len(line) <= 80 for line in ran.out.splitlines())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Usage: sygra-eval"),
        (("runn",), "No such command 'runn'"),
        (("run",), "Missing argument"),
        (("run", "--limt", "3", "x.yaml"), "--limit"),
        (("run", "--limit", "0", "x.yaml"), "0 is not in the range"),
        (("run", "--model", "author", "x.yaml"), "`author` is not NAME=WHAT"),
        (("show",), "Missing argument 'RUN'"),
        (("plugins", "nowhere"), "nowhere"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_usage_errors_end_with_4(cli, arguments, said):
    ran = cli(*arguments)

    assert (ran.code, ran.out) == (4, "")
    assert said in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--limit", "x", "a.yaml", "--json"),
        ("run", "missing.yaml", "--json"),
        ("resume", "missing", "--json"),
        ("show", "missing", "row", "--json"),
        ("check", "--nonsense", "--json"),
        ("plugins", "nowhere", "--json"),
        ("plugins", "-p", "no_such_module", "--json"),
    ],
    ids=" ".join,
)
def test_under_json_a_failure_is_one_line_too(cli, arguments):
    ran = cli(*arguments)

    (line,) = ran.json
    assert line.keys() == {"exit", "error"}
    assert line["exit"] == ran.code == 4
    assert line["error"]
    assert ran.err


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["schema"], ["plugins"]])
def test_a_reader_that_went_away_is_no_failure(arguments, tmp_path):
    reading, writing = os.pipe()
    os.close(reading)

    with os.fdopen(writing, "wb") as nobody:
        ran = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "sygra_eval", *arguments],
            stdout=nobody,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            cwd=tmp_path,
        )

    assert (ran.returncode, ran.stderr) == (0, "")


def test_an_exit_code_does_not_depend_on_who_reads(tmp_path):
    (tmp_path / "bad.yaml").write_text("suite: {nam: x}\n")
    reading, writing = os.pipe()
    os.close(reading)

    with os.fdopen(writing, "wb") as nobody:
        ran = subprocess.run(
            [sys.executable, "-m", "sygra_eval", "check", "bad.yaml"],
            stdout=nobody,
            stderr=nobody,
            check=False,
            cwd=tmp_path,
        )

    assert ran.returncode == 4


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_closed_stream_sends_nothing_to_the_other(tmp_path, stream):
    (tmp_path / "bad.yaml").write_text("suite: {nam: x}\n")
    number = {"stdout": 1, "stderr": 2}[stream]

    ran = subprocess.run(  # noqa: S603 - our own command
        [
            "/bin/sh",
            "-c",
            f'exec "$0" -m sygra_eval run bad.yaml --json {number}>&-',
            sys.executable,
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )

    assert ran.returncode == 4
    if stream == "stderr":
        assert ran.stdout.startswith('{"exit": 4')
    else:
        assert "bad.yaml:1:9: error[unknown-key]" in ran.stderr


def test_a_terminal_that_knows_ascii_only_is_no_failure(tmp_path):
    environ = os.environ | {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}

    ran = subprocess.run(
        [sys.executable, "-m", "sygra_eval", "plugins", "-p", "json"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=environ,
    )

    assert (ran.returncode, ran.stderr) == (0, "")
    assert "\\u2013" in ran.stdout


def test_an_error_of_ours_ends_with_3_and_asks_for_a_report(cli, monkeypatch):
    monkeypatch.setattr("sygra_eval.cli.schema.suite_schema", lambda plugins: 1 / 0)

    ran = cli("schema")

    assert (ran.code, ran.out) == (3, "")
    assert "Traceback" in ran.err
    assert "internal error, please report it" in ran.err


def test_on_windows_a_verb_says_where_it_works(cli, monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")

    ran = cli("run", "x.yaml")

    assert (ran.code, ran.out) == (4, "")
    assert "Linux" in ran.err
    assert cli("--help").code == 0


def test_where_code_cannot_be_locked_up_the_run_says_so_before_it_starts(
    run, suite, monkeypatch, tmp_path
):
    path = suite("small", "why")
    monkeypatch.setattr(providers.sys, "platform", "darwin")

    ran = run(path, "--json")

    assert ran.code == ran.json[-1]["exit"] == 4
    assert "Linux only, and this is darwin" in ran.json[-1]["error"]
    assert not (tmp_path / "work" / "reports").exists()


def test_a_plugin_that_exits_is_named_as_an_error(cli, monkeypatch):
    monkeypatch.setattr("sygra_eval.cli.schema.suite_schema", lambda plugins: sys.exit(0))

    ran = cli("schema")

    assert (ran.code, ran.out) == (3, "")
    assert "sys.exit(0)" in ran.err
