"""Runs are started, shown, steered and told of; the counts are the journal's."""

import shutil
import sqlite3
from contextlib import closing

from tests.studio.live.conftest import Events, Server, ended, started, until
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


def test_a_run_is_started_counted_and_told_of_to_its_end(studio, workspace):
    told, address = started(studio)

    with Events(studio, f"run:{told['suite']}/{told['run']},runs") as events:
        snapshot = ended(studio, address)
        until(lambda: any(c["rows"] == 12 for c in events.of("counts")), what="the last counts")
        until(lambda: events.of("ended"), what="its end")

    counts, truth = snapshot["counts"], by_sql(workspace / "reports/live" / told["run"])
    assert counts["outcomes"] | {} == {"verified": 8, "rejected": 4, "failed": 0, "unjudged": 0}
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
    assert snapshot["control"]["can_resume"] is False
    assert events.of("counts")[-1]["outcomes"] == counts["outcomes"]
    assert told["command"].startswith("sygra-eval run ")
    assert events.headers["cache-control"] == "no-store"


def test_a_run_is_paused_goes_on_and_is_stopped(studio, endpoint, workspace):
    endpoint.latency_s = 0.05
    try:
        told, address = started(studio)
        live = lambda: studio.client.get(address).json()  # noqa: E731
        until(lambda: live()["control"]["can_pause"], what="its door")

        paused = studio.client.post(f"{address}/pause")
        until(lambda: live()["counts"]["state"] == "paused")
        again = studio.client.post(f"{address}/pause")  # as of a second tab
        changed = studio.client.patch(
            f"{address}/limits",
            json={"changes": [{"of": "author", "limit": "max_concurrency", "to": 1}]},
        )
        went_on = studio.client.post(f"{address}/resume")
        stopped = studio.client.post(f"{address}/stop")
        snapshot = ended(studio, address)
    finally:
        endpoint.latency_s = 0.0

    assert [one.status_code for one in (paused, again, changed, went_on, stopped)] == [200] * 5
    assert changed.json()["told"] == "author: max_concurrency is 1.0"
    assert snapshot["counts"]["state"] == "interrupted"
    assert snapshot["control"]["can_resume"] is True

    resumed = studio.client.post(f"{address}/resume")
    finished = until(
        lambda: (one := live())["counts"]["state"] == "finished" and one, what="the resumed end"
    )

    assert "resume" in resumed.json()["told"]
    assert finished["counts"]["rows"] == 12
    truth = by_sql(workspace / "reports/live" / told["run"])
    assert {name: node["ok"] for name, node in finished["counts"]["nodes"].items()} == truth[
        "visits"
    ]


def test_a_run_lives_on_when_the_server_is_killed_and_a_new_one_finds_it(workspace, endpoint):
    """The server is a process that is killed; the run is its child."""
    endpoint.latency_s = 0.05
    server = Server.on(workspace)
    try:
        told, address = started(server)
        until(lambda: server.client.get(address).json()["counts"]["rows"] > 0, what="a row")

        server.process.kill()
        server.process.wait(20)
        server = Server.on(workspace)
        (card,) = server.client.get("/api/runs").json()
        going = server.client.get(address).json()
        truth = by_sql(workspace / "reports/live" / told["run"])
        killed = server.client.post(f"{address}/kill")
        until(lambda: server.client.get(address).json()["counts"]["state"] == "killed")
    finally:
        endpoint.latency_s = 0.0
        server.process.kill()
        server.process.wait(20)

    assert (card["run"], card["state"]) == (told["run"], "running")
    assert going["counts"]["state"] == "running"
    assert 0 < going["counts"]["rows"] <= sum(truth["outcomes"].values())
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


def test_a_folder_that_is_removed_is_told_as_gone_and_harms_no_other(studio, workspace):
    gone, gone_address = started(studio)
    ended(studio, gone_address)
    stays, stays_address = started(studio)
    ended(studio, stays_address)
    topics = ",".join(f"run:{one['suite']}/{one['run']}" for one in (gone, stays))

    with Events(studio, topics) as events:
        until(lambda: len(events.of("counts")) == 2)
        shutil.rmtree(workspace / "reports/live" / gone["run"])
        until(lambda: events.of("gone"), what="gone")

    assert events.of("gone") == [{"suite": "live", "run": gone["run"]}]
    answered = studio.client.get(gone_address)
    assert (answered.status_code, "removed" in answered.text) == (404, True)
    assert studio.client.get(stays_address).json()["counts"]["rows"] == 12


def test_damaged_rows_are_counted_and_the_others_are_told(studio, workspace):
    told, address = started(studio)
    ended(studio, address)
    folder = workspace / "reports/live" / told["run"]
    with closing(sqlite3.connect(folder / "journal.db")) as journal:
        journal.execute("UPDATE outcome SET reason = 'another' WHERE idx IN (0, 5)")
        journal.execute("UPDATE visit SET data = '{' WHERE rowid = 3")
        journal.commit()
    with served(workspace) as other:
        counts = other.client.get(address).json()["counts"]

    assert (counts["rows"], counts["damaged"]) == (10, 3)
    assert sum(node["ok"] for node in counts["nodes"].values()) == 23


def test_who_was_away_gets_what_was_missed_and_of_another_server_asks_again(studio):
    told, address = started(studio)
    topic = f"run:{told['suite']}/{told['run']}"
    with Events(studio, topic) as events:
        until(lambda: events.last_id)
    ended(studio, address)

    with Events(studio, topic, last=events.last_id) as back:
        counts = until(lambda: back.of("counts"))
    with Events(studio, topic, last="feedbeef.3") as elsewhere:
        until(lambda: elsewhere.of("counts"))

    assert counts[-1]["rows"] == 12
    assert elsewhere.of("resync") == [None]


def test_topics_that_are_not_there_are_refused_and_the_others_are_told(studio):
    _, address = started(studio)
    ended(studio, address)

    with Events(studio, "run:nowhere/none,run:..%2F..,runs") as events:
        until(lambda: len(events.of("refused")) == 2)

    assert studio.client.get("/api/runs/nowhere/none").status_code == 404


def test_a_read_only_studio_starts_nothing_and_shows_all(studio, workspace):
    _, address = started(studio)
    ended(studio, address)

    with served(workspace, is_read_only=True) as one:
        shown = one.client.get(address)
        changes = [
            one.client.post("/api/runs", json={"suite": "live.yaml"}),
            one.client.post("/api/estimates", json={"suite": "live.yaml"}),
            *(one.client.post(f"{address}/{what}") for what in ("pause", "stop", "kill")),
        ]

    assert shown.json()["counts"]["rows"] == 12
    assert [one.status_code for one in changes] == [403] * 5


def test_an_estimate_comes_from_an_earlier_run_and_the_bound(studio):
    _, address = started(studio)
    ended(studio, address)

    told = studio.client.post(
        "/api/estimates", json={"suite": "live.yaml", "rows": "limit", "limit": 6}
    ).json()

    assert told["rows"] == 6
    assert told["calls"]["middle"] == 12
    assert told["most_calls"] == 12
    assert told["basis"].startswith("12 rows of the run live/")
