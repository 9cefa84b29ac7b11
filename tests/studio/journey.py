"""One walk through Studio on the shipped suite, as a person goes it for the first time.

`test_journey` goes it in CI with a recorded run of the embedded model, which is played at a
thirtieth of the time that it took; `make studio-journey` goes it live, and takes the pictures of
docs/studio.md on the way.
"""

import gzip
import json
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from sygra_eval.testing.endpoint import ScriptedEndpoint

HERE = Path(__file__).parent
SUITES = HERE.parent.parent / "suites"
NAME = "glaive_code_assistant"
RECORDED = HERE / "recorded" / "journal.db.gz"
KEY, WRONG_KEY = "sk-journey-0123456789abcdef", "sk-wrong-0123456789abcdef"
ROW = "code/hotel-nights"  # its first draft fails in the recorded run, and a later one does better
PACE = 0.03

Shot = Callable[[Any, str], None]


def workspace(folder: Path, *, is_live: bool) -> Path:
    """Put the shipped suite into a folder; unless it is live, its models answer as recorded."""
    (folder / "data").mkdir(parents=True)
    shutil.copy(SUITES / "data" / "code_questions.jsonl", folder / "data")
    text = (SUITES / f"{NAME}.yaml").read_text()
    if not is_live:
        tape = folder / "recorded"
        tape.mkdir()
        (tape / "journal.db").write_bytes(gzip.decompress(RECORDED.read_bytes()))
        replayed = f"{{use: replay, run: recorded, pace: {PACE}, max_concurrency: 2, "
        text, count = re.subn(r"\{use: embedded, ", replayed, text)
        assert count == 2, "the shipped suite names its two models in another way now"
    (folder / f"{NAME}.yaml").write_text(text)
    return folder


def walk(
    page: Any, one: Any, endpoint: ScriptedEndpoint, shot: Shot, *, rows: int, row: str | None = ROW
) -> None:
    """Go the whole way.

    :param one: The open Studio; `page` is its start.
    :param row: The row that is opened; None takes the first one of which a test flips.
    """
    _add_a_model(page, one, endpoint, shot)
    run = _start_a_run(page, one, shot, rows)
    _watch_rounds(page, shot)
    row = row or _first_that_flips(page, one, run)
    link = page.locator(".latest .row-link", has_text=row).first
    link.wait_for()
    page.get_by_role("button", name="Pause").click()  # it shall be there to be stopped afterwards
    page.locator(".state-paused").wait_for()
    link.click()
    _judge_it(page, row, shot)
    _stop_it(page, one, run, shot)
    _find_the_same_figures(page, one, run)


def _add_a_model(page: Any, one: Any, endpoint: ScriptedEndpoint, shot: Shot) -> None:
    page.get_by_role("heading", name=NAME).wait_for()
    shot(page, "start")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Models").click()
    page.get_by_role("link", name="Add a model").first.click()
    page.get_by_role("link", name="OpenAI-compatible").click()
    page.get_by_label("Name", exact=True).fill("reviewer")
    page.get_by_label("Base URL").fill(endpoint.base_url)
    page.get_by_label("Key: environment variable").fill("REVIEWER_API_KEY")
    page.get_by_label("Model", exact=True).fill("scripted")
    page.get_by_label("Key for REVIEWER_API_KEY").fill(WRONG_KEY)
    page.get_by_role("button", name="Test now").click()
    page.get_by_text("The key is refused").wait_for()
    shot(page, "model-wrong-key")
    page.get_by_label("Key for REVIEWER_API_KEY").fill(KEY)
    page.keyboard.press("Enter")
    page.get_by_text("taken, for this session").wait_for()
    page.get_by_role("button", name="Test now").click()
    page.get_by_text("It can be used").wait_for()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("reviewer stands in models.yaml").wait_for()
    shot(page, "models")
    assert KEY not in page.content()
    assert KEY not in (one.workspace.root / "models.yaml").read_text()


def _start_a_run(page: Any, one: Any, shot: Shot, rows: int) -> str:
    page.goto(f"{one.url}/#/suites/{NAME}.yaml")
    page.locator(".face-step").nth(3).wait_for()
    shot(page, "suite")
    page.get_by_role("button", name="Start a run").click()
    page.get_by_label("The first").check()
    page.get_by_label("how many").fill(str(rows))
    shot(page, "run-dialog")
    page.get_by_role("button", name="Start", exact=True).click()
    page.locator(".state-running").wait_for()
    suite, run = page.url.split("/runs/")[1].split("?")[0].split("/")
    return f"{suite}/{run}"


def _watch_rounds(page: Any, shot: Shot) -> None:
    """Text is written at a node, rounds are counted, and rows end."""
    page.locator(".writing pre").first.wait_for()
    page.locator(".edge-label-back", has_text=re.compile(r"rounds 1")).wait_for()
    page.locator(".latest .row-link").nth(1).wait_for()
    page.locator(".writing pre").first.wait_for()
    shot(page, "run-live")


def _first_that_flips(page: Any, one: Any, run: str) -> str:
    while True:
        for line in one.client.get(f"/api/runs/{run}/rows").json()["rows"]:
            told = one.client.get(f"/api/runs/{run}/row", params={"row": line["row"]}).json()
            attempts = [attempt for each in told["rounds"] for attempt in each["attempts"]]
            if any(attempt["fixed"] for attempt in attempts):
                return str(line["row"])
        page.wait_for_timeout(1_000)


def _judge_it(page: Any, row: str, shot: Shot) -> None:
    page.get_by_role("heading", name=row).wait_for()
    flips = page.get_by_role("region", name="Tests that flipped")
    flips.wait_for()
    assert "red" in flips.inner_text()
    assert "unit_tests" in flips.inner_text()
    assert page.get_by_role("table", name="Rounds").get_by_role("row").count() >= 3
    page.keyboard.press("n")
    page.keyboard.type("the reference should say what no nights are")
    page.keyboard.press("Control+Enter")
    marks = page.get_by_role("list", name="Marks")
    marks.get_by_text("what no nights are").wait_for()
    page.get_by_label("Note", exact=True).wait_for(state="hidden")
    page.keyboard.press("r")
    marks.get_by_text("✗ rejected").wait_for()
    shot(page, "record")
    page.keyboard.press("b")
    page.get_by_role("grid").wait_for()
    page.get_by_role("grid").get_by_text(row).first.wait_for()
    shot(page, "rows")


def _stop_it(page: Any, one: Any, run: str, shot: Shot) -> None:
    page.goto(f"{one.url}/#/runs/{run}")
    page.get_by_role("button", name="Stop after current").click()
    page.locator(".state-interrupted, .state-finished").first.wait_for()
    shot(page, "run-stopped")


def _find_the_same_figures(page: Any, one: Any, run: str) -> None:
    """What the page says is what the command line says, and what stands in the journal."""
    folder = one.workspace.reports / run
    command = [sys.executable, "-m", "sygra_eval", "report", str(folder), "--as", "json"]
    told = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    figures = json.loads(told.stdout)
    shown = page.locator(".outcomes dd").all_inner_texts()
    with closing(sqlite3.connect(folder / "journal.db")) as journal:
        counted = dict(journal.execute("SELECT outcome, count(*) FROM outcome GROUP BY outcome"))
    outcomes = {
        name: figures["outcomes"][name]["value"] for name in ("verified", "rejected", "failed")
    }
    assert [int(text) for text in shown[:3]] == list(outcomes.values())
    assert {name: count for name, count in outcomes.items() if count} == counted
