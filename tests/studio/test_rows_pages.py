"""What a person does with rows: finds them, reads one from its draft to its outcome, marks it."""

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.studio.rounds_run import RUN, SUITE
from tests.studio.served import served

TABLE = f"#/runs/{SUITE}/{RUN}/rows"
RECORD = f"#/runs/{SUITE}/{RUN}/row"
SMALL = {"width": 1024, "height": 768}


@pytest.fixture(scope="module")
def one(rounds_workspace, tmp_path_factory):
    folder = tmp_path_factory.mktemp("journeys") / "here"
    shutil.copytree(rounds_workspace, folder)
    with pytest.MonkeyPatch.context() as patch, served(folder) as opened:
        patch.setattr("sygra_eval.studio.rows.indexes.WAIT_S", 20)  # until all rows are read
        yield opened


@pytest.fixture
def shot():
    """Keep a picture for people, where a folder for them is named."""
    folder = os.environ.get("SYGRA_EVAL_SHOTS")

    def take(page, name):
        if folder:
            page.screenshot(path=str(Path(folder) / f"{name}.png"))

    return take


def marks_of(one):
    path = one.workspace.run(SUITE, RUN) / "marks.jsonl"
    return [json.loads(line)["kind"] for line in path.read_text().splitlines()]


def no_barriers(page):
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def ids(page):
    page.get_by_role("grid").wait_for()
    return page.locator(".rows-body .mono").all_inner_texts()


def test_rows_are_found_by_facet_and_by_text_and_the_address_says_how(one, open_page, shot):
    page = open_page(one, TABLE)
    page.get_by_text("5 rows", exact=True).wait_for()
    page.locator(".facet-value").first.wait_for()
    shot(page, "rows-light")
    no_barriers(page)

    page.get_by_label("rejected").click()  # its state is the address's, a moment later
    page.get_by_text("2 of 5 rows").wait_for()
    assert page.get_by_label("rejected").is_checked()
    page.get_by_role("button", name="Cost").click()
    page.wait_for_function(
        "() => document.querySelector('.rows-body .mono')?.innerText === 'q/long'"
    )

    assert ids(page) == ["q/long", "q/hopeless"]
    assert page.url.endswith("?outcome=rejected&sort=-cost")
    page.reload()
    page.get_by_text("2 of 5 rows").wait_for()
    page.get_by_role("button", name="Clear all").click()
    page.get_by_label("Search in texts and code").fill("x + STEP")
    page.get_by_text("3 of 5 rows").wait_for()
    assert page.locator(".match mark").first.inner_text() == "x + step"
    page.go_back()
    page.get_by_text("2 of 5 rows").wait_for()


def test_a_repaired_row_shows_its_rounds_what_changed_and_which_tests_flipped(one, open_page, shot):
    page = open_page(one, f"{RECORD}?id=q/repaired", scheme="dark")

    flips = page.get_by_role("region", name="Tests that flipped")
    flips.wait_for()
    first = flips.get_by_role("listitem").first.inner_text()
    assert first.split(maxsplit=3) == ["red", "→", "green", "unit_tests: assert f(1) == 2"]
    assert page.locator(".diff-gone").inner_text().split()[1:] == ["return", "x", "-", "step"]
    assert page.locator(".diff-new").inner_text().split()[1:] == ["return", "x", "+", "step"]
    assert "it should add" in page.get_by_role("region", name="What asked for").inner_text()
    assert page.get_by_role("table", name="Rounds").get_by_role("row").count() == 3
    shot(page, "record-dark")
    no_barriers(page)
    page.get_by_role("tab", name="Calls").click()
    page.get_by_role("table", name="Calls").get_by_role("button").first.click()
    page.get_by_text("This is what was sent").wait_for()
    shot(page, "record-calls-dark")
    no_barriers(page)


def test_a_refused_sentinel_is_seen(one, open_page, shot):
    page = open_page(one, f"{RECORD}?id=q/eager")

    page.get_by_text("Refused sentinel").wait_for()
    page.get_by_role("button", name="Round 1 of solve").click()

    page.get_by_text("Refused: the checks do not pass").wait_for()
    assert page.get_by_text("stop refused").is_visible()
    shot(page, "record-refused-light")


def test_a_long_answer_with_scripts_and_escapes_is_text(one, open_page, shot):
    page = open_page(one, f"{RECORD}?id=q/long", size=SMALL)

    page.get_by_role("button", name="Whole answer").click()
    code = page.get_by_label("Code of round 3")
    code.get_by_role("button", name="show more").click()
    code.locator("pre").nth(1).wait_for()

    assert page.evaluate("window.hurt") is None
    assert "<img src=x onerror=window.hurt=1>⟨U+001B⟩[31m⟨U+202E⟩" in code.inner_text()
    assert code.get_by_role("button", name="show more").count() == 0
    shot(page, "record-long-small")


def test_a_row_is_found_opened_read_and_marked_by_keys_alone(one, open_page):
    page = open_page(one, TABLE)
    page.get_by_text("5 rows", exact=True).wait_for()
    press = page.keyboard.press

    press("/")
    page.keyboard.type("add one", delay=5)
    press("Enter")
    page.keyboard.press("j")
    press("/")
    press("Control+a")
    press("Delete")
    press("Enter")
    page.get_by_text("5 rows", exact=True).wait_for()
    page.locator(".rows-row.is-current").wait_for()
    press("j")
    press("Enter")
    page.get_by_role("heading", name="q/repaired").wait_for()
    page.get_by_role("region", name="Tests that flipped").wait_for()
    press("h")
    page.get_by_role("region", name="Code of round 1").wait_for()
    press("l")
    page.get_by_role("region", name="Code of round 2").wait_for()

    marks = page.get_by_role("list", name="Marks")
    press("a")
    marks.get_by_text("✓ accepted").wait_for()
    press("r")
    marks.get_by_text("✗ rejected").wait_for()
    press("u")
    page.wait_for_function("() => document.querySelectorAll('.mark').length === 1")
    press("n")
    page.keyboard.type("read by ada")
    press("Control+Enter")
    marks.get_by_text("read by ada").wait_for()
    page.get_by_label("Note", exact=True).wait_for(state="hidden")
    press("e")
    page.get_by_label("Fix the answer by hand").wait_for()
    page.keyboard.type("# by hand")
    press("Control+Enter")
    page.get_by_text("✎ fixed by hand").wait_for()
    assert marks_of(one) == ["accept", "reject", "undo", "note", "fix"]

    press("j")
    page.get_by_role("heading", name="q/eager").wait_for()
    press("k")
    page.get_by_role("heading", name="q/repaired").wait_for()
    press("?")
    page.get_by_role("dialog", name="Keys").wait_for()
    press("Escape")
    press("b")
    page.get_by_text("5 rows", exact=True).wait_for()
    page.get_by_role("gridcell", name="✎ fixed").wait_for()


def test_a_row_that_is_not_there_is_said_so(one, open_page):
    page = open_page(one, f"{RECORD}?id=q/nobody", allowed_errors=("404",))

    page.get_by_role("alert").get_by_text("there is no such row").wait_for()
    assert page.get_by_role("link", name="Rows").first.is_visible()
