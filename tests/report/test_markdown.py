from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from sygra_eval.engine import Cause
from sygra_eval.report import markdown_report, one_line
from sygra_eval.report.markdown import bullets, pipe_table
from sygra_eval.report.table import Align, Table
from sygra_eval.values import Outcome

MARKDOWN = MarkdownIt("commonmark").enable("table")  # raw HTML is read, as a code host does
SYNTAX = st.text(st.sampled_from("|`<>&*_[]()~$#!\\-+=1. \n\r\t:/@a\x1b\u202e"), max_size=40)
SHORT_TEXT = SYNTAX | st.text(st.characters(), max_size=40)


def plain(inline):
    """The text of an inline token that holds nothing but text."""
    assert {child.type for child in inline.children} <= {"text"}
    return "".join(child.content for child in inline.children).replace("@\u2060", "@").strip()


def rows_of(page):
    """The cells of every line of every table, headers too."""
    rows, tokens = [], MARKDOWN.parse(page)
    for at, token in enumerate(tokens):
        if token.type == "tr_open":
            rows.append([])
        elif token.type in ("td_open", "th_open"):
            rows[-1].append(plain(tokens[at + 1]))
    return rows


@settings(deadline=None)
@given(st.lists(st.tuples(SHORT_TEXT, SHORT_TEXT), min_size=1, max_size=4))
def test_a_cell_shows_its_text_and_never_breaks_the_table(cells):
    table = Table(
        title="t", columns=("one", "two"), aligns=(Align.LEFT, Align.RIGHT), rows=tuple(cells)
    )

    rows = rows_of(pipe_table(table))

    assert rows == [["one", "two"], *([one_line(a), one_line(b)] for a, b in cells)]


@settings(deadline=None)
@given(st.lists(SHORT_TEXT.filter(one_line), min_size=1, max_size=4))
def test_a_bullet_shows_its_text_and_opens_nothing(lines):
    tokens = MARKDOWN.parse(bullets(lines))

    assert [plain(token) for token in tokens if token.type == "inline"] == list(
        map(one_line, lines)
    )
    opened = {token.type for token in tokens if token.nesting == 1}
    assert opened == {"bullet_list_open", "list_item_open", "paragraph_open"}


def test_the_page_has_the_tables_of_the_terminal(summary_of):
    rows = rows_of(markdown_report(summary_of(not_reached=2)))

    assert ["rejected", "7", "35.0", "18.1 – 56.7", "max_rounds 6 · no_change 1"] in rows
    assert ["not reached", "2", "–", "–", "–"] in rows
    assert ["all rows", "22", "", "", ""] in rows
    assert ["python_compiles*", "18", "1", "0", "0"] in rows
    assert ["cost", "–"] in rows


def test_an_id_cannot_write_into_the_page(summary_of):
    evil = "x|y`<img src=x onerror=alert(1)>\n# Heading\x1b[2J"

    page = markdown_report(
        summary_of(
            suite=evil,
            causes=(Cause(outcome=Outcome.FAILED, reason=evil, rows=1, examples=(evil,)),),
        )
    )

    tokens = MARKDOWN.parse(page)
    types = {token.type for token in tokens} | {
        child.type for token in tokens for child in token.children or ()
    }
    assert not {"html_block", "html_inline", "code_inline", "image"} & types
    assert sum(token.type == "heading_open" and token.tag == "h1" for token in tokens) == 1
    assert "\x1b" not in page


def test_a_run_that_goes_on_says_so_at_the_top(summary_of):
    page = markdown_report(summary_of(state="running"))

    assert "state: still running, or killed: the figures are those so far" in page.split("## ")[0]


def test_a_page_can_say_how_to_run_it_again(summary_of):
    page = markdown_report(summary_of(command="sygra-eval run suites/a.yaml", version="0.1.0"))

    assert "command: sygra-eval run suites/a.yaml" in page
    assert "made with: sygra-eval 0.1.0" in page
