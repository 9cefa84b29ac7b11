"""What an export carries does what ours does: conditions and texts, on anything."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sygra_eval.suite import Document, Template, as_text, compile_condition
from sygra_eval.suite.condition_terms import UnfitForCondition
from sygra_eval.sygra.exporting import carried
from sygra_eval.sygra.exporting.parts import Making
from sygra_eval.sygra.exporting.prompts import written

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.5, 2.0]),
    st.sampled_from(["", "a", "yes", "Yes."]),
    st.lists(st.sampled_from(["a", 1, None]), max_size=2),
    st.dictionaries(st.sampled_from(["k", "a"]), st.sampled_from([1, "a", None]), max_size=2),
)
STATES = st.dictionaries(st.sampled_from(["x", "y", "d"]), VALUES)
NAMES = st.sampled_from(["x", "y", "d", "d.k", "unset"])
LITERALS = st.sampled_from(["1", "-2", "0.5", "'a'", "None", "true", "True", "['a', 1]", "null"])
OPERANDS = st.one_of(NAMES, LITERALS, st.builds("len({})".format, NAMES), st.just("lower(x)"))
OPERATORS = st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "in", "not in", "is", "is not"])
ATOMS = st.one_of(
    st.builds("{} {} {}".format, OPERANDS, OPERATORS, OPERANDS),
    st.builds("{} {} {} {} {}".format, OPERANDS, OPERATORS, OPERANDS, OPERATORS, OPERANDS),
    st.builds("is_set({})".format, NAMES),
    st.builds("startswith({}, {})".format, OPERANDS, OPERANDS),
    NAMES,
)
CONDITIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("not ({})".format, inner),
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
    ),
    max_leaves=4,
)


def outcome_here(text, state):
    try:
        return compile_condition(text).holds(state)
    except UnfitForCondition:
        return "unfit"


def outcome_there(text, state):
    names = {name: name for name in compile_condition(text).names}
    try:
        return carried.holds(text, names, state)
    except (ValueError, KeyError, TypeError):
        return "unfit"


@given(CONDITIONS, STATES)
@settings(max_examples=100, deadline=None)
@example("x == 1", {"x": True})
@example("'a' in x", {"x": {"a": 1}})
@example("1 in x", {"x": "1"})
def test_a_condition_holds_there_where_it_holds_here(text, state):
    try:
        compile_condition(text)
    except ValueError:
        return  # no suite has it
    assert outcome_there(text, state) == outcome_here(text, state)


@given(VALUES)
def test_a_value_is_shown_there_as_here(value):
    assert carried.as_text(value) == as_text(value)


PIECES = st.one_of(
    st.text(st.sampled_from("ab{}\n\"'\\%$é"), max_size=6).map(
        lambda text: text.replace("{", "{{").replace("}", "}}")
    ),
    st.sampled_from(["{x}", "{y}", "{d.k}", "{größe}", "{a->b}"]),
)
FULL = st.fixed_dictionaries(
    {"x": VALUES, "y": VALUES, "d": st.just({"k": "v"}), "größe": VALUES, "a->b": VALUES}
)


@given(st.lists(PIECES, min_size=1, max_size=6), FULL, st.sets(st.sampled_from(["x", "größe"])))
@settings(max_examples=60, deadline=None)
def test_a_prompt_reads_there_as_here(pieces, state, plain):
    """SyGra fills a template as `str.format` does, with the state that the pre-processor left."""
    template = Template.parse("".join(pieces))
    making = Making(dotted="tasks.t.task_executor", document=Document(""), seed=0)
    making.plain = {name for name in plain if type(state[name]) in (str, int, float)}
    names = {name: name for name in state}

    made = written([("user", template, ())], names, making)

    there = carried.with_texts(made.texts, dict(state))
    (message,) = made.messages
    assert message["user"].format_map(there) == template.render(state)
    (said,) = carried.rendered(made.rendering, state)
    assert said == {"role": "user", "content": template.render(state)}


@pytest.mark.parametrize(
    ("said", "is_it"),
    [("NO MORE FEEDBACK", True), (" no  more\nfeedback!", True), ("no more feedback, but", False)],
)
def test_the_stop_phrase_is_the_whole_of_what_the_critic_says(said, is_it):
    assert (carried.plain(said) == carried.plain("No More Feedback")) is is_it
