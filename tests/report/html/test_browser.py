"""The page in a real browser, opened from disk: what it does, and that it asks for nothing else."""

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import pytest

from sygra_eval.report.html.page import html_report
from tests.browser import need, opened_browser
from tests.report.html.conftest import HOSTILE, row_of, write_run

_WIDE = {"width": 1280, "height": 900}


@pytest.fixture(scope="module")
def browser():
    with opened_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def report(tmp_path_factory, context_of):
    """250 rows: the first fifteen are hostile, one has an id of a few scripts."""
    rows = [
        row_of(index, HOSTILE[index % len(HOSTILE)] if index < 15 else "") for index in range(250)
    ]
    end, rounds = rows[20]
    rows[20] = replace(end, row_id="id '\"<b>\u202e/ü%20#&日本"), rounds
    folder = tmp_path_factory.mktemp("runs") / "rough" / "first"
    write_run(folder, rows)
    path = folder / "report.html"
    path.write_bytes(b"".join(html_report(context_of(folder))))
    return path


@pytest.fixture
def open_page(browser):
    """Open a file; in the end nothing was complained of, and nothing but the file was asked for."""
    contexts, complaints, asked = [], [], []

    def opened(path, hash_="", *, is_awaited=True, **options):
        context = browser.new_context(**({"viewport": _WIDE} | options))
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri() + hash_)
        if is_awaited:
            page.wait_for_selector("html[data-ready]")
        return page

    yield opened
    addresses = {url.partition("#")[0] for url in asked}
    for context in contexts:
        context.close()
    assert complaints == []
    assert all(url.startswith("file://") for url in addresses)
    assert len(addresses) == min(1, len(contexts))


def ids_shown(page):
    return page.eval_on_selector_all("#browser tbody th", "all => all.map(one => one.textContent)")


def count_said(page, words):
    page.get_by_text(words, exact=True).and_(page.locator("#count")).wait_for()


def row_opened(page, row_id):
    page.locator("#row h2", has_text=row_id).wait_for()


def first_is(page, row_id):
    page.locator("#browser tbody tr:first-child th", has_text=row_id).wait_for()


def test_the_table_opens_with_the_first_hundred_rows_and_goes_on(report, open_page):
    page = open_page(report)

    assert len(ids_shown(page)) == 100
    assert page.inner_text("#count") == "250 rows"
    assert page.is_visible("#static-rows") is False
    page.click("text=Next 100")
    page.click("text=Next 100")
    assert ids_shown(page)[-1] == "row-0249"
    assert page.is_disabled("text=Next 100")


def test_filters_narrow_the_table_and_say_how_far(report, open_page):
    page = open_page(report)

    page.select_option("#filter-o", label="rejected")
    count_said(page, "84 of 250 rows")
    page.fill("#filter-text", "ROW-009")
    count_said(page, "4 of 250 rows")
    assert ids_shown(page) == ["row-0090", "row-0093", "row-0096", "row-0099"]
    page.click("text=Clear")
    count_said(page, "250 rows")
    page.select_option("#filter-v", label="unit_tests")
    count_said(page, "84 of 250 rows")


def test_a_text_is_found_inside_the_rows_when_that_is_asked_for(report, open_page):
    page = open_page(report)

    page.fill("#filter-text", "return 142")
    count_said(page, "0 of 250 rows")
    page.check("#filter-inside")
    count_said(page, "1 of 250 rows")
    assert ids_shown(page) == ["row-0142"]


def test_columns_are_sorted_by_their_headers(report, open_page):
    page = open_page(report)
    header = page.locator("#browser th", has_text="rounds")

    header.get_by_role("button").click()
    first_is(page, "row-0002")
    assert header.get_attribute("aria-sort") == "descending"
    header.get_by_role("button").press("Enter")
    assert header.get_attribute("aria-sort") == "ascending"
    header.get_by_role("button").press("Enter")
    assert header.get_attribute("aria-sort") is None
    first_is(page, "row-0000")


