"""The page of a run: started, watched, steered, reloaded in its middle, and looked at when over."""

import re
import time

import pytest
from axe_playwright_python.sync_playwright import Axe

from sygra_eval.testing.endpoint import ScriptedEndpoint
from tests.studio.live.conftest import Events
from tests.studio.live_suite import NEVER, answers, write_suite
from tests.studio.served import served

SECONDS = 60
TRIES_NOT_BY_ITSELF = """() => {
  const wait = window.setTimeout;
  window.setTimeout = (run, ms, ...rest) => ((ms ?? 0) < 500 ? wait(run, ms, ...rest) : 0);
}"""


@pytest.fixture(scope="module")
def endpoint():
    with ScriptedEndpoint.in_a_thread() as one:
        yield one


@pytest.fixture(scope="module")
def studio(tmp_path_factory, endpoint):
    """An open Studio on a suite whose rows pass through rounds."""
    folder = tmp_path_factory.mktemp("live")
    write_suite(folder, endpoint.base_url)
    with served(folder) as one:
        yield one


def started(studio, **asked):
    """Start a run, and return its name when its first row began."""
    made = studio.client.post("/api/runs", json={"suite": "rounds.yaml", **asked})
    assert made.status_code == 200, made.text
    name = f"{made.json()['suite']}/{made.json()['run']}"
    wait_for(studio, name, lambda run: run["counts"]["state"] != "starting")
    return name


def wait_for(studio, name, holds):
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        run = studio.client.get(f"/api/runs/{name}").json()
        if "counts" in run and holds(run):
            return run
        time.sleep(0.05)
    raise AssertionError(f"{name} did not come there: {run}")


@pytest.fixture(scope="module")
def over():
    """Names of runs of four rows that ended, so that a test need not wait for another one."""
    return []


@pytest.fixture
def finished(studio, endpoint, over):
    if not over:
        answers(endpoint)
        over.append(started(studio, rows="limit", limit=4))
        wait_for(studio, over[0], lambda run: run["counts"]["state"] == "finished")
    return over[0]


def tile(page, name):
    return page.locator(".tile", has=page.locator("dt", has_text=re.compile(f"^{name}$")))


def test_a_run_is_started_by_hand_watched_to_its_end_and_survives_a_reload(
    studio, endpoint, over, open_page
):
    answers(endpoint, seconds=2)  # until all has been seen that there is while it goes
    page = open_page(studio, "#/suites/rounds.yaml")
    page.get_by_role("button", name="Start a run").click()
    page.get_by_label("The first").check()
    page.get_by_label("how many").fill("4")

    page.get_by_role("button", name="Start", exact=True).click()

    page.locator(".state-running").wait_for()
    suite, run = page.url.split("/runs/")[1].split("/")
    with Events(studio, f"run:{suite}/{run}") as events:
        page.locator(".face-step").first.wait_for()
        page.locator(".latest .row-link").first.wait_for()  # a row ended while it was watched
        page.reload()
        page.locator(".face-step").first.wait_for()
        answers(endpoint)
        page.locator(".state-finished").wait_for()
    counts = studio.client.get(f"/api/runs/{suite}/{run}").json()["counts"]
    assert counts["outcomes"] == {"verified": 3, "rejected": 1, "failed": 0, "unjudged": 0}
    steps = {"draft": 4, "verify": 6, "critique": 5, "revise": 2, "back": 2}
    assert counts["loops"][0]["steps"] == steps
    assert counts["loops"][0]["steps"] == events.of("counts")[-1]["loops"][0]["steps"]
    deltas = [delta for told in events.of("deltas") for delta in told]
    places = {(delta["node"], delta["step"]) for delta in deltas}
    assert {("solve", "draft"), ("solve", "critique")} <= places
    assert places <= {("solve", step) for step in ("draft", "critique", "revise")}
    assert tile(page, "Rows").locator("b").inner_text() == "4"
    assert "3 rows" in tile(page, "Verified").inner_text()
    assert tile(page, "Rejected").locator("b").inner_text() == "1"
    outcomes = page.locator(".outcomes dd")
    page.wait_for_function("() => document.querySelector('.outcomes dd')?.textContent === '3'")
    assert outcomes.all_inner_texts() == ["3", "1", "0"]
    over.append(f"{suite}/{run}")


