"""What a person does with rows: finds them in the table, reads one from draft to outcome, marks it."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.studio.rounds_run import RUN, SUITE, write_run
from tests.studio.served import served

TABLE = f"#/runs/{SUITE}/{RUN}/rows"
RECORD = f"#/runs/{SUITE}/{RUN}/row"


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    folder = tmp_path_factory.mktemp("journeys")
    write_run(folder)
    with served(folder) as opened:
        yield opened


def test_shots(one, open_page):
    for scheme in ("light", "dark"):
        page = open_page(one, TABLE, scheme=scheme)
        page.get_by_role("row").nth(3).wait_for()
        page.wait_for_timeout(800)
        page.screenshot(path=f"/tmp/rowsbench/table-{scheme}.png")
        page.goto(f"{one.url}/{RECORD}?id=q/repaired")
        page.get_by_text("Tests that flipped").wait_for()
        page.wait_for_timeout(300)
        page.screenshot(path=f"/tmp/rowsbench/record-{scheme}.png")
    for name in ("Outcome", "State", "Calls"):
        page.get_by_role("tab", name=name).click()
        page.wait_for_timeout(300)
        if name == "Calls":
            page.get_by_role("table", name="Calls").get_by_role("button").nth(1).click()
            page.get_by_text("This is what was sent").wait_for()
        page.screenshot(path=f"/tmp/rowsbench/record-{name}.png")
