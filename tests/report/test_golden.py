import pytest

from tests.report.golden import FOLDER, difference, views_of
from tests.report.golden_run import golden_summary

VIEWS = views_of(golden_summary())


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_looks_as_it_is_kept(name):
    found = difference(name, VIEWS[name])

    assert not found, f"refresh with `python -m tests.report.golden --update`\n{found}"


def test_no_file_is_kept_that_no_view_makes():
    assert {path.name for path in FOLDER.iterdir()} == VIEWS.keys()