def test_a_finished_run_is_looked_at_by_keys_alone_as_a_graph_and_as_an_outline(
    studio, finished, open_page
):
    page = open_page(studio, f"#/runs/{finished}")

    page.get_by_text("rounds 1..2, mean 1.5").first.wait_for()
    box = page.get_by_role("group", name="loop solve")
    box.focus()
    page.keyboard.press("Enter")
    panel = page.get_by_role("complementary", name="Node solve")
    panel.wait_for()
    assert "Gone through\n4" in panel.inner_text()
    assert "no_change" in panel.inner_text()
    assert "node=solve" in page.url  # so that it can be sent to somebody
    assert (
        page.get_by_role("button", name="Copy command")
        .get_attribute("title")
        .startswith("sygra-eval run ")
    )
    for name in ("Pause", "Kill …", "Limits …"):
        assert page.get_by_role("button", name=name).count() == 0
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()

    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 1024, "height": 768})
    page.get_by_role("button", name="Outline").focus()
    page.keyboard.press("Enter")
    row = page.locator(".outline-table tr", has_text="unit_tests").last
    row.get_by_role("button").focus()
    page.keyboard.press("Space")
    page.get_by_role("complementary", name="Node unit_tests").wait_for()
    assert row.locator("td.number").nth(2).inner_text() == "3"
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_a_graph_far_away_is_a_few_shapes_and_its_nodes_are_there(studio, finished, open_page):
    page = open_page(studio, f"#/runs/{finished}")
    page.locator(".react-flow__edge").first.wait_for(state="attached")

    while page.locator(".far-graph").count() == 0:
        page.get_by_role("button", name="Zoom Out").click()

    assert page.locator(".react-flow__edge, .face").count() == 0
    page.wait_for_function("() => document.querySelector('.far-face.is-done')?.getAttribute('d')")
    box = page.get_by_role("group", name=re.compile("^loop solve; .*4 ok"))
    box.focus()
    page.keyboard.press("Enter")
    page.get_by_role("complementary", name="Node solve").wait_for()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_a_loop_that_is_chosen_from_the_start_does_not_hide_its_lines(studio, finished, open_page):
    page = open_page(studio, f"#/runs/{finished}?node=solve")

    box = page.locator(".react-flow__node.selected")
    box.wait_for()

    line = page.locator(".react-flow__edges > svg", has=page.locator(".back")).first
    over = "it => Number(getComputedStyle(it).zIndex)"
    assert box.evaluate(over) < line.evaluate(over)


def test_a_run_is_steered_and_killed_only_when_that_is_meant(studio, endpoint, open_page):
    answers(endpoint, seconds=2)  # it is killed long before its end
    name = started(studio)
    page = open_page(studio, f"#/runs/{name}")
    page.get_by_role("button", name="Limits …").click()
    change = page.get_by_role("button", name="Change", exact=True)
    assert change.is_disabled()

    page.get_by_label(re.compile("^At a time of ")).first.fill("2")
    change.click()
    page.get_by_role("dialog").wait_for(state="detached")
    wait_for(studio, name, lambda run: 2 in [e["max_concurrency"] for e in run["endpoints"]])
    other = open_page(studio, f"#/runs/{name}")  # a second tab steers the same run
    page.get_by_role("button", name="Pause").click()
    other.locator(".state-paused").wait_for()
    page.locator(".state-paused").wait_for()
    other.get_by_role("button", name="Go on").click()
    page.locator(".state-running").wait_for()
    other.locator(".state-running").wait_for()
    assert page.get_by_role("button", name="Stop after current").is_enabled()
    page.get_by_role("button", name="Kill …").click()
    page.get_by_role("button", name="Let it run").click()
    assert studio.client.get(f"/api/runs/{name}").json()["counts"]["state"] == "running"
    page.get_by_role("button", name="Kill …").click()
    page.get_by_role("button", name="Kill it").click()

    page.locator(".state-killed").wait_for()
    other.locator(".state-killed").wait_for()
    assert page.get_by_role("button", name="Resume").is_visible()
    assert "kept" in page.locator(".run-how").inner_text()


def test_a_lost_connection_is_said_and_found_again(studio, finished, open_page):
    page = open_page(studio, allowed_errors=("ERR_FAILED",))
    page.evaluate(TRIES_NOT_BY_ITSELF)
    page.route("**/api/events*", lambda route: route.abort())
    page.goto(f"{studio.url}/#/runs/{finished}")
    page.get_by_role("alert").get_by_text("Connection lost, trying again").wait_for()

    page.unroute("**/api/events*")
    page.get_by_role("button", name="Try now").click()

    page.get_by_role("alert").wait_for(state="detached")
    assert tile(page, "Rows").locator("b").inner_text() == "4"


def test_a_run_that_is_not_there_is_an_error_and_no_blank_page(studio, open_page):
    page = open_page(studio, "#/runs/rounds/never", allowed_errors=("404",))

    page.get_by_role("alert").get_by_text("there is no run rounds/never").wait_for()
    assert NEVER not in page.inner_text("main")
