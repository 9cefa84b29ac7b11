"""A run that was killed goes on with a changed input, and is killed again."""

import signal
from collections import Counter

from tests.faults.conftest import ROWS, UNSAVED, rows, write_suite

FILES = ("verified.jsonl", "verified.parquet")


def test_a_changed_input_is_asked_about_and_killed_and_ends_as_a_new_run_would(
    server, cli, only_run, tmp_path
):
    suite = write_suite(tmp_path / "suite", server.base_url)
    child = cli("run", suite, "--out", "changed", "--json")
    server.wait_for(20, child)
    child.send(signal.SIGTERM)
    stopped = child.end()
    more = [{**row, "id": row["id"].replace("row", "new")} for row in rows(3)]
    write_suite(tmp_path / "suite", server.base_url, rows=[*more, *rows()])
    before = len(server.requests())

    refused = cli("resume", stopped.folder, "--json").end()
    assert (refused.code, len(server.requests())) == (4, before)
    assert "`--accept-plan-change` agrees" in refused.line["error"]
    assert "new, or not begun before (new/0, new/1, new/2, " in refused.err
    assert "calls can be reused, at least" in refused.err
    again = cli("resume", stopped.folder, "--accept-plan-change", "--json")
    server.wait_for(before + 8, again)
    again.kill_group()
    resumed = cli("resume", stopped.folder, "--json").end()
    sent = Counter(server.requests())
    server.forget()
    anew = cli("run", suite, "--out", "anew", "--json").end()

    assert resumed.code == 0, resumed.err
    assert resumed.line["rows"] == ROWS + 3
    assert sum((sent - Counter(server.requests())).values()) <= UNSAVED
    assert [(resumed.folder / name).read_bytes() for name in FILES] == [
        (anew.folder / name).read_bytes() for name in FILES
    ]
