"""Whatever a row, a model or a suite says: the run folder is whole, and no view obeys it.

Every registered view is tried, so that a new one is tried too; `CHECKS` is what a format owes
beside what all owe. The verbs that print rows are tried on the same runs.
"""

import asyncio
import csv
import io
import json
import os
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.cells import cell_len

from sygra_eval.cli import main
from sygra_eval.engine import parts_of, recheck
from sygra_eval.report import WIDTH, claims_by_query, closing_words, printable
from sygra_eval.values import (
    Attempt,
    Evidence,
    FailingCase,
    LoopEnd,
    Outcome,
    RecordEnd,
    Round,
    Status,
    StopReason,
    TestCount,
    Verdict,
)
from tests.report.handmade import SUITE, context_of, handmade_run

EXAMPLES = 60 if os.environ.get("SYGRA_EVAL_FULL") else 3
HOSTILE = (
    "\x1b[2J\x1b[31mred",
    "\x1b]8;;http://evil.example\x07link\x1b]8;;\x07",
    "\x9b2J\x85\x00\x7f\x08",
    "abc\u202efdp.exe\u2066\u061c\u200f",
    "in\u200bvis\ufeffible\U000e0041\u3164",
    "lone \ud800 surrogate \udcff",
    "<script>alert('CANARY')</script><img src=x onerror=alert(1)>",
    "</script></pre></td>]]>--><svg onload=alert(1)>",
    "| a | `b` | ``` | ~~~ | \\",
    "[click](javascript:alert(1)) ![](http://evil.example/p.png) **b** _i_ #1 @octocat",
    "<http://evil.example> &lt;b&gt; &#x202e; http://evil.example",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1+1)",
    "\t=1",
    "\uff1d1",
    "a\r\nb\rc\n\nd\u2028e\u2029f\x0bg",
    "::error file=x::pwned",
    "::stop-commands::x",
    "%0A::warning::x",
    '"quoted", "cells"',
    "1e5",
    "NaN",
    "",
    " ",
    "x" * 5_000,
    "日本語" * 200,
    "e" + "\u0301" * 500,
    "---\nlicense: mit\n---\n# heading",
    "\n```\nfence",
    "{{ 7 * 7 }} {0} %s $HOME `id` $(id)",
)
TEXTS = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(), max_size=30))
SOME = st.lists(TEXTS, min_size=8, max_size=24)


def rows_of(texts: list[str]) -> tuple[list[RecordEnd], dict[str, list[Round]]]:
    """Make rows in which every field says one of the texts."""

    def say(place: int) -> str:
        return texts[place % len(texts)]

    ends, rounds = [], {}
    for number, outcome in enumerate((Outcome.VERIFIED, Outcome.REJECTED, Outcome.FAILED) * 2):
        place = number * 7
        row_id = f"{say(place)}#{number}"
        status = Status.PASS if outcome is Outcome.VERIFIED else Status.FAIL
        case = FailingCase(test=say(place), input=say(place + 1), expected=say(2), got=say(3))
        verdicts = tuple(
            Verdict(
                validator=name,
                status=status,
                reason=say(place + 2),
                score=1.0 if status is Status.PASS else 0.0,
                evidence=Evidence(
                    command=(say(place), say(1)),
                    output=say(place + 3),
                    isolation=say(0),
                    failing=None if status is Status.PASS else case,
                    tests={"visible": TestCount(passed=1, total=2)},
                ),
            )
            for name in ("unit_tests", f"v {say(1)}")
        )
        attempt = Attempt(
            sample=0,
            answer=say(place + 4),
            code=say(place + 5),
            extraction=say(place + 1),
            evidence=say(place + 3),
            verdicts=verdicts,
            is_accepted=False,
            is_kept=True,
            diff=say(place),
            tokens=1,
            latency_s=0.1,
            label=say(place + 2),
        )
        one = Round(node=say(0), number=1, attempts=(attempt,), critique=say(place + 6))
        rounds[row_id] = [one, replace(one, number=2, choice=say(place))]
        ends.append(
            RecordEnd(
                row_id=row_id,
                index=number,
                outcome=outcome,
                reason=say(place + 1),
                data={
                    "id": row_id,
                    "question": say(place),
                    "topic": say(place + 2),
                    f"col {say(1)}".encode("utf-8", "replace").decode(): say(place + 3),
                    "answer": say(place + 4),
                    "code": say(place + 5),
                    "messages": [{"role": "assistant", "content": say(place + 4)}],
                    "rounds": 2,
                    "stop_reason": "max_rounds",
                    "verdicts": [
                        {
                            "validator": verdict.validator,
                            "status": status.value,
                            "score": verdict.score,
                            "reason": verdict.reason,
                            "isolation": say(0),
                        }
                        for verdict in verdicts
                    ],
                    "provenance": {
                        "suite_sha256": "5" * 64,
                        "row_id": row_id,
                        "models": [
                            {"role": say(0), "name": say(1), "model": say(2), "parameters": "{}"}
                        ],
                        "prompt_sha256": "5" * 64,
                        "notes": [say(place)],
                    },
                    "grade": "tests",
                    **({} if outcome is Outcome.VERIFIED else {"outcome_reason": say(place + 1)}),
                },
                verdicts=verdicts,
                loop=LoopEnd(
                    node=say(0),
                    stop_reason=StopReason.MAX_ROUNDS,
                    rounds=2,
                    samples=1,
                    sentinels_refused=0,
                    tokens=2,
                    kept_round=2,
                ),
                weak_tests=say(place + 4) if number % 2 else "",
            )
        )
    return ends, rounds


