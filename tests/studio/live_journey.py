"""`make studio-journey`: the walk on the embedded model itself, with the pictures of the docs.

Takes some minutes. The pictures are taken light and dark, and go where the docs have them.
"""

import sys
import tempfile
from pathlib import Path

from sygra_eval.testing import status
from sygra_eval.testing.endpoint import ScriptedEndpoint
from tests.browser import opened_browser
from tests.studio.conftest import WIDE
from tests.studio.journey import KEY, walk, workspace
from tests.studio.models.conftest import answers_everything
from tests.studio.served import served

PICTURES = Path(__file__).parents[2] / "docs" / "studio"
IN_DOCS = frozenset({"suite", "run-live", "record", "model-wrong-key"})
MINUTES = 20
ROWS = 8


def main() -> int:
    PICTURES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        ScriptedEndpoint.in_a_thread() as endpoint,
        served(workspace(Path(folder) / "work", is_live=True)) as one,
        opened_browser() as browser,
    ):
        endpoint.requires_key = KEY
        endpoint.models = status(200, {"data": [{"id": "scripted"}]})
        endpoint.answers_with(answers_everything)
        page = browser.new_page(viewport=WIDE, color_scheme="light")
        page.set_default_timeout(MINUTES * 60_000)
        page.goto(one.door.link)
        walk(page, one, endpoint, shot, rows=ROWS, row=None)
    sys.stdout.write(f"the walk was gone; its pictures are in {PICTURES}\n")
    return 0


def shot(page, name):
    if name not in IN_DOCS:
        return
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(200)
        page.screenshot(path=str(PICTURES / f"{name}-{scheme}.png"))
    page.emulate_media(color_scheme="light")


if __name__ == "__main__":
    sys.exit(main())
