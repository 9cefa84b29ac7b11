"""The page of a suite: its graph, what is wrong with it, its text, and the dialog before a run."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.studio.live_suite import write_suite
from tests.studio.served import served

SMALL = {"width": 1024, "height": 768}


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    """An open Studio on one good suite and one with a wrong name; no model is ever asked."""
    folder = tmp_path_factory.mktemp("suites")
    text = write_suite(folder, "http://127.0.0.1:9/v1").read_text()
    wrong = text.replace("{evidence}", "{evidense}").replace("name: rounds", "name: wrong")
    (folder / "wrong.yaml").write_text(wrong)
    with served(folder) as one:
        yield one


def test_a_suite_is_shown_as_a_graph_with_its_loop_and_as_the_same_outline(studio, open_page):
    page = open_page(studio, "#/suites/rounds.yaml")

    page.get_by_role("heading", name="rounds", level=1).wait_for()
    steps = page.locator(".face-step .face-head b")
    steps.nth(3).wait_for()
    assert steps.all_inner_texts() == ["draft", "verify", "critique", "revise"]
    assert "up to 2 rounds" in page.locator(".edge-label-back").inner_text()
    box = page.get_by_role("group", name="loop solve")
    assert "ends at: NO MORE FEEDBACK and unit_tests passes" in box.inner_text()
    box.focus()
    page.keyboard.press("Enter")
    page.locator(".react-flow__node.selected").wait_for()
    assert page.locator(".react-flow__node.selected").get_attribute("data-id") == "solve"
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()

    page.get_by_role("button", name="Outline").click()
    page.locator(".outline-table tbody tr").first.wait_for()
    names = page.locator(".outline-table tbody th").all_inner_texts()
    steps = ["draft", "verify", "critique", "revise"]
    validators = ["quality", "python_compiles", "unit_tests"]
    assert [name.strip() for name in names] == ["rows", "solve", *steps, *validators, "outcomes"]


def test_a_problem_leads_to_its_line_and_a_suite_that_is_gone_is_said_to_be(studio, open_page):
    page = open_page(
        studio, "#/suites/wrong.yaml", scheme="dark", size=SMALL, allowed_errors=("404",)
    )

    problem = page.locator(".problems li")
    problem.wait_for()
    assert "evidense" in problem.inner_text()
    assert "fix: " in problem.inner_text()
    page.locator(".cm-content").wait_for()  # the text is shown under the page's CSP
    problem.get_by_role("button").click()
    assert "evidense" in page.locator(".cm-activeLine").inner_text()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()

    page.goto(f"{studio.url}/#/suites/gone.yaml")
    page.get_by_role("alert").get_by_text("there is no suite gone.yaml here").wait_for()


def test_what_is_wrong_in_the_dialog_is_said_at_its_field_and_nothing_is_started(studio, open_page):
    page = open_page(studio, "#/suites/rounds.yaml?start=1")

    page.get_by_label("The first").check()
    page.get_by_label("how many").fill("none")
    page.get_by_label("Money").fill("-1")
    page.get_by_role("button", name="Start", exact=True).click()

    page.get_by_role("alert").get_by_text("2 fields are not right yet").wait_for()
    assert page.locator("[aria-invalid=true]").count() == 2
    assert studio.client.get("/api/runs").json() == []
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="detached")
    assert page.url.endswith("#/suites/rounds.yaml")
