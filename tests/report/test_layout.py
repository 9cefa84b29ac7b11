from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from sygra_eval.report.layout import WIDTH, grid, shorten, wrapped
from sygra_eval.report.text_safety import one_line

ANY_TEXT = st.text(st.characters())
WIDE_TEXT = st.text(st.sampled_from("ab 日本語e\u0301กี🙂\uff46\u0e31"))


def cells(text):
    """Cells character by character: at least what a terminal that joins some of them takes."""
    return sum(map(cell_len, text))


@settings(deadline=None)
@given(st.lists(st.tuples(ANY_TEXT | WIDE_TEXT, st.integers(0, 10**9)), min_size=1, max_size=5))
def test_numbers_stand_under_one_another_beside_text_of_any_script(rows):
    lines = grid(("id", "n"), ("left", "right"), [(text, str(n)) for text, n in rows]).splitlines()

    assert len(lines) == 2 + len(rows)
    assert len({cells(line) for line in lines}) == 1
    assert [line.rsplit(maxsplit=1)[-1] for line in lines[2:]] == [str(n) for _, n in rows]


@settings(deadline=None)
@given(st.lists(st.tuples(ANY_TEXT, ANY_TEXT | WIDE_TEXT, ANY_TEXT), min_size=1, max_size=4))
def test_a_table_is_never_wider_than_the_page(rows):
    rows = [tuple(cell * 9 for cell in row) for row in rows]

    table = grid(("one", "two", "three"), ("left", "left", "left"), rows)

    assert max(map(cells, table.splitlines())) <= WIDTH


def test_the_widest_text_gives_way_first_and_says_so():
    last = grid(("id", "reason"), ("left", "left"), [("dates-001", "x" * 200)]).splitlines()[-1]

    assert last.startswith("dates-001  xxx")
    assert last.endswith("x…")
    assert len(last) == WIDTH


@settings(deadline=None)
@given(ANY_TEXT | WIDE_TEXT, st.integers(1, 30))
def test_shorten_keeps_to_its_width_and_leaves_what_fits(text, width):
    line = one_line(text)

    short = shorten(line, width)

    assert cells(short) <= width
    if line.isascii() and len(line) <= width:
        assert short == line


def test_marks_that_pile_up_on_one_character_are_cut():
    assert len(shorten("a" + "\u0301" * 1_000, 10)) < 10


@settings(deadline=None)
@given(st.lists(ANY_TEXT | WIDE_TEXT, max_size=6).map(" ".join))
def test_wrapped_lines_fit_and_lose_nothing(text):
    lines = wrapped(text, indent="  ").splitlines()

    assert all(cells(line) <= WIDTH for line in lines)
    if text.isascii():
        kept, given_text = "".join(lines), one_line(text)
        assert "".join(kept.split()) == "".join(given_text.split())


def test_an_id_that_is_to_be_copied_is_never_cut():
    row_id = "code/what-is-missing-from-the-parcel"

    last = grid(
        ("row", "stopped by", "reason"),
        ("left",) * 3,
        [(row_id, "no_change", "x" * 99)],
        whole=(0,),
    ).splitlines()[-1]

    assert last.startswith(f"{row_id}  no_change     x")
    assert len(last) <= WIDTH
