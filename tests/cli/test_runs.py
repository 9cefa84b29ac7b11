"""`sygra-eval runs`; for runs that really go see test_live.py in tests/engine and tests/faults."""

import asyncio
import json
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from sygra_eval.engine.control import open_door
from sygra_eval.engine.live_view import Acknowledged, LiveView
from sygra_eval.report import changed_text, live_text

GATE = {
    "in_flight": 40,
    "waiting": 7,
    "requests_per_minute": None,
    "requests_left": None,
    "tokens_per_minute": 1_200_000.0,
    "tokens_left": -300.4,
}
VIEW = LiveView.model_validate(
    {
        "suite": "small",
        "pid": 7,
        "since": "2026-11-25T21:00:00+00:00",
        "at": "2026-11-25T21:01:00+00:00",
        "is_draining": False,
        "cause": "",
        "rows": {
            "done": 12,
            "total": 100,
            "in_flight": 45,
            "most": 72,
            "verified": 9,
            "rejected": 2,
            "failed": 1,
            "unjudged": 0,
        },
        "calls": {"sent": 31, "journalled": 4, "in_flight": 40, "waiting": 7},
        "endpoints": [
            {
                **GATE,
                "endpoint": "http://127.0.0.1:8000/v1 SOME_KEY",
                "limit": 44,
                "most": 64,
                "ceiling": 57,
                "cuts": 1,
                "refusals": 12,
                "circuit": "half_open",
            }
        ],
        "models": [
            {**GATE, "model": name, "endpoint": "http://127.0.0.1:8000/v1 SOME_KEY", "most": 64}
            for name in ("author", "a-model-with-a-name-as-long-as-names-of-models-may-come-to-be")
        ],
    }
)


def acknowledged(**change) -> Acknowledged:
    at = "2026-11-25T21:01:02.5+00:00"
    return Acknowledged.model_validate({"at": at, "changed": [change], "view": VIEW})


def test_the_page_says_what_a_person_asks_of_a_run_in_80_columns():
    page = live_text(VIEW)

    assert max(map(len, page.splitlines())) <= 80
    for said in (
        "12 of 100 done: 9 verified, 2 rejected, 1 failed",
        "45 in flight, of 72 at most",
        "31 sent, 4 from the journal, 40 in flight, 7 waiting",
        "endpoint  http://127.0.0.1:8000/v1 SOME_KEY",
        "limit 44 of 64, 40 in flight, 7 waiting, circuit half open",
        "12 refusals, 1 cut, the last from 57",
        "1,200,000 tokens a minute, -300 of them now",
    ):
        assert said in page


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"of": "author", "limit": "rpm", "before": None, "after": 600},
            "author: rpm – → 600 a minute, took effect at ",
        ),
        (
            {"of": "author", "limit": "max_concurrency", "before": 8, "after": 64},
            "the limit is 44 now and climbs",
        ),
        (
            {"of": "author", "limit": "max_concurrency", "before": 8, "after": 100},
            "its endpoint lets 64 through",
        ),
    ],
)
def test_an_acknowledgement_says_what_was_and_what_still_holds_it_back(change, said):
    assert said in changed_text(acknowledged(**change))


@contextmanager
def a_run_that_goes(folder: Path):
    """Answer as a run does, from another thread; yield what it was asked."""
    asked, is_up, over = [], threading.Event(), threading.Event()
    folder.mkdir(parents=True)
    (folder / "journal.db").write_bytes(b"")

    async def answer(question):
        asked.append(question)
        if question["ask"] != "change":
            return {"ok": True, **VIEW.model_dump()}
        if question["changes"][0]["to"] == 0:
            return {"ok": False, "error": "0 is no limit \x1b[31m"}
        (change,) = question["changes"]
        done = acknowledged(of=change["of"], limit=change["limit"], before=8, after=change["to"])
        return {"ok": True, **done.model_dump()}

    async def serve():
        async with open_door(folder, answer, pytest.fail):
            is_up.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert is_up.wait(30)
    yield asked
    over.set()
    thread.join(30)


def test_a_run_is_named_as_for_every_verb_and_shown(cli):
    with a_run_that_goes(Path("reports/small/one")):
        by_name, by_path = cli("runs", "small/one"), cli("runs", "reports/small/one", "--json")

    assert by_name.code == 0
    assert "12 of 100 done" in by_name.out
    (line,) = by_path.json
    assert (line["exit"], line["state"], line["rows"]["done"]) == (0, "running", 12)
    assert line["run"] == str(Path("reports/small/one").resolve())