def document_of(texts: list[str]) -> dict:
    """Return a suite whose own words are hostile too."""
    clean = [text.encode("utf-8", "replace").decode() for text in texts]
    validators = [{"use": "unit_tests"}, {"use": "judge", "name": f"v {clean[1]}"}]
    return {
        **SUITE,
        "models": {clean[2] or "author": {"use": "embedded"}},
        "quality": {"validators": validators},
        "card": {
            "license": clean[3],
            "pretty_name": clean[4],
            "citation": clean[5],
            "source_licenses": [clean[6]],
        },
    }


def obeyed(text: str, allowed: str = "\n\t") -> list[str]:
    """Return what of a text a terminal or an editor would obey or hide."""
    return sorted({c for c in set(text) - set(allowed) if printable(c) != c})


# What a format owes


def a_page(text: str, mark: str = "commonmark") -> None:
    tokens = list(flat(MarkdownIt(mark).enable("table").parse(text)))
    kinds = {token.type for token in tokens}
    assert not kinds & {"html_inline", "image"}, kinds
    for token in tokens:
        assert token.type != "html_block" or "<!--" in token.content or "details" in token.content
        assert "evil" not in str(token.attrs.get("href", ""))


def flat(tokens) -> Iterator:
    for token in tokens:
        yield token
        yield from flat(token.children or ())


def a_card(text: str) -> None:
    a_page(text.split("\n---\n", 1)[1])


def lines_of_a_terminal(text: str) -> None:
    assert max(map(cell_len, text.splitlines())) <= WIDTH


def ascii_json(text: str) -> None:
    json.loads(text)
    assert text.isascii()


def xml(text: str) -> None:
    ET.fromstring(text.encode())  # noqa: S314 - ours


def cells(text: str) -> None:
    head, *rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    assert rows
    for row in rows:
        assert len(row) == len(head)
        assert not [cell for cell in row if cell[:1] in tuple("=@\t\r\uff1d\uff20")]


class Tags(HTMLParser):
    """Collects what of a page could run or leave it."""

    def __init__(self) -> None:
        super().__init__()
        self.bad: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.bad += [f"{tag} {name}" for name, _ in attrs if name.startswith("on")]
        for name, value in attrs:
            leads_elsewhere = name in ("src", "href") and not (value or "").startswith("#")
            if leads_elsewhere and "evil" in (value or ""):
                self.bad.append(f"{tag} {name}")
        if tag in ("iframe", "object", "embed", "base", "form"):
            self.bad.append(tag)


def html(text: str) -> None:
    tags = Tags()
    tags.feed(text)
    assert tags.bad == []
    assert "<script>alert('CANARY" not in text


