"""Several sides against one: each is compared as alone, and p pays for how many there are."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sygra_eval.quality import (
    Against,
    ChangeVerdict,
    Facts,
    Rules,
    Side,
    chosen,
    compare_several,
    differing_settings,
    holm,
    settings_in,
)
from tests.quality.test_comparing import changes_of, drawn_rows, row, side_of

ASKED = ("rate", "score")


def several(before, *others, asked=ASKED):
    against = []
    for side in others:
        names, same = chosen(before, side, asked)
        against.append(Against(side=side, names=names, same_as=same))
    return compare_several(before, against, Rules())


@settings(deadline=None, max_examples=25)
@given(st.lists(drawn_rows(), min_size=3, max_size=5))
def test_p_is_corrected_for_all_tests_and_all_else_is_as_in_a_comparison_of_two(drawn):
    first, *others = (side_of(rows, name=f"n{at}") for at, rows in enumerate(drawn))

    found = several(first, *others)

    alone = [changes_of(first, side, *ASKED) for side in others]
    every = [change for one in found for change in one.changes if change.p is not None]
    assert {one.tests for one in found} == {len(every)}
    assert [change.p_holm for change in every] == holm([change.p for change in every])
    for one, other in zip(found, alone, strict=True):
        assert (one.matched, one.only_before, one.only_after) == (
            other.matched,
            other.only_before,
            other.only_after,
        )
        for mine, theirs in zip(one.changes, other.changes, strict=True):
            assert (mine.n, mine.p, mine.flips) == (theirs.n, theirs.p, theirs.flips)
            assert mine.change == theirs.change
            assert mine.p_holm is None or mine.p_holm >= theirs.p_holm


@settings(deadline=None, max_examples=25)
@given(drawn_rows(), drawn_rows())
def test_each_row_of_a_rate_is_in_one_of_the_four_kinds(first, second):
    (found,) = several(side_of(first), side_of(second, name="other"), asked=("rate",))
    (change,) = found.changes
    kinds = [change.flips.both, change.flips.neither]
    kinds += [[one.id for one in flips] for flips in (change.flips.fixed, change.flips.broken)]

    ids = [one for kind in kinds for one in kind]

    assert len(ids) == len(set(ids)) == change.n
    if change.n:
        passed = len(change.flips.both) + len(change.flips.fixed)
        assert change.after == pytest.approx(passed / change.n)


def test_what_one_comparison_would_show_four_at_once_do_not(monkeypatch):
    first = side_of([row(f"r{n}", "fail" if n < 6 else "pass") for n in range(20)])
    better = side_of([row(f"r{n}", "pass") for n in range(20)], name="better")

    (alone,) = several(first, better, asked=("rate",))
    four = several(first, better, first, first, first, asked=("rate",))

    assert alone.changes[0].p == pytest.approx(0.015625)
    assert alone.changes[0].verdict is ChangeVerdict.BETTER
    assert four[0].changes[0].p_holm == pytest.approx(4 * 0.015625)
    assert four[0].changes[0].verdict is ChangeVerdict.NO_EVIDENCE
    assert four[0].changes[0].smallest > alone.changes[0].smallest


def of(document):
    facts = Facts(kind="run", name="x", settings=settings_in(document))
    return Side(facts=facts)


def test_settings_that_differ_are_named_by_their_place_and_no_key_is_shown():
    one = {
        "none": {},
        "a": {"n": 1, "api_key": "k1", "same": [1]},
        "checks": [{"use": "x", "t": 1}],
    }
    two = {"a": {"n": 2, "api_key": "k2", "same": [1]}, "checks": [{"use": "w"}, {"use": "x"}]}

    found = differing_settings([of(one), of(two), of(one)])

    assert {one.setting: one.values for one in found} == {
        "a.n": ("1", "2", "1"),
        "a.api_key": ("(not shown: it may be a key)",) * 3,
        "checks.x.t": ("1", None, "1"),
        "checks.w.use": (None, "w", None),
    }
    unknown = Side(facts=Facts(kind="file", name="y"))
    assert differing_settings([of(one), unknown]) == (), "what is not known differs in nothing"


@pytest.mark.parametrize(
    ("name", "value", "is_shown"),
    [
        ("api-key", "k", False),
        ("X-Api-Key", "k", False),
        ("Authorization", "Bearer k", False),
        ("note", "see ghp_" + "h7Kd92LmQx4TzVb81NcRwYf35GjPa60SuEoi", False),
        ("api_key_env", "OPENAI_API_KEY", True),
        ("max_tokens", "512", True),
    ],
)
def test_what_may_be_a_key_by_its_name_or_by_what_it_is_is_not_shown(name, value, is_shown):
    found = differing_settings([of({"headers": {name: value}}), of({"headers": {name: "x"}})])

    assert (value in found[0].values) is is_shown


@settings(deadline=None, max_examples=50)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=4),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
        ),
        max_leaves=12,
    )
)
def test_a_document_differs_in_nothing_from_itself(document):
    side = of({"all": document})

    assert differing_settings([side, side]) == ()
