"""Rows hold any text there is; each view is read back by a parser of its format and compared."""

import csv
import io
import itertools
import json
import os
import tempfile
import unicodedata
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from sygra_eval.report.csv_view import MOST_UNITS, guarded
from sygra_eval.report.junit_view import xml_text
from sygra_eval.report.plain_text import cut, is_plain, shown
from sygra_eval.report.text_safety import printable
from sygra_eval.values import Evidence, FailingCase, Outcome, Status, Verdict
from tests.report.run_by_hand import call_of, end_of, view_of, write_run

HOSTILE = st.sampled_from(
    [
        "<script>alert(1)</script>",
        "]]>",
        "&amp;<!--",
        "\x1b[2J\x1b]0;owned\x07",
        "\u202eevil\u2066",
        "| a | b |",
        "``` `` `",
        "\x00",
        "\ud800",
        "\udfff\ud800",
        "=cmd|'/C calc'!A0",
        "\uff1d1+1",
        "@SUM(A1)",
        "-1",
        "\t=1",
        "\r\n::error::x",
        "::set-output name=a::b",
        "##[error]x",
        "%0A::error::y",
        '","x',
        "\ufffe\uffff",
        "[a](javascript:1)",
        "answer.py, line 999999999",
        "\u2028\u2029\x85",
    ]
)
TEXT = st.lists(HOSTILE | st.text(max_size=12), max_size=3).map("".join)
COUNTS = settings(deadline=None, max_examples=200 if os.environ.get("SYGRA_EVAL_FULL") else 8)
OUTCOMES = st.sampled_from([*Outcome])


@st.composite
def ends(draw):
    """Rows that ended, of any text."""
    rows = []
    for index in range(draw(st.integers(0, 5))):
        case = FailingCase(test=draw(TEXT), input=draw(TEXT), traceback=draw(TEXT))
        verdict = Verdict(
            validator=draw(TEXT | st.just("unit_tests")),
            status=draw(st.sampled_from([Status.PASS, Status.FAIL, Status.ERROR])),
            reason=draw(TEXT),
            evidence=Evidence(command=("ruff",), output=draw(TEXT), failing=case),
            is_required=draw(st.booleans()),
        )
        rows.append(
            end_of(
                index,
                draw(OUTCOMES),
                row_id=draw(TEXT) + f"#{index}",
                reason=draw(TEXT),
                topic=draw(TEXT),
                code=draw(TEXT),
                verdicts=(verdict,),
            )
        )
    return rows


def folder_of(rows, **changes):
    with_calls = [call_of(row.row_id, text="x", latency_s=0.5) for row in rows[:1]]
    folder = Path(tempfile.mkdtemp(dir=PLACE.name)) / "run"
    return write_run(folder, rows, calls=with_calls, **changes)


PLACE = tempfile.TemporaryDirectory()


@COUNTS
@given(ends(), st.sampled_from(["finished", "stopped", ""]))
def test_every_view_is_whole_and_says_what_the_rows_say(rows, ended):
    folder = folder_of(rows, ended=ended)

    check_junit(view_of("junit", folder), rows)
    check_csv(view_of("csv", folder), rows)
    check_raw(view_of("csv", folder, is_raw=True), rows)
    check_sarif(view_of("sarif", folder), rows)
    check_annotations(view_of("annotations", folder), rows)
    check_otel(view_of("otel", folder, has_content=True), rows)
    check_markdown(view_of("comment", folder))


def check_junit(text, rows):
    document = ElementTree.fromstring(text.encode())  # noqa: S314 - it is ours
    suite = document.find("testsuite")
    cases = suite.findall("testcase")
    assert [case.get("name") for case in cases] == [xml_text(row.row_id) for row in rows]
    assert int(suite.get("tests")) == len(rows)
    for case, row in zip(cases, rows, strict=True):
        kinds = [child.tag for child in case if child.tag != "properties"]
        expected = {"rejected": ["failure"], "failed": ["error"], "unjudged": ["skipped"]}
        assert kinds == expected.get(row.outcome.value, [])
        if kinds:
            assert case.find(kinds[0]).get("message") == xml_text(cut(row.reason, 500))
    everything = "".join(document.itertext()) + "".join(
        value for one in document.iter() for value in one.attrib.values()
    )
    assert all(map(is_seen, everything))