def test_the_tables_of_the_report_are_sorted_and_their_total_stays_last(report, open_page):
    page = open_page(report)
    table = page.locator("table.sortable", has=page.locator("caption", has_text="Outcomes"))

    table.get_by_role("button", name="rows").click()

    firsts = table.locator("tbody th").all_inner_texts()
    assert firsts[:2] == ["verified", "rejected"]
    assert table.locator("tfoot th").inner_text() == "all rows"


def test_a_row_has_a_page_and_the_way_back_keeps_the_focus(report, open_page):
    page = open_page(report)

    page.click("text=row-0098")
    page.wait_for_selector("#row h2")
    assert page.inner_text("#row h2") == "row-0098"
    assert page.evaluate("document.activeElement.textContent") == "row-0098"
    assert page.is_visible("#report") is False
    assert page.title().startswith("row-0098: ")
    page.click(".rowbar >> text=All rows")
    page.wait_for_selector("#report", state="visible")
    assert page.evaluate("document.activeElement.textContent") == "row-0098"


def test_the_page_of_a_row_tells_its_story(report, open_page):
    page = open_page(report, "#row=row-0098")

    told = page.inner_text("#row")

    for words in (
        "Write f for 98.",
        "Round 1",
        "Round 2",
        "stop refused",
        "Stop requested by the critic and refused: the tests do not pass.",
        "Passes now and did not before",
        "unit_tests: assert f(2) == 3",
        "visible tests: 3 of 3 pass",
        "box(userns,landlock7,seccomp,rlimit)",
        "sygra-eval show rough/first row-0098",
    ):
        assert words in told
    assert page.eval_on_selector_all(".diff ins", "all => all.map(one => one.textContent)") == [
        "+    return x + 1"
    ]
    assert page.eval_on_selector_all(".diff del", "all => all.map(one => one.textContent)") == [
        "-    return 98"
    ]


def test_keys_go_from_row_to_row_within_the_filter(report, open_page):
    page = open_page(report)
    page.select_option("#filter-o", label="rejected")
    count_said(page, "84 of 250 rows")
    page.locator("#browser tbody a").first.focus()

    page.keyboard.press("Enter")
    row_opened(page, "row-0000")
    page.keyboard.press("j")
    row_opened(page, "row-0003")
    assert "2 of 84" in page.inner_text(".rowbar")
    page.keyboard.press("k")
    row_opened(page, "row-0000")
    page.keyboard.press("Escape")
    page.wait_for_selector("#report", state="visible")
    assert page.evaluate("document.activeElement.textContent") == "row-0000"


def test_keys_are_letters_where_somebody_types(report, open_page):
    page = open_page(report)

    page.locator("#filter-text").press_sequentially("jk")

    assert page.input_value("#filter-text") == "jk"
    assert page.is_visible("#report")


@pytest.mark.parametrize("index", range(len(HOSTILE)))
def test_hostile_text_is_seen_as_text(index, report, open_page):
    page = open_page(report, f"#row=row-{index:04}")
    page.wait_for_selector("#row h3")

    told = page.evaluate("document.querySelector('#row').textContent")

    assert page.evaluate("window.hurt") is None
    seen = (
        "</script><script>window.hurt=1</script>",
        "<img src=x onerror=window.hurt=1>",
        "a\\u202egnp.exe\\u2066 \\u200bhidden",
        "\\x1b[31mred\\x1b]8;;http://127.0.0.1/\\x07link\\x00",
        "<!-- ]]> \\ud800 | `x` ${y} \\u2028 'quoted' \"twice\"",
    )[index]
    assert seen in told
    assert page.locator("#row img, #row script, #row iframe").count() == 0
    unseen = "/[\\u202a-\\u202e\\u2066-\\u2069\\u200b\\x1b\\0]/.test(document.body.innerText)"
    assert page.evaluate(unseen) is False


