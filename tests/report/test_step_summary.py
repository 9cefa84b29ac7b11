from hypothesis import given, settings
from hypothesis import strategies as st

from sygra_eval.report.step_summary import (
    COMMENT_CHARACTERS,
    SUMMARY_BYTES,
    bytes_of,
    sections_of,
    units_of,
    within,
)
from sygra_eval.values import Outcome
from tests.report.run_by_hand import end_of, view_of, write_run


def table(title, rows):
    lines = "".join(f"| row {n} | 🙂 |\n" for n in range(rows))
    return f"## {title}\n\n| a | b |\n|---|---|\n{lines}\n"


def test_what_fits_is_left_as_it_is():
    page = f"# run\n\n- a\n\n{table('one', 3)}"

    assert within(page, 10_000, bytes_of) == page


def test_a_section_that_does_not_fit_is_left_out_as_a_whole_and_named():
    page = f"# run\n\n- a\n\n{table('small', 3)}{table('large', 900)}{table('last', 2)}"

    cut = within(page, 2_000, bytes_of)

    assert cut.startswith(f"# run\n\n- a\n\n{table('small', 3)}{table('last', 2)}".rstrip())
    assert cut.endswith("There was no room here for: large. The whole report is `report.md`.\n")
    assert bytes_of(cut) <= 2_000


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.integers(0, 40), max_size=8),
    st.integers(700, 3_000),
    st.sampled_from([bytes_of, units_of]),
)
def test_a_page_is_within_its_bound_and_every_table_in_it_is_whole(sizes, most, measure):
    whole = {f"n{place}": table(f"n{place}", rows) for place, rows in enumerate(sizes)}
    page = "# run\n\n" + "- a line\n" * 20 + "\n" + "".join(whole.values())

    cut = within(page, most, measure)

    assert measure(cut) <= most
    kept = {part.splitlines()[0].removeprefix("## "): part for part in sections_of(cut)[1:]}
    assert all(part.startswith(whole[title].rstrip()) for title, part in kept.items())
    assert set(kept) | {title for title in whole if title in cut} == set(whole)


def test_a_heading_inside_a_fence_begins_no_section():
    page = "# a\n\n```\n## not one\n```\n\n## one\n\n~~~~\n## no\n~~~\n## no\n~~~~\n"

    assert [part.splitlines()[0] for part in sections_of(page)] == ["# a", "## one"]


def test_a_run_of_many_causes_stays_within_what_a_host_takes(tmp_path):
    ends = [end_of(n, Outcome.REJECTED, reason=f"{n} " + "|`<&" * 60) for n in range(300)]
    folder = write_run(tmp_path / "run", ends)

    assert units_of(view_of("comment", folder)) <= COMMENT_CHARACTERS
    assert bytes_of(view_of("summary", folder)) <= SUMMARY_BYTES
    assert bytes_of(view_of("summary", folder, max_mb=0.002)) <= 2_000
