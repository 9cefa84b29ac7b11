"""A text is shortened as if all of it had been looked at."""

from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.validators.words import ADDRESS, shortened

PIECES = st.sampled_from(["0x", "deadbeef", "7f3a", " ", "x", "at 0x7f00aa11bb22", "é"])


@given(pieces=st.lists(PIECES, max_size=60), times=st.integers(1, 9), longest=st.integers(1, 40))
def test_a_long_text_is_shortened_as_if_all_of_it_had_been_scrubbed(pieces, times, longest):
    text = "".join(pieces) * times
    scrubbed = ADDRESS.sub("0x…", text)
    expected = scrubbed if len(scrubbed) <= longest else scrubbed[: longest - 1] + "…"

    assert shortened(text, longest) == expected
