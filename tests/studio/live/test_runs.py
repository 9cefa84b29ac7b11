"""Runs are started, shown, steered and told of; the counts are the journal's."""

import shutil
import sqlite3
from contextlib import closing

import pytest

from tests.studio.live.conftest import Events, Server, ended, started, until, write_suite
from tests.studio.served import served


def by_sql(folder):
    """Count in the journal itself."""
    with closing(sqlite3.connect(f"file:{folder}/journal.db?mode=ro", uri=True)) as journal:
        ask = lambda sql: journal.execute(sql).fetchall()  # noqa: E731
        return {
            "outcomes": dict(ask("SELECT outcome, count(*) FROM outcome GROUP BY 1")),
            "visits": dict(ask("SELECT node, count(*) FROM visit GROUP BY 1")),
            "calls": ask("SELECT count(*) FROM call")[0][0],
        }


def test_a_run_is_started_counted_and_told_of_to_its_end(finished):
    counts, truth, events = finished.snapshot["counts"], by_sql(finished.run), finished.events

    assert counts["outcomes"] == {"verified": 8, "rejected": 4, "failed": 0, "unjudged": 0}
    assert {k: v for k, v in counts["outcomes"].items() if v} == truth["outcomes"]
    assert {name: node["ok"] for name, node in counts["nodes"].items()} == truth["visits"]
    assert counts["spending"]["calls"] == truth["calls"] == 24
    assert {(e["source"], e["target"]): e["times"] for e in counts["edges"]} == {
        ("START", "first"): 12,
        ("first", "second"): 12,
        ("second", "END"): 12,
    }
    assert counts["validators"] == {"length": {"passed": 8, "failed": 4, "error": 0, "skipped": 0}}
    assert (counts["is_whole"], counts["damaged"], counts["state"]) == (True, 0, "finished")
    assert finished.snapshot["control"]["can_resume"] is False
    assert finished.snapshot["suite_path"] == "live.yaml"
    assert events.of("counts")[-1]["outcomes"] == counts["outcomes"]
    assert events.of("ended") == ["finished"]
    assert finished.told["command"].startswith("sygra-eval run ")
    assert events.headers["cache-control"] == "no-store"


def test_a_run_is_paused_goes_on_and_is_stopped(studio, endpoint, workspace):
    write_suite(workspace, endpoint.model_entry(), rows=200)
    endpoint.latency_s = 0.1
    try:
        told, address = started(studio)
        live = lambda: studio.client.get(address).json()  # noqa: E731
        until(lambda: live()["control"]["can_pause"], what="its door")

        paused = studio.client.post(f"{address}/pause")
        until(lambda: live()["counts"]["state"] == "paused")
        again = studio.client.post(f"{address}/pause")  # as of a second tab
        changed = studio.client.patch(
            f"{address}/limits",
            json={"changes": [{"of": "author", "limit": "max_concurrency", "to": 2}]},
        )
        went_on = studio.client.post(f"{address}/resume")
        stopped = studio.client.post(f"{address}/stop")
        snapshot = ended(studio, address)
    finally:
        endpoint.latency_s = 0.0

    assert [one.status_code for one in (paused, again, changed, went_on, stopped)] == [200] * 5
    assert changed.json()["told"] == "author: max_concurrency is 2.0"
    assert snapshot["counts"]["state"] == "interrupted"
    assert snapshot["control"]["can_resume"] is True

    resumed = studio.client.post(f"{address}/resume")
    finished = until(
        lambda: (one := live())["counts"]["state"] == "finished" and one, what="the resumed end"
    )

    assert "resume" in resumed.json()["told"]
    assert finished["counts"]["rows"] == 200
    truth = by_sql(workspace / "reports/live" / told["run"])
    assert {n: node["ok"] for n, node in finished["counts"]["nodes"].items()} == truth["visits"]


def still(snapshot):
    """What of the counts does not change by itself."""
    return {**snapshot["counts"], "pace": None}


@pytest.mark.only_full("test_reload.py kills a server too, under a page")
def test_a_run_lives_on_when_the_server_is_killed_and_a_new_one_finds_it(workspace, endpoint):
    """In the middle of a run of 1,000 rows: the counts of the new server are the journal's."""
    write_suite(workspace, endpoint.model_entry(), rows=1_000)
    endpoint.latency_s = 0.02
    with Server.on(workspace) as server:
        told, address = started(server)
        until(lambda: server.client.get(address).json()["counts"]["rows"] > 20, what="rows")
        assert server.client.post(f"{address}/pause").status_code == 200
        server.process.kill()

    with Server.on(workspace) as server:
        live = lambda: server.client.get(address).json()  # noqa: E731
        until(lambda: live()["counts"]["state"] == "paused", what="the paused run")
        until(lambda: live()["counts"]["in_flight"] > 0)
        first = until(lambda: (one := live()) and still(one) == still(live()) and one)
        truth = by_sql(workspace / "reports/live" / told["run"])
        (card,) = server.client.get("/api/runs").json()
        killed = server.client.post(f"{address}/kill")
        until(lambda: live()["counts"]["state"] == "killed")
    endpoint.latency_s = 0.0

    counts = first["counts"]
    assert (card["run"], card["state"]) == (told["run"], "running")
    assert {k: v for k, v in counts["outcomes"].items() if v} == truth["outcomes"]
    assert {n: node["ok"] for n, node in counts["nodes"].items()} == truth["visits"]
    assert counts["spending"]["calls"] == truth["calls"]
    assert 20 < counts["rows"] < 1_000 == counts["total"]
    assert killed.status_code == 200, killed.text


