"""In the middle of a run, rows ending: a reload, a killed server and a new one show the journal."""

import re
import sqlite3
import time
from contextlib import closing

import pytest

from tests.conftest import IS_FULL
from tests.studio.live.conftest import PATIENCE_S, Server, started, write_suite

ROWS = 1_000 if IS_FULL else 80
ROWS_TILE = re.compile("^Rows$")


def rows_in(folder):
    with closing(sqlite3.connect(f"file:{folder}/journal.db?mode=ro", uri=True)) as journal:
        return dict(journal.execute("SELECT outcome, count(*) FROM outcome GROUP BY 1"))


def figure(page):
    """Read how many rows the page says."""
    tile = page.locator(".tile", has=page.locator("dt", has_text=ROWS_TILE))
    tile.wait_for()
    text = tile.locator("b").inner_text().replace(",", "")
    return int(text) if text.isdigit() else 0


def looked_at(page, folder, *, least):
    """Look at a page until four more rows ended there; return what it says then."""
    enough, until = least + 4, time.monotonic() + PATIENCE_S
    while least < enough:
        shown = figure(page)
        ended = sum(rows_in(folder).values())
        assert least <= shown <= ended, "a row went away, or one is shown that has not ended"
        assert time.monotonic() < until, f"{shown} are shown of {ended}"
        least = shown
    return least


@pytest.mark.full
def test_a_reload_and_a_killed_server_show_the_journal_while_rows_end(
    tmp_path, endpoint, open_page
):
    write_suite(tmp_path, endpoint.model_entry(), rows=ROWS)
    endpoint.latency_s = 1.0  # so that it goes on for as long as it is looked at
    lost = ("net::ERR",)  # the server is killed under the page
    with Server.on(tmp_path) as server:
        told, address = started(server)
        folder = tmp_path / "reports/live" / told["run"]
        page = open_page(server, f"#/runs/live/{told['run']}", allowed_errors=lost)
        page.locator(".state-running").wait_for()
        least = looked_at(page, folder, least=0)
        page.reload()
        least = looked_at(page, folder, least=least)
        endpoint.latency_s = 4.0  # until another server is there
        server.process.kill()
        page.get_by_role("alert").get_by_text("Connection lost").wait_for()
        page.close()

    with Server.on(tmp_path) as server:
        page = open_page(server, f"#/runs/live/{told['run']}")
        page.locator(".state-running").wait_for()
        assert sum(rows_in(folder).values()) < ROWS, "it was over before it could be looked at"
        endpoint.latency_s = 0.4
        looked_at(page, folder, least=least)
        endpoint.latency_s = 0.0
        page.locator(".state-finished").wait_for(timeout=PATIENCE_S * 1_000 * (5 if IS_FULL else 1))
        page.reload()
        page.locator(".state-finished").wait_for()
        truth = rows_in(folder)
        counts = server.client.get(address).json()["counts"]

        assert figure(page) == sum(truth.values()) == ROWS
        assert {k: v for k, v in counts["outcomes"].items() if v} == truth
        until = time.monotonic() + PATIENCE_S
        shown = page.locator(".outcomes dd").first
        while shown.inner_text().replace(",", "") != str(truth["verified"]):
            assert time.monotonic() < until, shown.inner_text()
        page.close()
