"""Half a screen, and a screen at 200 %: nothing is cut off, and tables scroll in themselves."""

import shutil

import pytest

from tests.studio.rounds_run import RUN, SUITE
from tests.studio.served import served

LONG = "a-run-with-a-rather-long-name-that-somebody-gave-it-for-good-reasons"
# What stands beside the window, or out of the card that it belongs to, and does not scroll there.
_CUT_OFF = """() => {
  const wide = document.documentElement.clientWidth;
  const found = [];
  const isCut = (one, within) => {
    const { left, right, width } = one.getBoundingClientRect();
    if (width === 0 || one.closest('.unseen, .skip, .react-flow')) return false;
    const room = within ? within.getBoundingClientRect() : { left: 0, right: wide };
    if (right <= room.right + 1 && left >= room.left - 1) return false;
    for (let at = one.parentElement; at && at !== within; at = at.parentElement)
      if (at.tagName !== 'MAIN' && getComputedStyle(at).overflowX !== 'visible') return false;
    return true;
  };
  const all = 'button, a, input, select, summary, th, td, h1, h2, h3, label, dd, dt, p';
  for (const one of document.querySelectorAll(all))
    if (isCut(one, one.closest('.card, .problem'))) found.push(one.outerHTML.slice(0, 90));
  const main = document.querySelector('main');
  for (const one of [document.documentElement, main])
    if (one.scrollWidth > one.clientWidth + 1) found.push(`${one.tagName} scrolls sideways`);
  return found;
}"""


@pytest.fixture(scope="module")
def studio(rounds_workspace, tmp_path_factory):
    """A folder with a run, and the same run under a long name."""
    folder = tmp_path_factory.mktemp("narrow") / "here"
    shutil.copytree(rounds_workspace, folder)
    runs = folder / "reports" / SUITE
    shutil.copytree(runs / RUN, runs / LONG)
    with served(folder) as one:
        yield one


@pytest.mark.parametrize("size", [(800, 900), (720, 450)], ids=["half-a-screen", "at-200-percent"])
def test_nothing_is_cut_off_in_a_narrow_window(studio, open_page, size):
    page = open_page(studio, size={"width": size[0], "height": size[1]})
    shown = {
        "#/": ".suite-card",
        "#/suites/rounds.yaml": "table.runs",
        f"#/runs/{SUITE}/{LONG}": ".react-flow__node",
        f"#/runs/{SUITE}/{LONG}/rows": ".rows-row .status",
        f"#/runs/{SUITE}/{LONG}/row?id=q%2Feager": ".lane-row.is-current",
        "#/settings": ".settings h2",
    }

    cut_off = {}
    for address, awaited in shown.items():
        page.goto(f"{studio.url}/{address}")
        page.locator(awaited).first.wait_for()
        cut_off[address] = page.evaluate(_CUT_OFF)

    assert {address: found for address, found in cut_off.items() if found} == {}


def test_templates_stay_in_their_cards(tmp_path, open_page):
    with served(tmp_path) as empty:
        page = open_page(empty)
        page.get_by_role("button", name="Create Code assistant loop").wait_for()

        assert page.evaluate(_CUT_OFF) == []
        page.close()  # before the server is