def is_seen(character):
    """Whether a reader sees that it is there."""
    return is_plain(character) or character in "\n\t" or unicodedata.category(character) == "Zs"


def check_csv(text, rows):
    assert text.count("\r\n") == text.replace("\r\n", "").count("\r") + len(rows) + 1
    header, *lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert [line[header.index("id")] for line in lines] == [guarded(row.row_id) for row in rows]
    for line, row in zip(lines, rows, strict=True):
        assert line[header.index("code")] == guarded(row.data["code"])
        assert line[header.index("reason")] == guarded(row.reason)
        for cell in line:
            assert not cell or cell[0] not in "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
            assert len(cell.encode("utf-16-le")) <= 2 * MOST_UNITS


def check_raw(text, rows):
    header, *lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    codes = [row.data["code"].encode("utf-8", "replace").decode() for row in rows]
    assert [line[header.index("code")] for line in lines] == codes


def check_sarif(text, rows):
    run = json.loads(text)["runs"][0]
    by_id = {unquote(one["partialFingerprints"]["rowId/v1"]): one for one in run["results"]}
    known = {row.row_id.encode("utf-8", "replace").decode(): row for row in rows}
    assert by_id.keys() <= known.keys() | {unquote(name) for name in known}
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert uri.isascii()
        assert " " not in uri
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        region = result["locations"][0]["physicalLocation"].get("region")
        assert region is None or region["startLine"] >= 1
    failed = {
        row.row_id for row in rows if any(verdict.status is Status.FAIL for verdict in row.verdicts)
    }
    assert run["properties"]["findings"] >= len(failed)


def check_annotations(text, rows):
    lines = text.split("\n")
    commands = list(itertools.takewhile(lambda line: not line.startswith("::group::"), lines))
    assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in commands[:-1])
    stops = [place for place, line in enumerate(lines) if line.startswith("::stop-commands::")]
    fallen = [row for row in rows if row.outcome in (Outcome.REJECTED, Outcome.FAILED)]
    assert len(stops) == bool(fallen)
    if stops:
        token = lines[stops[0]].removeprefix("::stop-commands::")
        assert lines[stops[0] + 1 :].index(f"::{token}::") == len(lines) - stops[0] - 4
    assert text == printable(text)


def check_otel(text, rows):
    for line in text.splitlines():
        document = json.loads(line)
        document_as_bytes = json.dumps(document, ensure_ascii=False).encode()
        assert document_as_bytes
    spans = [
        span
        for line in text.splitlines()
        for resource in json.loads(line).get("resourceSpans", ())
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    ]
    ids = {span["spanId"] for span in spans}
    assert len(ids) == len(spans)
    assert sum(span["name"].startswith("record ") for span in spans) == len(rows)
    assert all(span.get("parentSpanId") in ids for span in spans[1:])
    assert "parentSpanId" not in spans[0]


def check_markdown(text):
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    kinds = {token.type for token in tokens} | {
        child.type for token in tokens for child in token.children or ()
    }
    assert not {"html_block", "html_inline", "image", "link_open"} & kinds


@settings(deadline=None)
@given(st.text(max_size=30) | TEXT)
@example("\u00a0\u3000 wide")
def test_what_is_plain_is_what_printable_leaves_alone(text):
    assert not is_plain(text) or printable(text) == text
    assert shown(text) == printable(text)


@settings(deadline=None)
@given(TEXT, st.integers(2, 30))
def test_a_cut_text_is_no_longer_than_it_may_be(text, most):
    said = shown(text, most)

    assert len(said) <= most
    assert said == printable(text) or said.endswith("…")
    assert printable(text).startswith(said.removesuffix("…")) or len(text) > most


def test_a_cell_of_megabytes_costs_what_a_small_one_costs():
    big = "=\ud83d\x1b" + "🙂" * 500_000

    folder = folder_of([end_of(0, Outcome.REJECTED, code=big, topic=big, reason=big)])

    for view in ("junit", "csv", "sarif", "annotations", "otel"):
        assert len(view_of(view, folder)) < 200_000, view
    (row,) = list(csv.reader(io.StringIO(view_of("csv", folder))))[1:]
    assert max(len(cell.encode("utf-16-le")) // 2 for cell in row) == MOST_UNITS
