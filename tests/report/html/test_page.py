import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.report import printable
from sygra_eval.report.html.markup import Markup, escaped, number, tag
from sygra_eval.report.html.page import html_report
from tests.report.html.conftest import HOSTILE, row_of, write_run

_VOID = {"meta", "br", "input"}


class Outline(HTMLParser):
    """What a browser makes of the page: elements that nest, their attributes, their text."""

    def __init__(self, page):
        super().__init__()
        self.seen, self.text, self.ids, self._open = [], [], [], []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, name, attributes):
        self.seen.append((name, dict(attributes)))
        self.ids += [value for key, value in attributes if key == "id"]
        if name not in _VOID:
            self._open.append(name)

    def handle_endtag(self, name):
        assert self._open.pop() == name

    def handle_data(self, text):
        if self._open and self._open[-1] not in ("script", "style"):
            self.text.append(text)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    rows = [row_of(index, HOSTILE[index % len(HOSTILE)]) for index in range(12)]
    return write_run(tmp_path_factory.mktemp("runs") / "rough" / "first", rows)


@pytest.fixture(scope="module")
def page(folder, context_of):
    parts = html_report(context_of(folder))
    return b"".join(part if isinstance(part, bytes) else part.encode() for part in parts).decode(
        "ascii"
    )


@pytest.fixture(scope="module")
def outline(page):
    return Outline(page)


def test_the_policy_stands_first_and_names_the_two_contents_that_there_are(page):
    policy = re.search(
        r'<head>\s*<meta http-equiv="Content-Security-Policy" content="(.*?)">', page
    )
    script = re.search(r"<script>(.*?)</script>", page, re.DOTALL)[1]
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]

    def digest(content):
        return base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()

    assert policy[1] == (
        f"default-src 'none'; script-src 'sha256-{digest(script)}'; "
        f"style-src 'sha256-{digest(style)}'; img-src data:; base-uri 'none'; form-action 'none'"
    )


def test_nothing_is_inline_and_nothing_is_loaded(outline):
    attributes = [(name, key) for name, found in outline.seen for key in found]

    assert not [one for one in attributes if one[1] == "style" or one[1].startswith("on")]
    assert not [one for one in attributes if one[1] in ("src", "srcset", "action", "background")]
    addresses = [found["href"] for _, found in outline.seen if "href" in found]
    assert addresses
    assert all(address.startswith("#") for address in addresses)
    assert {name for name, _ in outline.seen}.isdisjoint(
        {"link", "img", "iframe", "object", "base"}
    )


def test_an_id_is_there_once(outline):
    assert len(outline.ids) == len(set(outline.ids))


def test_hostile_text_is_text_with_its_escapes_seen(outline):
    text = "".join(outline.text)

    assert "<img src=x onerror=window.hurt=1>" in text
    assert "\\x1b[31mred" in text
    assert "\\u202egnp.exe" in text
    assert not re.search("[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069\u200b]", text)


def test_what_decides_comes_first(outline):
    headings = [found["id"] for name, found in outline.seen if name == "section"]

    assert headings[:3] == ["result", "funnel", "causes"]
    text = " ".join(outline.text)
    assert text.index("8 of 12 rows are verified") < text.index("Why rows fell out", 300)


def test_every_table_has_a_caption_and_scopes(outline):
    names = [name for name, _ in outline.seen]

    assert names.count("table") == names.count("caption") > 5
    assert all("scope" in found for name, found in outline.seen if name == "th")


def test_the_first_rejected_rows_are_there_without_script(outline):
    assert "Without: the first 4 rejected rows" in " ".join("".join(outline.text).split())


def test_a_run_that_goes_on_says_so(tmp_path, context_of):
    folder = write_run(tmp_path / "rough" / "going", [row_of(1)], is_over=False)

    page = b"".join(html_report(context_of(folder))).decode()

    assert "This run is still running" in page


def test_a_run_without_rows_has_a_page(tmp_path, context_of):
    folder = write_run(tmp_path / "rough" / "none", [])

    page = b"".join(html_report(context_of(folder))).decode()

    assert "0 of 0 rows are verified" in page
    Outline(page)


def test_a_limit_of_size_is_kept_to_and_told(folder, page, context_of):
    most = len(page) - 500

    smaller = b"".join(html_report(context_of(folder, max_mb=most / 1e6)))

    assert len(smaller) <= most
    assert b"This file holds the pages of" in smaller


def test_markup_of_somebody_else_is_text():
    assert tag("p", "<b>", Markup("<i></i>"), title='"<') == (
        '<p title="&quot;&lt;">&lt;b&gt;<i></i></p>'
    )
    assert escaped("a\u202e") == "a\\u202e"


@given(st.text(), st.text())
def test_any_text_stays_within_its_element(text, other):
    outline = Outline(tag("p", text, title=other))

    assert outline.seen[0][0] == "p"
    assert len(outline.seen) == 1
    assert "".join(outline.text) == printable(text)
    assert outline.seen[0][1]["title"] == printable(other)


@pytest.mark.parametrize(
    ("value", "written"), [(0.0, "0"), (-0.001, "0"), (-0.5, "-0.5"), (1.005, "1"), (10.1, "10.1")]
)
def test_a_number_has_two_decimals_at_most(value, written):
    assert number(value) == written
