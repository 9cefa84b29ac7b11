import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.suite import case_id, decoded, encoded, question_of, repeated

KEPT = re.compile(r"[A-Za-z0-9_.+/-]*")
HARD = st.text(st.sampled_from("_x41AFfa:[]% é\ud83dλ/"), max_size=12)


@given(st.text() | HARD)
def test_an_id_comes_back_as_it_went_in_and_holds_safe_characters_only(raw):
    written = encoded(raw)

    assert KEPT.fullmatch(written)
    assert decoded(written) == raw


@given(HARD, HARD)
def test_two_ids_are_never_written_alike(one, other):
    assert (encoded(one) == encoded(other)) is (one == other)


@given(st.text() | HARD)
def test_what_nobody_encoded_is_decoded_to_something_all_the_same(written):
    assert isinstance(decoded(written), str)


@pytest.mark.parametrize(
    ("raw", "written"),
    [
        ("HumanEval/7", "HumanEval/7"),
        ("a b", "a_x20b"),
        ("a::b", "a_x3A_x3Ab"),
        ("a[1]", "a_x5B1_x5D"),
        ("naïve", "na_xC3_xAFve"),
        ("snake_case", "snake_case"),
        ("a_x41", "a_x5Fx41"),
    ],
)
def test_what_an_id_looks_like(raw, written):
    assert encoded(raw) == written


def test_the_parts_of_an_id_are_suite_variant_row_and_repeat():
    assert case_id("code", "a:b") == "code::default::a_x3Ab"
    assert case_id("code", "7", variant="author=small") == "code::author=small::7"
    assert case_id("code", "7", repeat=3) == "code::default::7::r3"


@given(st.text(), st.integers(min_value=1, max_value=1000))
def test_a_repeat_names_its_row(raw, repeat):
    assert question_of(repeated(raw, repeat)) == (raw, repeat)
