"""Databases and servers may go away once a run has begun; what is secret stays secret."""

import json
import sqlite3
import subprocess
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import yaml

from tests.faults.conftest import ROWS, rows

FILES = ("verified.jsonl", "verified.parquet", "rejected.jsonl")
TOKEN = "Bearer t0kenThatNobodyMaySee"


def suite_from(undisturbed, folder, **source):
    document = yaml.safe_load(undisturbed.suite.read_text())
    document["data_config"] = {"source": {"id": "id", **source}}
    path = folder / "kept.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


def verified_of(folder):
    """Return the verified rows without what says from which suite they are."""
    found = [json.loads(line) for line in (folder / "verified.jsonl").read_text().splitlines()]
    for row in found:
        del row["provenance"]["suite_sha256"]
    return found


@pytest.fixture
def file_server():
    """A server of the rows that wants a key, and keeps what it was sent."""
    data = "".join(json.dumps(row) + "\n" for row in rows()).encode()
    sent: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            sent.append(self.headers.get("Authorization"))
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/rows.jsonl", sent
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_downloaded_input_is_asked_for_once_and_its_key_is_written_nowhere(
    server, cli, only_run, undisturbed, tmp_path, file_server
):
    url, sent = file_server
    headers = {"Authorization": "ROWS_AUTH"}
    suite = suite_from(undisturbed, tmp_path, type="http", url=url, headers_env=headers)

    child = cli("run", suite, "--out", "killed", "--json", env={"ROWS_AUTH": TOKEN})
    server.wait_for(5, child)
    child.kill_group()
    resumed = cli("resume", only_run("killed"), "--json").end()  # without the key

    assert (resumed.code, resumed.line["rows"]) == (0, ROWS), resumed.err
    assert sent == [TOKEN]
    assert verified_of(resumed.folder) == verified_of(undisturbed.ended.folder)
    files = [path for path in resumed.folder.rglob("*") if path.is_file()]
    assert len(files) > 8
    assert [path for path in files if TOKEN.encode() in path.read_bytes()] == []
    assert TOKEN not in resumed.err + resumed.out


def test_a_database_that_goes_away_in_the_middle_takes_no_row_with_it(
    server, cli, only_run, undisturbed, tmp_path
):
    path = tmp_path / "rows.db"
    with closing(sqlite3.connect(path)) as made:
        made.execute("CREATE TABLE t (id TEXT, question TEXT, entry_point TEXT, v TEXT, h TEXT)")
        for row in rows():
            tests = [row["visible_tests"][0], row["hidden_tests"][0]]
            made.execute(
                "INSERT INTO t VALUES (?, ?, ?, ?, ?)",
                (row["id"], row["question"], row["entry_point"], *tests),
            )
        made.commit()
    query = "SELECT id, question, entry_point, v AS visible_tests, h AS hidden_tests FROM t"
    suite = suite_from(undisturbed, tmp_path, type="sql", url="sqlite:///rows.db", query=query)

    child = cli("run", suite, "--out", "killed", "--json")
    server.wait_for(5, child)
    path.unlink()
    server.wait_for(12, child)
    child.kill_group()
    resumed = cli("resume", only_run("killed"), "--json", stdin=subprocess.DEVNULL).end()

    assert (resumed.code, resumed.line["rows"]) == (0, ROWS), resumed.err
    assert [row["id"] for row in verified_of(resumed.folder)] == [
        row["id"] for row in verified_of(undisturbed.ended.folder)
    ]
