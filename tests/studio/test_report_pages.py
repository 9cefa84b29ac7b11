"""What a person reads after a run: its report, another run beside it, and a verdict once more."""

import shutil

import pytest

from tests.studio import rounds_run
from tests.studio.rounds_run import RUN, SUITE, write_run
from tests.studio.served import served
from tests.studio.test_rows_pages import no_barriers, shot

__all__ = ["shot"]
OTHER, THIRD = "two", "three"


def write_another(folder, name, right):
    """Write a run in which the rows called so are right, and what was right is not."""
    answer = rounds_run._answer

    def turned(body):
        text = body["messages"][-1]["content"]
        swapped = text.replace("right:", "was:").replace(f"{right}:", "right:")
        return answer({"messages": [{"content": swapped.replace("was:", "hopeless:")}]})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rounds_run, "_answer", turned)
        patch.setattr(rounds_run, "RUN", name)
        write_run(folder)


@pytest.fixture(scope="module")
def one(rounds_workspace, tmp_path_factory):
    """The run, another one in which one row more is right and one less, and a third."""
    folder = tmp_path_factory.mktemp("report pages") / "here"
    shutil.copytree(rounds_workspace, folder)
    write_another(folder, OTHER, "hopeless")
    write_another(folder, THIRD, "right")
    with pytest.MonkeyPatch.context() as patch, served(folder) as opened:
        patch.setattr("sygra_eval.studio.rows.indexes.WAIT_S", 20)  # until all rows are read
        yield opened


def test_a_figure_of_the_report_leads_to_its_rows_and_a_file_is_offered(one, open_page, shot):
    page = open_page(one, f"#/runs/{SUITE}/{RUN}/report")
    page.get_by_role("region", name="Outcomes", exact=True).wait_for()
    shot(page, "report-light")
    no_barriers(page)

    saved = page.get_by_role("link", name="HTML page").get_attribute("href")
    assert saved == f"./api/runs/{SUITE}/{RUN}/report/file?format=html"
    rounds = page.get_by_role("region", name="Does another round pay?", exact=True)
    line = rounds.get_by_role("row").nth(2).inner_text().split()
    assert line[:3] == ["2", "2", "2"]
    causes = page.get_by_role("region", name="Why rows fell out", exact=True)
    causes.get_by_role("link", name="2").click()
    page.get_by_text("2 of 5 rows").wait_for()


def test_two_runs_stand_beside_each_other_and_a_row_that_turned_opens(one, open_page, shot):
    page = open_page(one, f"#/runs/{SUITE}/{OTHER}/report", scheme="dark")

    page.get_by_label("Compare with another run").select_option(RUN)
    turned = page.get_by_role("region", name="Rows that turned", exact=True)
    turned.wait_for()
    shot(page, "compare-dark")
    no_barriers(page)
    pairs = turned.get_by_role("region", name="Pairs, table").get_by_role("row").nth(1)
    assert pairs.inner_text().split() == [OTHER, "1", "1", "2", "1", "0", "0"]
    turned.get_by_role("row").filter(has_text="q/hopeless").get_by_role("link").last.click()
    page.get_by_role("heading", name="q/hopeless").wait_for()
    assert page.url.endswith(f"#/runs/{SUITE}/{OTHER}/row?id=q%2Fhopeless")


def test_runs_are_ticked_and_all_are_compared_with_the_oldest(one, open_page, shot):
    page = open_page(one)
    for name in (RUN, OTHER, THIRD):
        page.get_by_label(f"Compare {SUITE}/{name}").check()
    page.get_by_role("link", name="Compare 3 runs").click()
    turned = page.get_by_role("region", name="Rows that turned", exact=True)
    rows = turned.get_by_role("region", name="Rows of verified_rate, table")
    rows.wait_for()
    shot(page, "compare-three-light")
    no_barriers(page)

    assert rows.get_by_role("row").count() == 3
    rows.scroll_into_view_if_needed()
    shot(page, "compare-three-rows-light")
    page.get_by_label("Show only changed").uncheck()
    turned.get_by_text("5 rows").wait_for()
    overview = page.get_by_role("region", name="Runs, table")
    assert overview.get_by_role("row").nth(1).inner_text().split()[1] == "baseline"
    assert "of all metrics of all 2 comparisons" in page.locator(".rp-part").first.inner_text()
    page.get_by_role("button", name=f"Make {SUITE}/{THIRD} the baseline").click()
    overview.get_by_role("row", name=f"{SUITE}/{THIRD} baseline").wait_for()
    rows.wait_for()
    assert page.url.split("?")[1].startswith(f"a={SUITE}%2F{THIRD}&b=")
    settings = page.get_by_role("region", name="Settings, table")
    settings.scroll_into_view_if_needed()
    shot(page, "compare-settings-light")
    assert "models.author.base_url" in settings.inner_text()


def test_a_verdict_is_run_again_by_a_key_and_said_to_be_stable(one, open_page, shot):
    page = open_page(one, f"#/runs/{SUITE}/{RUN}/row?id=q/repaired")
    page.get_by_role("button", name="Round 1 of solve").click()
    page.get_by_label("times").select_option("3")

    page.keyboard.press("Escape")
    page.locator("#record-panel").focus()
    page.keyboard.press("v")

    page.get_by_text("Stable: 3 of 3 as in the run.").wait_for()
    assert "unit_tests stable: 3 of 3 say" in page.locator(".again-told").inner_text()
    shot(page, "record-again-light")
    no_barriers(page)
