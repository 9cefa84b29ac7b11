"""What Studio takes to browse a run of many rows: `python -m benchmarks.studio_rows [ROWS]`.

Makes a run of ROWS rows (100 000) as benchmarks/reports.py does, starts `sygra-eval studio` on it,
and asks for pages, facets and searches as the browser does, beside a bare `SELECT` of as many rows
of the journal. Then a real browser opens the table, jumps into it, filters, searches, and reads
records, where Chromium and Playwright are installed. Printed is the median and the slowest of each,
and the peak memory of the server. Issue 10 asks for a page under 0.5 s and under 200 MB.
"""

import importlib.util
import os
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx

from benchmarks.reports import ROWS, make_run
from benchmarks.studio_process import memory_mb, studio

TIMES = 7
_HERE = "/api/runs/many/run"
_FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
_ROW = ".rows-body .mono"
Query = Callable[[], Mapping[str, Any]]


def _told(name: str, took: list[float], floor: float | None = None) -> None:
    middle = statistics.median(took)
    ratio = "" if floor is None else f"  {middle / floor:7.1f} × a bare SELECT"
    print(
        f"{name:<34} {1e3 * middle:8.1f} ms  slowest {1e3 * max(took):8.1f} ms{ratio}", flush=True
    )


def _timed(act: Callable[[], object], times: int = TIMES) -> list[float]:
    took = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        took.append(time.perf_counter() - began)
    return took


def _bare_select(folder: Path) -> float:
    sql = "SELECT idx, record, outcome, reason FROM outcome ORDER BY idx LIMIT 100 OFFSET ?"
    with closing(sqlite3.connect(folder / "journal.db")) as journal:
        places = iter(range(0, 1000 * TIMES, 1000))
        return statistics.median(_timed(lambda: journal.execute(sql, (next(places),)).fetchall()))


def _ask(client: httpx.Client, path: str, query: Mapping[str, Any]) -> Any:
    answer = client.get(f"{_HERE}/{path}", params=query)
    answer.raise_for_status()
    return answer.json()


def _over_http(client: httpx.Client, folder: Path, rows: int) -> None:
    began = time.perf_counter()
    _ask(client, "rows", {"most": 100})
    _told("first page of the first opening", [time.perf_counter() - began])
    while _ask(client, "rows", {"most": 0})["read"] < rows:
        time.sleep(0.2)
    print(f"{'all rows can be found after':<34} {time.perf_counter() - began:8.1f} s")
    while not _ask(client, "rows", {"most": 0})["is_settled"]:
        time.sleep(0.2)
    print(f"{'and what their calls cost':<34} {time.perf_counter() - began:8.1f} s")
    floor = _bare_select(folder)
    _told("floor: 100 rows by a bare SELECT", [floor])
    view = _ask(client, "rows", {"most": 0})["view"]
    places = iter(range(0, rows, max(1, rows // 90)))
    asked: list[tuple[str, str, Query]] = [
        ("a page anywhere in the table", "rows", lambda: {"at": next(places), "view": view}),
        (
            "a page with two variables",
            "rows",
            lambda: {"at": next(places), "column": ["topic", "code"]},
        ),
        (
            "filtered: a new view each time",
            "rows",
            lambda: {"outcome": "rejected", "at": next(places) // 9},
        ),
        ("sorted by time, in the middle", "rows", lambda: {"sort": "-latency", "at": rows // 2}),
        ("a search that finds one row", "rows", lambda: {"q": f"number {next(places)} says"}),
        ("a search that finds all", "rows", lambda: {"q": "TOTAL = SUM("}),
        ("counts of all facets", "facets", dict),
        (
            "counts under two filters",
            "facets",
            lambda: {"outcome": "rejected", "latency": ["2", "3"]},
        ),
        ("counts under a search", "facets", lambda: {"q": f"number {next(places)} says"}),
        ("one record", "row", lambda: {"row": f"row-{next(places):07}"}),
    ]
    for name, path, query in asked:
        more = {"most": 100} if path == "rows" else {}

        def act(path: str = path, query: Query = query, more: Mapping[str, Any] = more) -> object:
            return _ask(client, path, {**more, **query()})

        _told(name, _timed(act), floor)


def _in_the_browser(link: str, rows: int) -> None:
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium", path=f"{os.environ.get('PATH', '')}:/usr/bin")
    home = link.partition("/?")[0]
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=_FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(link)

        def open_table() -> None:
            page.goto("about:blank")
            page.goto(f"{home}/#/runs/many/run/rows")
            # Asked at each frame; a locator is looked for every half second in the end.
            page.wait_for_function("row => document.querySelector(row) !== null", arg=_ROW)

        _told("browser: open the table", _timed(open_table))
        places = iter(range(rows // 9, rows, max(1, rows // 9)))

        def jump() -> None:
            place = next(places)
            page.evaluate(f"document.querySelector('.rows-table').scrollTop = {place} * 34")
            page.get_by_text(f"row-{place:07}", exact=True).wait_for()

        _told("browser: jump in the table", _timed(jump))
        elements = page.evaluate("document.querySelectorAll('*').length")
        print(f"{'elements of the page':<34} {elements:8}")
        page.locator(".facet-value").first.wait_for()
        box = page.get_by_label("rejected", exact=False).first

        def toggle() -> None:
            was = page.locator(".rows-count").inner_text()
            box.click()
            other = "was => document.querySelector('.rows-count').innerText !== was"
            page.wait_for_function(other, arg=was)

        _told("browser: a filter on or off", _timed(toggle, 6))
        page.goto(f"{home}/#/runs/many/run/row?id=row-0000005")
        page.get_by_role("region", name="Code of round 2").wait_for()
        numbers = iter(range(6, 100))

        def following() -> None:
            number = next(numbers)
            page.keyboard.press("j")
            page.get_by_role("heading", name=f"row-{number:07}").wait_for()
            page.get_by_role("region", name="Code of round 2").wait_for()

        page.wait_for_timeout(500)
        _told("browser: next record (j)", _timed(following))
        browser.close()


def main() -> None:
    """Print a line each."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "reports/many/run"
        make_run(folder, rows)
        size = (folder / "journal.db").stat().st_size / 1e6
        load = os.getloadavg()[0]
        print(f"{rows} rows, journal {size:.0f} MB; {os.cpu_count()} cores, load {load:.1f}")
        with studio(Path(place)) as (link, pid):
            home, _, token = link.partition("/?token=")
            print(f"{'memory at the start':<34} {memory_mb(pid, 'VmRSS'):8.0f} MB")
            headers = {"authorization": f"Bearer {token}"}
            with httpx.Client(
                base_url=home, headers=headers, timeout=60, trust_env=False
            ) as client:
                _over_http(client, folder, rows)
            if importlib.util.find_spec("playwright") is not None:
                _in_the_browser(link, rows)
            print(f"{'peak memory of the server':<34} {memory_mb(pid, 'VmHWM'):8.0f} MB")


if __name__ == "__main__":
    main()
