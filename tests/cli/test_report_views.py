"""`sygra-eval report RUN --as NAME` for the views that other programs read."""

from xml.etree import ElementTree

import pytest

from sygra_eval.cli import main
from sygra_eval.values import Outcome
from tests.report.run_by_hand import end_of, write_run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    ends = [end_of(0), end_of(1, Outcome.REJECTED, topic="=1")]
    return write_run(tmp_path_factory.mktemp("views") / "run", ends)


def code_of(*arguments):
    with pytest.raises(SystemExit) as stop:
        main(["report", *map(str, arguments)])
    return stop.value.code


def test_a_view_is_written_where_it_is_wanted(folder, tmp_path):
    for view in ("junit", "sarif", "otel", "annotations", "summary", "comment"):
        assert code_of(folder, "--as", view, "--to", tmp_path / view) == 0
        assert (tmp_path / view).stat().st_size

    suite = ElementTree.fromstring((tmp_path / "junit").read_bytes())[0]  # noqa: S314 - it is ours
    assert suite.get("failures") == "1"


def test_a_csv_for_excel_and_one_for_programs(folder, tmp_path):
    assert code_of(folder, "--as", "csv", "--excel", "--to", tmp_path / "a") == 0
    assert code_of(folder, "--as", "csv", "--raw", "--to", tmp_path / "b") == 0

    assert (tmp_path / "a").read_bytes().startswith(b'\xef\xbb\xbf"id"')
    assert b'"\'=1"' in (tmp_path / "a").read_bytes()
    assert b'"=1"' in (tmp_path / "b").read_bytes()
    assert (tmp_path / "b").read_bytes().endswith(b"\r\n")


def test_a_view_that_there_is_not_is_refused_with_the_nearest(folder, capsys):
    assert code_of(folder, "--as", "junt") == 4

    assert "write `junit`" in capsys.readouterr().err


def test_nothing_is_sent_that_is_no_trace_or_to_nobody_knows_where(folder, capsys, monkeypatch):
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)

    assert code_of(folder, "--as", "csv", "--to", "otlp") == 4
    assert code_of(folder, "--as", "otel", "--to", "otlp") == 4

    said = capsys.readouterr().err
    assert "only `--as otel`" in said
    assert "set OTEL_EXPORTER_OTLP_ENDPOINT" in said
