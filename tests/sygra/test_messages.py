"""A message with further keys is sent, told apart and journalled with them."""

import json

from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.engine.images import messages_from_json, messages_to_json
from sygra_eval.sygra.config import restored, stored
from sygra_eval.values import Message, TextPart

MORE = json.dumps({"tool_call_id": "call_1", "name": "add"})


def test_further_keys_are_sent_and_tell_messages_apart():
    plain, named = Message("tool", "3"), Message("tool", "3", more=MORE)

    assert named.as_dict() == {
        "role": "tool",
        "content": "3",
        "tool_call_id": "call_1",
        "name": "add",
    }
    assert plain.as_key() != named.as_key()
    assert plain.as_dict() == {"role": "tool", "content": "3"}


def test_further_keys_come_back_from_a_journal_and_old_ones_can_be_read():
    messages = (
        Message("user", "plain"),
        Message("tool", "3", more=MORE),
        Message("user", "ab", (TextPart("a"), TextPart("b")), MORE),
    )
    kept = json.loads(json.dumps(messages_to_json(messages)))

    assert kept[0] == ["user", "plain"]
    assert messages_from_json(kept) == messages


KEYS = st.one_of(st.text(max_size=5), st.integers(), st.booleans())
TREES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=8,
)


@given(TREES)
def test_what_a_task_holds_comes_back_from_a_suite_with_its_keys_as_they_were(tree):
    kept = json.loads(json.dumps(stored(tree)))

    assert restored(kept) == tree
    assert repr(restored(kept)) == repr(tree)
