"""The door of a run whose process is killed, stopped, or is not there any more."""

import signal
import stat

from sygra_eval.engine import control_client, known_run
from sygra_eval.journal import open_readonly
from tests.faults.conftest import IN_FLIGHT, ROWS


def test_a_run_is_looked_at_and_changed_by_another_process_and_a_kill_is_seen(
    server, cli, only_run, undisturbed
):
    server.stop()
    server.start(latency_s=30, port=server.port)
    child = cli("run", undisturbed.suite, "--out", "killed", "--json")
    server.wait_for(IN_FLIGHT, child)
    folder = only_run("killed")

    seen = cli("runs", folder, "--json").end()
    changed = cli("runs", folder, "--max-concurrency", f"author={IN_FLIGHT + 3}", "--json").end()
    server.wait_for(IN_FLIGHT + 3, child)
    child.kill_group()
    dead = cli("runs", folder, "--json").end()
    refused = cli("runs", folder, "--max-concurrency", "author=9", "--json").end()

    assert seen.line["state"] == "running"
    assert seen.line["endpoints"][0]["in_flight"] == IN_FLIGHT
    assert (changed.code, changed.line["changed"][0]["after"]) == (0, IN_FLIGHT + 3)
    assert (dead.code, dead.line["state"]) == (0, "killed")
    assert refused.code == 4
    assert "no process works on this run" in refused.line["error"]
    with open_readonly(folder / "journal.db") as reader:  # what was acknowledged was on disk
        (event,) = (event for event in reader.events() if event.kind == "limit_changed")
    assert event.data == {"of": "author", "limit": "max_concurrency", "before": 4.0, "after": 7.0}
    assert stat.S_ISSOCK((folder / "CONTROL").lstat().st_mode)

    server.stop()
    server.start(port=server.port)
    resumed = cli("resume", folder, "--json").end()

    assert (resumed.code, resumed.line["rows"]) == (0, ROWS)
    assert not (folder / "CONTROL").exists()
    assert known_run(folder).state == "finished"


def test_a_process_that_is_stopped_is_told_from_one_that_is_gone(
    server, cli, only_run, undisturbed, monkeypatch
):
    server.stop()
    server.start(latency_s=30, port=server.port)
    child = cli("run", undisturbed.suite, "--out", "held", "--json")
    server.wait_for(1, child)
    child.send(signal.SIGSTOP)
    monkeypatch.setattr(control_client, "SECONDS", 0.2)

    try:
        control_client.look_at(only_run("held"))
        said = "it answered"
    except control_client.ControlRefused as refused:
        said = str(refused)
    state = known_run(only_run("held")).state
    child.send(signal.SIGCONT)
    child.kill_group()

    assert "did not answer within 0.2 s; is it stopped" in said
    assert state == "running"
