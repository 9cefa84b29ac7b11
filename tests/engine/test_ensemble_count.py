"""What the report counts of several models: each label once a row, whatever rows call theirs."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from sygra_eval.engine.ensembles import MOST_LABELS, EnsembleCount
from sygra_eval.values import EnsembleEnd, Outcome, RecordEnd

LABELS = st.lists(st.sampled_from("abc"), unique=True, max_size=3).map(tuple)


@st.composite
def ensembles(draw):
    answered = draw(LABELS)
    kept = draw(st.sampled_from(["", *answered]))
    return EnsembleEnd(node="ask", answered=answered, unanswered=draw(LABELS), kept=kept)


@st.composite
def ends(draw):
    uses = draw(st.lists(st.tuples(st.sampled_from("rs"), st.sampled_from("xyz")), max_size=3))
    models = [{"role": role, "name": name} for role, name in uses]
    return RecordEnd(
        row_id="a",
        index=0,
        outcome=draw(st.sampled_from([Outcome.VERIFIED, Outcome.REJECTED])),
        reason="",
        data={"provenance": {"models": models}},
        ensembles=draw(st.lists(ensembles(), max_size=1).map(tuple)),
    )


def counted(rows):
    count = EnsembleCount()
    for row in rows:
        count.take(row)
    return count


@settings(max_examples=40, deadline=None)
@given(st.lists(ends(), max_size=8))
def test_a_label_is_counted_once_a_row(rows):
    seen = {
        "answered": Counter(),
        "unanswered": Counter(),
        "kept": Counter(),
        "verified": Counter(),
    }
    for row in rows:
        for one in row.ensembles:
            seen["answered"].update(one.answered)
            seen["unanswered"].update(one.unanswered)
            if one.kept:
                seen["kept"][one.kept] += 1
                seen["verified"][one.kept] += row.outcome is Outcome.VERIFIED

    members = counted(rows).members

    for member in members:
        for what, counts in seen.items():
            assert getattr(member, what) == counts[member.label]
    assert {member.label for member in members} == set(seen["answered"] | seen["unanswered"])


@settings(max_examples=40, deadline=None)
@given(st.lists(ends(), max_size=8))
def test_models_are_compared_where_a_role_had_several(rows):
    uses = [
        {(use["role"], use["name"]) for use in row.data["provenance"]["models"]} for row in rows
    ]
    names = Counter(role for role, _ in set().union(*uses))

    shares = counted(rows).shares

    assert {(share.role, share.name) for share in shares} == {
        (role, name) for role, name in set().union(*uses) if names[role] > 1
    }
    for share in shares:
        assert share.rows == sum((share.role, share.name) in of_row for of_row in uses)
        assert share.verified <= share.rows


def test_rows_with_labels_of_their_own_do_not_fill_the_memory():
    rows = [
        RecordEnd(
            row_id=str(number),
            index=number,
            outcome=Outcome.VERIFIED,
            reason="",
            data={},
            ensembles=(EnsembleEnd(node="pick", answered=(f"l{number}",), kept=f"l{number}"),),
        )
        for number in range(1_000)
    ]

    members = counted(rows).members

    assert len(members) == MOST_LABELS + 1
    assert sum(member.kept for member in members) == 1_000
