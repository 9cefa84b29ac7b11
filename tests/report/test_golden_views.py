import pytest

from sygra_eval.plugins import load_plugins
from tests.report.golden import difference
from tests.report.golden_rows import FILES, FOLDER_OF_ROWS, views_of_rows

VIEWS = (*FILES.values(), "annotations.txt")


@pytest.fixture(scope="module")
def views():
    return views_of_rows()


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_says_what_its_golden_file_says(name, views):
    found = difference(name, views[name], FOLDER_OF_ROWS)

    assert not found, f"refresh with `python -m tests.report.golden --update`\n{found}"


def test_a_view_of_the_same_journal_has_the_same_bytes(views):
    assert views == views_of_rows()


def test_every_registered_view_has_a_golden_file(tmp_path):
    of_a_summary = {"terminal", "markdown", "json", "card", "html"}  # in test_golden

    registered = load_plugins(tmp_path).of("reporters").keys()

    assert registered == {*FILES, "annotations", *of_a_summary}


def test_no_file_is_kept_that_no_view_makes(views):
    assert {path.name for path in FOLDER_OF_ROWS.iterdir()} == views.keys() == set(VIEWS)
