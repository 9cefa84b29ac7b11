"""S0 and S11 as a person uses them."""

import json
import re

import pytest

from tests.studio.served import served

SUITE = """\
suite: {name: mine, description: What I make}
models:
  author: {use: openai, model: some, api_key_env: MINE_API_KEY}
data_config: {source: {type: disk, file_path: rows.jsonl}}
graph_config:
  nodes: {solve: {node_type: llm, model: author, prompt: [{user: "{question}"}], output_keys: a}}
  edges: [{from: START, to: solve}, {from: solve, to: END}]
quality: {validators: [{use: length, max: 10}]}
"""
PLUGIN = "from sygra_eval import hookimpl\nraise SystemExit('a plugin ran in the server')\n"
KEY = "sk-canary-0123456789-WXYZ"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("SYGRA_EVAL_CONFIG_DIR", str(tmp_path / "config"))
    root = tmp_path / "work"
    (root / "plugins").mkdir(parents=True)
    (root / "plugins" / "mine.py").write_text(PLUGIN)
    (root / "mine.yaml").write_text(SUITE)
    (root / "rows.jsonl").write_text(json.dumps({"question": "why"}) + "\n")
    return root


def problems_of(page):
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found]


@pytest.mark.parametrize(
    "scheme",
    ["light", pytest.param("dark", marks=pytest.mark.only_full("other screens are in the dark"))],
)
def test_an_empty_folder_offers_templates_and_one_of_them_becomes_a_suite(
    studio, open_page, scheme
):
    page = open_page(studio, scheme=scheme)
    page.get_by_text("There is no suite in").wait_for()
    assert problems_of(page) == []

    page.get_by_label("Create Code assistant loop").click()

    page.wait_for_url(re.compile("#/suites/code_assistant.yaml"))
    page.goto(f"{studio.url}/#/")
    page.get_by_role("link", name="code_assistant", exact=True).wait_for()
    page.get_by_text("✓ fit to run").wait_for()
    assert problems_of(page) == []


def test_settings_take_a_key_show_its_end_and_ask_for_trust_once(folder, open_page):
    with served(folder) as one:
        page = open_page(one, "#/settings")
        row = page.get_by_role("row").filter(has_text="MINE_API_KEY")
        row.get_by_text("not set").wait_for()
        assert page.get_by_label("Variable", exact=True).input_value() == "MINE_API_KEY"

        page.get_by_label("Key", exact=True).fill(KEY)
        page.get_by_label("Key", exact=True).press("Enter")

        row.get_by_text("…WXYZ").wait_for()
        assert page.get_by_label("Key", exact=True).input_value() == ""
        assert KEY not in page.content()
        assert one.app.state.studio.keys.environment() == {"MINE_API_KEY": KEY}

        page.get_by_role("button", name="Trust").click()
        page.get_by_text("✓ trusted as it is").wait_for()
        (folder / "plugins" / "mine.py").write_text(PLUGIN + "# changed\n")
        page.reload()
        page.get_by_text("! not trusted: not imported").wait_for()

        page.get_by_label("Dark").check()
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        page.reload()
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        page.get_by_text("In force").wait_for(timeout=60_000)
        assert problems_of(page) == []

        page.get_by_role("button", name="Forget MINE_API_KEY").click()
        row.get_by_text("not set").wait_for()


def test_a_tab_of_an_older_page_is_told_to_reload(studio, open_page):
    page = open_page(studio)
    page.get_by_text("There is no suite in").wait_for()
    studio.app.state.studio.assets.__dict__["build"] = "another"

    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    page.get_by_text("Studio was updated").wait_for()
    page.get_by_role("button", name="Reload").click()
    page.get_by_text("Studio was updated").wait_for(state="hidden")


def test_read_only_offers_nothing_that_changes(folder, open_page):
    with served(folder, is_read_only=True) as one:
        page = open_page(one)
        page.get_by_role("link", name="mine", exact=True).wait_for()
        assert page.get_by_text("New suite from a template").count() == 0

        page.goto(f"{one.url}/#/settings")
        page.get_by_role("row").filter(has_text="MINE_API_KEY").wait_for()
        page.get_by_text("! not trusted").wait_for()

        buttons = [one.inner_text() for one in page.get_by_role("button").all()]
        assert [
            one for one in buttons if one in {"Set", "Forget", "I have looked at it: trust"}
        ] == []
        page.close()  # before the server: it may still look at what the machine grants