def test_changes_are_sent_together_and_acknowledged(cli):
    with a_run_that_goes(Path("reports/small/one")) as asked:
        ran = cli("runs", "small/one", "--rpm", "http://127.0.0.1:8000/v1 SOME_KEY=1_200")
        ended = cli("runs", "small/one", "--tpm", "author=none", "--json")

    assert "SOME_KEY: rpm 8 → 1,200 a minute, took effect at " in ran.out
    assert [question["changes"] for question in asked] == [
        [{"of": "http://127.0.0.1:8000/v1 SOME_KEY", "limit": "rpm", "to": 1200.0}],
        [{"of": "author", "limit": "tpm", "to": None}],
    ]
    (line,) = ended.json
    assert line["took_effect_at"].startswith("2026-11-25T21:01:02")
    assert line["changed"] == [{"of": "author", "limit": "tpm", "before": 8, "after": None}]


def test_a_run_is_paused_goes_on_and_is_stopped(cli):
    with a_run_that_goes(Path("reports/small/one")) as asked:
        paused = cli("runs", "small/one", "--pause")
        for wish in ("--go-on", "--stop"):
            cli("runs", "small/one", wish, "--json")

    assert [question["ask"] for question in asked] == ["pause", "go_on", "stop"]
    assert "12 of 100 done" in paused.out


def test_a_refusal_is_exit_4_with_the_runs_own_reason(cli):
    with a_run_that_goes(Path("reports/small/one")):
        ran = cli("runs", "small/one", "--max-concurrency", "author=0", "--json")

    assert ran.code == 4
    assert ran.json[-1]["error"] == "0 is no limit  [31m"
    assert "\x1b" not in ran.err


def test_watching_ends_with_the_run(cli, monkeypatch):
    monkeypatch.setattr("sygra_eval.cli.runs.SECONDS_BETWEEN_LOOKS", 0.0)
    folder = Path("reports/small/one")
    with a_run_that_goes(folder) as asked:
        stopper = threading.Thread(target=lambda: _until_asked(asked, folder), daemon=True)
        stopper.start()
        ran = cli("runs", "small/one", "--watch")
        stopper.join(30)

    assert ran.code == 0
    assert ran.out.count("12 of 100 done") >= 3
    assert "\x1b" not in ran.out  # no redrawing where there is no terminal
    assert ran.out.endswith("unreadable: no process works on it\n")


def _until_asked(asked, folder):
    while len(asked) < 3:
        time.sleep(0.001)
    (folder / "CONTROL").unlink()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--rpm", "author=5"], "name the RUN that is meant"),
        (["--watch"], "name the RUN that is meant"),
        (["--pause"], "name the RUN that is meant"),
        (["small/none"], "small/none is not a run"),
        (["small/one", "--watch", "--json"], "--watch is for people"),
        (["small/one", "--rpm", "author"], "`author` is not NAME=N"),
        (["small/one", "--rpm", "author=lots"], "`lots` is no number"),
        (["small/one", "--rpm", "author=nan"], "`nan` is no number"),
    ],
)
def test_what_cannot_be_asked_for_is_said_before_anything_is_done(cli, arguments, said):
    ran = cli("runs", *arguments)

    assert ran.code == 4
    assert said in ran.err


def test_runs_are_listed_with_what_they_came_to(cli, run, suite):
    run(suite("one", "good", "bad"), "--json")

    listed, as_data, none = cli("runs"), cli("runs", "--json"), cli("runs", "--out", "nowhere")

    assert "one/" in listed.out
    assert "finished" in listed.out
    (line,) = as_data.json
    assert [(known["state"], known["verified"], known["rejected"]) for known in line["runs"]] == [
        ("finished", 1, 1)
    ]
    assert none.out == "no runs below nowhere\n"


def test_a_finished_run_is_shown_and_takes_no_limits(cli, run, suite):
    folder = json.loads(run(suite("one", "good"), "--json").out)["run"]

    shown, refused = cli("runs", folder), cli("runs", folder, "--max-concurrency", "author=3")

    assert shown.out.endswith("finished: no process works on it\n")
    assert refused.code == 4
    assert "no process works on this run" in refused.err
