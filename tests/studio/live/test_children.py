"""A typed key reaches a run by a pipe: it is in no argument, no environment, no file."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from sygra_eval.cli.keys import take_keys
from sygra_eval.engine import ids_in
from sygra_eval.studio.live import children
from sygra_eval.studio.live.children import KEYS_FD, Children
from sygra_eval.studio.live.command import copied_from, run_arguments
from sygra_eval.studio.workspace import NotThere, Workspace
from sygra_eval.values import KEYS_TAKEN, UsageError
from tests.studio.live.conftest import until

CANARY = "sk-canary-of-this-test-0123456789"
LOOKS = """
import os, sys
from sygra_eval.cli.keys import take_keys
take_keys()
shown = open("/proc/self/environ", "rb").read() + open("/proc/self/cmdline", "rb").read()
is_seen = b"sk-can" + b"ary-" in shown
print(os.environ["AUTHOR_KEY"][-4:], is_seen, "SYGRA_EVAL_KEYS_FD" in os.environ)
"""


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="without /proc")
def test_a_key_is_read_once_and_can_be_seen_nowhere(tmp_path, monkeypatch):
    monkeypatch.setattr(children, "program", lambda: [sys.executable, "-c", LOOKS])
    started = Children()

    child = started.start(tmp_path / "run", [], cwd=tmp_path, keys={"AUTHOR_KEY": CANARY})
    until(lambda: not child.is_alive)
    said = child.said()
    started.let_go()

    assert said == f"{CANARY[-4:]} False False"
    assert list(tmp_path.iterdir()) == []


def test_keys_that_are_none_are_left_out():
    reading, writing = os.pipe()
    os.write(writing, json.dumps({"GOOD": "key", "A=B": "x", "N": 3, "Z": "a\0b"}).encode())
    os.close(writing)
    environ = {KEYS_FD: str(reading)}

    take_keys(environ)
    take_keys(nonsense := {KEYS_FD: "no number"})

    assert environ == {"GOOD": "key", KEYS_TAKEN: "GOOD"}
    assert nonsense == {}


ASKED = {
    "variant": None, "rows": "all", "limit": None, "first": None, "last": None, "filter": "",
    "failed_of": "", "ids": [], "repeat": None, "sample": None, "seed": 0,
    "concurrency": None, "cache": "suite",
    "budget": {"cost_usd": None, "tokens": None, "calls": None, "time_s": None},
}  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "arguments"),
    [
        ({"rows": "limit", "limit": 5}, "--limit 5"),
        ({"rows": "range", "first": 3, "last": 7}, "--skip 2 --limit 5"),
        ({"rows": "filter", "filter": "a and not b"}, "-k 'a and not b'"),
        ({"rows": "ids", "ids": ["a"], "repeat": 3}, "--rows - --repeat 3"),
        ({"sample": 4, "seed": 2, "concurrency": 8}, "--sample 4 --seed 2 -j 8"),
        ({"variant": "author=small", "cache": "off"}, "--variant author=small --cache off"),
        (
            {"budget": {"cost_usd": 1.5, "tokens": 10, "calls": None, "time_s": 60}},
            "--budget usd=1.5 --budget tokens=10 --budget time=60",
        ),
    ],
)
def test_what_is_asked_for_is_a_command_line(tmp_path, asked, arguments):
    workspace = Workspace.of(tmp_path)

    made = run_arguments(workspace, tmp_path / "s.yaml", "name", ASKED | asked)

    assert shlex.join(made[6:]) == arguments


@pytest.mark.parametrize(
    "asked",
    [
        {"rows": "limit"},
        {"rows": "range", "first": 7, "last": 3},
        {"rows": "filter", "filter": " "},
        {"rows": "failed_of", "failed_of": "../../etc"},
        {"rows": "ids"},
    ],
)
def test_what_does_not_go_together_is_refused(tmp_path, asked):
    with pytest.raises((UsageError, NotThere)):
        run_arguments(Workspace.of(tmp_path), tmp_path / "s.yaml", "name", ASKED | asked)


ODD = ["q/1", "a b", 'say "x"', "it's", "IDS", "two\nlines", "$HOME `id`"]


def test_a_copied_command_gives_the_shell_the_very_ids(tmp_path):
    told = copied_from({"selection": {"only": ODD}}, "s.yaml", "", "reports/s/r")

    heard = subprocess.run(  # noqa: S603 - what a shell makes of it, with `cat` in the place of the program
        ["/bin/sh", "-c", told.replace("sygra-eval run s.yaml --rows -", "cat")],
        capture_output=True, check=True,
    ).stdout  # fmt: skip
    assert told.startswith("sygra-eval run s.yaml --rows - <<'IDS_'\n")
    assert ids_in(heard, "x") == tuple(ODD)
    many = copied_from({"selection": {"only": ODD * 50}}, "s.yaml", "", "reports/s/r")
    assert many == "sygra-eval run s.yaml --rows reports/s/r"


def test_the_command_of_a_run_that_there_is_says_what_it_was_asked():
    plan = {
        "models": {"author": "embedded"},
        "plugins": ["own"],
        "limit": 3,
        "budget": {"usd": 1.0, "tokens": None, "calls": None, "time_s": None},
        "selection": {"keywords": "easy", "deselected": ["a b"]},
        "strict_model": True,
    }

    told = copied_from(plan, "s.yaml", "author=small", "reports/s/r")

    assert told == (
        "sygra-eval run s.yaml --variant author=small --model author=embedded -p own --limit 3 "
        "-k easy --deselect 'a b' --budget usd=1.0 --strict-model"
    )


@pytest.mark.parametrize(
    ("plan", "options"),
    [
        ({"target": {"verified": 3, "max_candidates": 9}},
         "--target-verified 3 --max-candidates 9"),
        ({"target": {"verified": 3, "max_candidates": None}}, "--target-verified 3"),
        ({"is_strict": True, "durability": "full"}, "--strict --durability full"),
        ({"durability": "normal", "target": None}, ""),
    ],
)  # fmt: skip
def test_a_copied_command_asks_for_no_more_than_the_run_did(plan, options):
    assert (
        copied_from(plan, "s.yaml", "", "reports/s/r") == f"sygra-eval run s.yaml {options}".strip()
    )


@pytest.mark.parametrize(
    "plan",
    [{"selection": {"only": []}}, {"selection": {"since": "r1"}}, {"scored": "reports/s/one"}],
)
def test_a_run_that_no_command_line_begins_again_has_none_to_copy(plan):
    assert copied_from(plan, "s.yaml", "", "reports/s/r") == ""


def test_a_suite_whose_name_looks_like_an_option_is_copied_as_a_file():
    assert copied_from({}, "-s.yaml", "", "reports/s/r") == "sygra-eval run ./-s.yaml"