def test_a_run_that_dies_before_it_begins_says_why(studio, workspace):
    (workspace / "live.yaml").write_text(
        (workspace / "live.yaml").read_text().replace("rows.jsonl", "nothing.jsonl")
    )
    told, address = started(studio)

    snapshot = until(lambda: (one := studio.client.get(address).json())["error"] and one)
    (card,) = studio.client.get("/api/runs").json()

    assert "ended with exit code 4" in snapshot["error"]
    assert "nothing.jsonl" in snapshot["error"]
    assert (card["run"], card["state"]) == (told["run"], "killed")


def test_a_folder_that_is_removed_is_told_as_gone_and_harms_no_other(finished):
    client = finished.studio.client
    copy, address = finished.copied("removed")

    with Events(finished.studio, f"{finished.topic},run:live/removed") as events:
        until(lambda: len(events.of("counts")) == 2)
        shutil.rmtree(copy)
        until(lambda: events.of("gone"), what="gone")

    assert events.of("gone") == [{"suite": "live", "run": "removed"}]
    assert client.get(address).status_code == 404
    assert client.get(finished.address).json()["counts"]["rows"] == 12


def test_damaged_rows_are_counted_and_the_others_are_told(finished):
    copy, address = finished.copied("damaged")
    with closing(sqlite3.connect(copy / "journal.db")) as journal:
        journal.execute("UPDATE outcome SET reason = 'another' WHERE idx IN (0, 5)")
        journal.execute("UPDATE visit SET data = '{' WHERE rowid = 3")
        journal.commit()

    counts = finished.studio.client.get(address).json()["counts"]

    shutil.rmtree(copy)
    assert (counts["rows"], counts["damaged"]) == (10, 3)
    assert sum(node["ok"] for node in counts["nodes"].values()) == 23


def test_a_journal_that_is_none_is_refused_with_what_to_do(finished):
    copy, address = finished.copied("broken")
    (copy / "journal.db").write_bytes(b"SQLite format 3\0" + b"nothing" * 400)

    answered = finished.studio.client.get(address)
    listed = finished.studio.client.get("/api/runs").json()

    shutil.rmtree(copy)
    assert (answered.status_code, "doctor" in answered.text) == (409, True)
    assert {one["run"]: one["state"] for one in listed}["broken"] == "unreadable"


def test_who_was_away_asks_again_of_another_server(finished):
    with Events(finished.studio, finished.topic, last=finished.events.last_id) as back:
        counts = until(lambda: back.of("counts"))
    with Events(finished.studio, finished.topic, last="feedbeef.3") as elsewhere:
        until(lambda: elsewhere.of("counts"))

    assert counts[-1]["rows"] == 12
    assert back.of("resync") == []
    assert elsewhere.of("resync") == [None]


def test_topics_that_are_not_there_are_refused(finished):
    with Events(finished.studio, "run:nowhere/none,run:..%2F..,runs") as events:
        until(lambda: len(events.of("refused")) == 2)

    assert finished.studio.client.get("/api/runs/nowhere/none").status_code == 404


def test_a_read_only_studio_starts_nothing_and_shows_all(finished):
    with served(finished.folder, is_read_only=True) as one:
        shown = one.client.get(finished.address)
        changes = [
            one.client.post("/api/runs", json={"suite": "live.yaml"}),
            one.client.post("/api/estimates", json={"suite": "live.yaml"}),
            *(one.client.post(f"{finished.address}/{w}") for w in ("pause", "stop", "kill")),
        ]

    assert shown.json()["counts"]["rows"] == 12
    assert [one.status_code for one in changes] == [403] * 5


def test_an_estimate_comes_from_an_earlier_run_and_the_bound(finished):
    told = finished.studio.client.post(
        "/api/estimates", json={"suite": "live.yaml", "rows": "limit", "limit": 6}
    ).json()

    assert told["rows"] == 6
    assert told["calls"]["middle"] == 12
    assert told["most_calls"] == 12
    assert told["basis"] == f"12 rows of the run live/{finished.told['run']}"


def test_what_is_finished_is_not_steered(finished):
    client = finished.studio.client

    answers = [client.post(f"{finished.address}/{w}") for w in ("pause", "resume", "stop", "kill")]

    assert [one.status_code for one in answers] == [409] * 4
    assert "no process works on this run" in answers[0].text
    assert "nothing to go on with" in answers[1].text
