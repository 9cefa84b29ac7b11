"""The whole way through Studio, on the shipped suite and a recorded run of the embedded model."""

import os
from pathlib import Path

import pytest

from sygra_eval.testing import status
from sygra_eval.testing.endpoint import ScriptedEndpoint
from tests.studio.journey import KEY, walk, workspace
from tests.studio.models.conftest import answers_everything
from tests.studio.served import served


@pytest.fixture
def endpoint():
    with ScriptedEndpoint.in_a_thread() as one:
        one.requires_key = KEY
        one.models = status(200, {"data": [{"id": "scripted"}]})
        one.answers_with(answers_everything)
        yield one


def test_a_person_adds_a_model_runs_the_suite_judges_a_row_and_finds_the_same_figures(
    tmp_path, endpoint, open_page
):
    pictures = os.environ.get("SYGRA_EVAL_SHOTS")

    def shot(page, name):
        if pictures:
            page.screenshot(path=str(Path(pictures) / f"{name}.png"))

    with served(workspace(tmp_path / "work", is_live=False)) as one:
        page = open_page(one)
        walk(page, one, endpoint, shot, rows=20)
        page.close()  # before the server is: a page that asks it then is an error in the console