def test_an_id_of_any_characters_has_an_address_and_a_command(report, open_page):
    row_id = "id '\"<b>\u202e/ü%20#&日本"
    page = open_page(report, f"#row={quote(row_id, safe='')}")
    page.wait_for_selector("#row h2")

    assert page.inner_text("#row h2") == row_id.replace("\u202e", "\\u202e")
    command = page.inner_text(".command")
    assert command.isascii()
    assert command.startswith("sygra-eval show rough/first $'id \\x27\"<b>\\xe2\\x80\\xae/")


def test_an_address_of_no_row_says_so(report, open_page):
    page = open_page(report, "#row=nobody%")

    assert "This report has no row nobody%." in page.inner_text("#row")


def test_a_section_opens_from_the_page_of_a_row(report, open_page):
    page = open_page(report, "#row=row-0001")
    page.wait_for_selector("#row h2")

    page.click("nav >> text=Validators")

    page.wait_for_selector("#validators", state="visible")
    assert page.evaluate("document.querySelector('#validators').getBoundingClientRect().top") < 200


def test_the_command_is_copied(report, open_page):
    page = open_page(report, "#row=row-0001", permissions=["clipboard-read", "clipboard-write"])
    page.wait_for_selector("#row h2")

    page.click("text=Copy the command")

    page.wait_for_selector("text=copied")
    assert page.evaluate("navigator.clipboard.readText()") == (
        "sygra-eval show rough/first row-0001"
    )


@pytest.mark.parametrize("where", ["", "#row=row-0002"], ids=["report", "row"])
def test_a_narrow_screen_is_not_overflowed(where, report, open_page):
    page = open_page(report, where, viewport={"width": 360, "height": 740})
    page.wait_for_timeout(50)

    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_what_is_folded_is_printed(report, open_page):
    page = open_page(report)
    folded = page.locator("details:not([open])").count()

    page.emulate_media(media="print")
    page.set_viewport_size({"width": 700, "height": 1000})  # as much as A4 has
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert folded > 3
    assert page.evaluate("document.documentElement.scrollWidth") <= 700
    assert page.is_visible(".filter") is False
    assert page.locator("details:not([open])").count() == 0
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator("details:not([open])").count() == folded


def test_without_script_the_figures_the_plots_and_rejected_rows_are_there(report, open_page):
    page = open_page(report, is_awaited=False, java_script_enabled=False)

    assert page.locator("svg[role=img]").count() >= 3
    assert page.locator("#static-rows details").count() == 50
    assert "166 of 250 rows are verified" in page.inner_text("#result")


def test_a_row_that_was_left_out_names_the_command(report, open_page, context_of, tmp_path):
    small = tmp_path / "small.html"
    context = context_of(report.parent, max_rows=10)
    small.write_bytes(b"".join(html_report(context)))

    page = open_page(small, "#row=row-0200")
    page.wait_for_selector("#row h2")

    assert "This row is left out of the file" in page.inner_text("#row")
    assert "sygra-eval show rough/first row-0200" in page.inner_text("#row")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("where", ["", "#row=row-0002"], ids=["report", "row"])
def test_axe_finds_nothing(where, scheme, report, open_page):
    found = find_spec("axe_playwright_python")
    need("axe-playwright-python", is_there=found is not None)
    axe = (Path(found.origin).parent / "axe.min.js").read_text()
    page = open_page(report, where, color_scheme=scheme)
    if where:
        page.wait_for_selector("#row h3")
    else:  # a hundred rows are the same a hundred times
        page.fill("#filter-text", "row-009")
        count_said(page, "10 of 250 rows")

    page.evaluate(axe)
    results = page.evaluate("axe.run()")

    told = [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in results["violations"]
        for node in one["nodes"][:3]
    ]
    assert told == []
    assert len(results["passes"]) > 15
