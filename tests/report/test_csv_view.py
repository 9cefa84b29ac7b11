import csv
import io

import pytest

from sygra_eval.report.csv_view import guarded
from sygra_eval.values import Outcome
from tests.report.run_by_hand import call_of, end_of, view_of, write_run


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    ends = [end_of(0, topic="=1+1", code=None), end_of(1, Outcome.REJECTED, loop=None)]
    calls = [call_of("q0", cost_nano_usd=1), call_of("q1", cost_nano_usd=None)]
    return write_run(tmp_path_factory.mktemp("csv") / "run", ends, calls=calls)


def test_a_row_is_a_line_with_its_verdicts_and_what_it_cost(folder):
    first, second = rows_of(view_of("csv", folder))

    assert first["outcome"] == "verified"
    assert (first["unit_tests.status"], first["unit_tests.score"]) == ("pass", "1.0")
    assert (first["rounds"], first["stop_reason"], first["models"]) == ("2", "max_rounds", "author")
    assert first["cost_usd"] == "0.000000001"
    assert (second["rounds"], second["cost_usd"]) == ("", "")
    assert second["unit_tests.score"] == "0.5"


def test_a_formula_gets_an_apostrophe_unless_a_program_reads_it(folder):
    assert rows_of(view_of("csv", folder))[0]["topic"] == "'=1+1"
    assert rows_of(view_of("csv", folder, is_raw=True))[0]["topic"] == "=1+1"


def test_excel_gets_its_mark_and_nobody_else(folder):
    assert view_of("csv", folder, has_bom=True).startswith('\ufeff"id"')
    assert view_of("csv", folder).startswith('"id"')


@pytest.mark.parametrize("first", "=+-@\t\n\r\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b")
def test_no_cell_begins_as_a_formula_does(first):
    cell = guarded(first + "1")

    assert cell == f"'{first}1" or cell[0] == "\\"


def test_a_cell_is_cut_where_a_spreadsheet_would():
    assert len(guarded("x" * 40_000)) == 32_767
    assert len(guarded("🙂" * 40_000).encode("utf-16-le")) <= 2 * 32_767
    assert guarded("🙂" * 40_000).endswith("🙂…")
    assert guarded("x" * 32_767) == "x" * 32_767
