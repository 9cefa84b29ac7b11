"""S4 in a real browser: a model is added, tested, mended and saved, with keys alone."""

import json
import os
from pathlib import Path

import pytest

from sygra_eval.testing import status
from tests.studio.models.conftest import FILE, KEY, SUITE, answers_everything, hanging

SHOTS = os.environ.get("SYGRA_EVAL_SHOTS")
NARROW = {"width": 1024, "height": 768}
SERIOUS = ("serious", "critical")


def shot(page, name):
    """Keep a picture where somebody wants to look at it."""
    if SHOTS:
        page.wait_for_timeout(150)
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


def violations(page):
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        (one["id"], [node["target"] for node in one["nodes"]])
        for one in found
        if one["impact"] in SERIOUS
    ]


@pytest.fixture(autouse=True)
def _as_new(desk, endpoint):
    endpoint.requires_key = KEY
    endpoint.models = status(200, {"data": [{"id": "scripted"}]})
    endpoint.answers_with(answers_everything)
    desk.write()
    (desk.root / "draft.yaml").write_text(SUITE)


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def tab_to(page, label, *, most=60):
    """Go on with Tab until the focus is on what is called so."""
    seen = []
    for _ in range(most):
        page.keyboard.press("Tab")
        name = page.evaluate(
            """() => {
              const one = document.activeElement;
              const of = one.labels?.[0]?.textContent ?? one.getAttribute('aria-label');
              return (of ?? one.textContent ?? '').trim();
            }"""
        )
        seen.append(name)
        if name.startswith(label):
            return
    raise AssertionError(f"Tab did not come to {label!r}: {seen}")


def test_a_model_is_added_tested_mended_and_saved_by_keys_alone(desk, endpoint, open_page):
    page = open_page(desk.studio, "#/models")
    page.get_by_role("heading", name="author").wait_for()
    tab_to(page, "Add a model")
    press(page, "Enter")
    page.get_by_role("heading", name="Which provider?").wait_for()
    shot(page, "providers")
    tab_to(page, "OpenAI-compatible")
    press(page, "Enter")
    page.get_by_label("Name", exact=True).wait_for()
    page.keyboard.type("cellar")
    tab_to(page, "Base URL")
    page.keyboard.type(endpoint.base_url)
    tab_to(page, "Key: environment variable")
    page.keyboard.type("CELLAR_API_KEY")
    tab_to(page, "Key for CELLAR_API_KEY")
    page.keyboard.type("sk-wrong-key-00001111")
    tab_to(page, "Model")
    page.keyboard.type("scripted")
    tab_to(page, "Temperature")
    page.keyboard.type("0.7")

    tab_to(page, "Test now")
    press(page, "Enter")
    page.get_by_text("The key is refused").wait_for()
    shot(page, "wrong-key")

    page.keyboard.press("Shift+Tab")
    page.get_by_label("Key for CELLAR_API_KEY").focus()
    page.keyboard.type(KEY)
    press(page, "Enter")
    page.get_by_text("✓ taken, for this session").wait_for()
    tab_to(page, "Test now")
    press(page, "Enter")
    page.get_by_text("It can be used").wait_for()
    lights = page.locator(".light .state").all_inner_texts()
    shot(page, "good")

    tab_to(page, "Save")
    press(page, "Enter")
    page.get_by_text("cellar stands in models.yaml").wait_for()
    shot(page, "saved")

    assert lights == ["ok", "left out", "ok", "ok", "ok", "ok", "ok"]
    written = desk.file.read_text()
    assert written == FILE + (
        f"cellar:\n  use: openai\n  base_url: {endpoint.base_url}\n"
        "  api_key_env: CELLAR_API_KEY\n  model: scripted\n  parameters: {temperature: 0.7}\n"
    )
    assert KEY not in page.content() + written + json.dumps(desk.get("models"))
    assert violations(page) == []


def test_a_model_is_changed_and_deleted_and_what_is_wrong_is_said_at_its_field(desk, open_page):
    page = open_page(desk.studio, "#/models?edit=author")
    rpm = page.get_by_label("Requests per minute")
    rpm.fill("-1")
    page.get_by_label("Name", exact=True).focus()
    page.get_by_text("must be greater than 0").first.wait_for()

    told = page.evaluate(
        """() => {
          const one = document.querySelector('[aria-invalid]');
          return document.getElementById(one.getAttribute('aria-describedby').split(' ').pop())
            .textContent;
        }"""
    )
    shot(page, "wrong-field")
    assert "must be greater than 0" in told

    rpm.fill("60")
    page.get_by_text("+  rpm: 60").wait_for()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("author stands in models.yaml").wait_for()
    head, tail = FILE.split("\n# The small")
    assert desk.file.read_text() == f"{head}  rpm: 60\n\n# The small{tail}"

    page.get_by_role("button", name="Delete author").click()
    page.get_by_text("One suite uses it").wait_for()
    page.get_by_text("-author:").wait_for()
    shot(page, "delete")
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("heading", name="author", exact=True).wait_for(state="detached")

    assert "author" not in desk.file.read_text()
    assert desk.file.read_text().startswith("# Models of the team")


def test_the_page_leads_on_from_nothing_in_a_narrow_window_in_the_dark(desk, open_page):
    desk.file.unlink()
    (desk.root / "draft.yaml").unlink()

    page = open_page(desk.studio, "#/models", scheme="dark", size=NARROW)
    page.get_by_role("heading", name="No model yet").wait_for()
    shot(page, "empty")
    page.get_by_role("link", name="Add a model").click()
    page.get_by_role("link", name="Ollama").click()
    page.get_by_label("Name", exact=True).fill("local")
    page.get_by_text("+local:").wait_for()
    shot(page, "ollama")

    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_test_that_hangs_can_be_stopped_on_the_card(desk, open_page):
    with hanging() as port:
        desk.write(f'slow: {{use: openai, base_url: "http://127.0.0.1:{port}/v1", model: m}}\n')
        page = open_page(desk.studio, "#/models")
        page.get_by_role("button", name="Test slow").click()
        page.get_by_role("button", name="Stop slow").click()
        page.get_by_text("stopped").wait_for()