CHECKS = {
    "terminal": lines_of_a_terminal,
    "markdown": a_page,
    "summary": a_page,
    "comment": a_page,
    "card": a_card,
    "json": ascii_json,
    "sarif": json.loads,
    "junit": xml,
    "csv": cells,
    "html": html,
}
MAY_HOLD = {
    "csv": "\n\t\r\ufeff",
    "markdown": "\n\t\u2060",
    "summary": "\n\t\u2060",
    "comment": "\n\t\u2060",
    "card": "\n\t\u2060",
}
"""What a format needs of its own: a spreadsheet's line ends, the joiner behind a Markdown `@`."""


def owes(name: str, text: str) -> None:
    """Ask of a view's text what all owe, and what its format does."""
    assert obeyed(text, MAY_HOLD.get(name, "\n\t")) == [], name
    CHECKS.get(name, str)(text)


def views_of(folder: Path) -> Iterator[tuple[str, str]]:
    ctx = context_of(folder)
    assert ctx.plugins is not None
    for name, reporter in ctx.plugins.of("reporters").items():
        parts = parts_of(reporter, ctx)
        yield (
            name,
            "".join(p if isinstance(p, str) else p.decode("utf-8", "replace") for p in parts),
        )


@pytest.fixture
def printed(capsys):
    """Call a verb; return its exit code and all that it printed."""

    def call(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        streams = capsys.readouterr()
        return int(ended.value.code or 0), streams.out + streams.err

    return call


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=(Phase.explicit, Phase.generate),  # a small example costs minutes to be found
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(texts=SOME)
def test_no_text_harms_the_folder_or_a_view_or_a_terminal(printed, texts):
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "small" / "one"
        ends, rounds = rows_of(texts)
        summary = handmade_run(
            folder,
            ends,
            rounds,
            document=document_of(texts),
            suite=texts[5] or "small",
            labels={texts[2].encode("utf-8", "replace").decode() or "author": texts[0]},
            warnings=texts[:3],
        )
        assert (folder / "manifest.json").is_file(), summary.exit_reason

        views = dict(views_of(folder))
        verbs = verbs_on(folder, [end.row_id for end in ends])
        said = {f"{place} {verb[0]}": printed(*verb) for place, verb in enumerate(verbs)}

        for name, text in views.items():
            assert text.encode(), name
            owes(name, text)
        for verb, (code, text) in said.items():
            assert code in (0, 1, 4, 5, 7), (verb, text[-2_000:])
            assert obeyed(text) == [], verb
        assert obeyed(closing_words(summary)) == []


def verbs_on(folder: Path, rows: list[str]) -> list[tuple[str, ...]]:
    """Return calls of the verbs that print rows; an id that looks like an option is no argument."""
    run = str(folder)
    return [
        *(("show", run, "--", row) for row in rows[:3]),
        ("show", run),
        ("show", run, "--", f"{rows[0]}1"),
        ("show", run, "--where", f"len(id) > 1 and id == {rows[1]!r}"),
        ("diff", "--", run, rows[0]),
        ("diff", "--", run, run, rows[1]),
        ("grep", run, ".", "-C", "1"),
        ("ledger", run),
        ("runs", "list", "--out", str(folder.parents[1])),
        ("verify", run, "--sample", "2"),
    ]


def test_a_run_of_all_hostile_texts_holds_what_it_says(tmp_path):
    folder = tmp_path / "small" / "one"
    ends, rounds = rows_of(list(HOSTILE))
    handmade_run(folder, ends, rounds, document=document_of(list(HOSTILE)))

    found = asyncio.run(recheck(folder, sample=0, by_query=claims_by_query))

    assert (found.changed, found.altered) == ((), ())
    # These rows say that they took tokens, and there are no calls that did.
    assert [one for one in found.claims if "rounds" not in one.of] == []
    assert found.queries > 50


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("terminal", "\x1b[31m"),
        ("terminal", "x" * 81),
        ("markdown", "<img src=x onerror=alert(1)>"),
        ("markdown", "| a |\n|---|\n| ![](http://evil.example) |"),
        ("html", "<p onclick='x'>"),
        ("csv", '"a"\r\n"=1+1"\r\n'),
        ("json", '{"a": "\u202e"}'),
        ("junit", "<a>\x1b</a>"),
    ],
)
def test_a_view_that_lets_a_text_through_would_be_found(name, text):
    with pytest.raises((AssertionError, ET.ParseError)):
        owes(name, text)
