"""One model is changed in the text of a models.yaml, and no other line is another."""

import difflib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sygra_eval.studio.models.splice import CannotSplice, data_of, with_model, without_model

FILE = """\
# Models of the team.

author:              # writes the drafts
  use: openai
  base_url: http://127.0.0.1:8000/v1   # the one in the cellar
  model: big

  # costs us nothing
  price: free
  parameters: {temperature: 0.8, stop: ["\\n\\n"]}

critic: {use: ollama, model: small}  # cheap
# the end
"""


def changed_lines(before: str, after: str) -> list[str]:
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in lines if line[0] in "+-"]


def author(**changes: object) -> dict:
    entry = {**data_of(FILE)["author"], **changes}
    return {key: value for key, value in entry.items() if value is not None}


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (author(model="bigger"), ["-   model: big", "+   model: bigger"]),
        (
            author(base_url="http://127.0.0.1:9/v1"),
            [
                "-   base_url: http://127.0.0.1:8000/v1   # the one in the cellar",
                "+   base_url: http://127.0.0.1:9/v1   # the one in the cellar",
            ],
        ),
        (author(rpm=60), ["+   rpm: 60"]),
        (author(price=None), ["-   price: free"]),
        (
            author(parameters={"temperature": 0.2, "stop": ["\n\n"]}),
            [
                '-   parameters: {temperature: 0.8, stop: ["\\n\\n"]}',
                '+   parameters: {temperature: 0.2, stop: ["\\n\\n"]}',
            ],
        ),
        (
            author(price={"input": 1.0, "output": 2.0}),
            ["-   price: free", "+   price: {input: 1.0, output: 2.0}"],
        ),
    ],
)
def test_only_the_line_that_says_it_changes(entry, expected):
    after = with_model(FILE, "author", entry)

    assert changed_lines(FILE, after) == expected
    assert data_of(after) == {**data_of(FILE), "author": entry}


def test_a_model_is_added_behind_all_lines():
    after = with_model(FILE, "new", {"use": "openai", "model": "m", "api_version": "2024-10-21"})

    assert after == FILE + "new:\n  use: openai\n  model: m\n  api_version: '2024-10-21'\n"


def test_a_model_is_taken_out_with_its_lines_alone():
    after = without_model(FILE, "critic")

    assert changed_lines(FILE, after) == ["- critic: {use: ollama, model: small}  # cheap"]


def test_a_model_in_braces_stays_in_braces():
    after = with_model(FILE, "critic", {"use": "ollama", "model": "small", "context": 4096})

    assert "critic: {use: ollama, model: small, context: 4096}  # cheap\n" in after


def test_a_text_with_a_comma_stays_one_in_braces_over_several_lines():
    text = "a: {use: openai,  # so\n  model: m,\n  # inner\n  rpm: 3}\n"

    after = with_model(text, "a", {"use": "openai", "model": "x, y", "rpm": 3})

    assert after == text.replace("model: m,", "model: 'x, y',")


@pytest.mark.parametrize(
    ("name", "entry", "expected"),
    [
        ("a", {"x": 1, "y": 2, "z": 3}, "{a: {x: 1,  # one\n y: 2, z: 3},\n # hi\n b: {}} # c\n"),
        ("a", {"x": 1}, "{a: {x: 1},\n # hi\n b: {}} # c\n"),
        ("a", {"y": 2}, "{a: {  # one\n y: 2},\n # hi\n b: {}} # c\n"),
        ("b", {"w": 0}, "{a: {x: 1,  # one\n y: 2},\n # hi\n b: {w: 0}} # c\n"),
        ("c", {"w": 0}, "{a: {x: 1,  # one\n y: 2},\n # hi\n b: {}, c: {w: 0}} # c\n"),
        ("a", None, "{\n # hi\n b: {}} # c\n"),
    ],
)
def test_a_file_all_in_braces_keeps_the_comments_of_others(name, entry, expected):
    text = "{a: {x: 1,  # one\n y: 2},\n # hi\n b: {}} # c\n"

    after = without_model(text, name) if entry is None else with_model(text, name, entry)

    assert after == expected


def test_the_last_model_leaves_a_file_that_can_be_read():
    after = without_model("# ours\na: {use: embedded}\n", "a")

    assert after == "# ours\n{}\n"
    assert with_model(after, "b", {"use": "embedded"}) == "# ours\nb:\n  use: embedded\n"


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "\ufeff", "# no line end"])
def test_a_file_with_nothing_in_it_takes_a_first_model(text):
    after = with_model(text, "a", {"use": "embedded"})

    assert after.startswith(text)
    assert data_of(after) == {"a": {"use": "embedded"}}


def test_line_ends_of_windows_stay():
    text = FILE.replace("\n", "\r\n")

    after = with_model(text, "author", author(rpm=60, model="m"))

    assert after.count("\n") == after.count("\r\n") == text.count("\n") + 1


def test_nothing_to_change_changes_nothing():
    assert with_model(FILE, "author", author()) == FILE


@pytest.mark.parametrize(
    ("text", "name", "entry"),
    [
        ("a: &a {use: embedded, model: x}\nb: *a\n", "a", {"use": "embedded", "model": "y"}),
        ("a: &a\n  use: embedded\nb:\n  <<: *a\n", "a", {"use": "embedded", "context": 512}),
        ("- a list\n", "a", {"use": "embedded"}),
        ("a: !!str x\n", "b", {"use": "embedded"}),
        ("a: {use: embedded}\na: {use: embedded}\n", "b", {"use": "embedded"}),
        ("a: {use: embedded}\n---\nb: 1\n", "b", {"use": "embedded"}),
    ],
)
def test_what_reaches_further_is_refused(text, name, entry):
    with pytest.raises(CannotSplice):
        with_model(text, name, entry)


def test_a_key_that_comes_from_elsewhere_is_written_over_here():
    text = "base: &b\n  use: embedded\n  context: 512\nown:\n  <<: *b   # as above\n"

    after = with_model(text, "own", {"use": "embedded", "context": 1024})

    assert after == text + "  context: 1024\n"


def test_the_end_mark_of_a_document_stays_the_end():
    text = "a: {use: embedded}\n# said\n...\n"

    assert with_model(text, "b", {}) == "a: {use: embedded}\nb: {}\n# said\n...\n"


CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # of busy machines

# Any entry, any change of one, among comments, blanks, blocks and flows.
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**9),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.text(alphabet=" #:'\"{}[],&*!|>%@`-yesnoff012.\nä", max_size=12),
)
NAMES = st.sampled_from(["use", "model", "price", "a.b", "rpm", "yes", "1", "null"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(NAMES, inner, max_size=2)),
    max_leaves=4,
)
ENTRIES = st.dictionaries(NAMES, VALUES, max_size=4)


@st.composite
def files(draw) -> tuple[dict, str]:
    """A file of models as people write them, and what it says."""
    data, text = {}, draw(st.sampled_from(["", "# top\n\n", "---\n"]))
    for name in draw(st.lists(st.sampled_from(["a", "b", "c-1"]), unique=True, min_size=1)):
        entry = draw(ENTRIES)
        is_flow = draw(st.booleans()) or not entry
        comment = draw(st.sampled_from(["", "  # why: {not}"]))
        if is_flow:
            text += f"{name}: {json.dumps(entry)}{comment}\n"
        else:
            text += f"{name}:{comment}\n"
            for key, value in entry.items():
                shown = json.dumps(value)
                if isinstance(value, str) and value.strip("\n ") == value != "" and "\n" in value:
                    lines = value.split("\n")
                    shown = "|-\n" + "\n".join(f"      {line}" for line in lines)
                text += f"    {json.dumps(key)}: {shown}"
                text += "\n" if shown.startswith("|") else f"{comment}\n"
                text += draw(st.sampled_from(["", "    # inner\n", "\n"]))
        text += draw(st.sampled_from(["", "\n", "# between\n"]))
        data[name] = entry
    return data, text


@CALM
@given(files(), st.sampled_from(["a", "b", "new"]), ENTRIES, st.booleans())
def test_any_edit_says_what_was_wanted_and_touches_no_line_of_another(written, name, entry, keeps):
    _, text = written
    before = data_of(text)
    if keeps and name in before:  # as a form does: most of it stays
        changed = dict(zip(before[name], entry.values(), strict=False))
        entry = {**before[name], **changed}

    after = with_model(text, name, entry)

    assert json.dumps(data_of(after), sort_keys=True) == json.dumps(
        {**before, name: entry}, sort_keys=True
    )
    assert is_in_order(others(text, name), after.splitlines(keepends=True))


@CALM
@given(files(), st.sampled_from(["a", "b"]))
def test_any_model_is_taken_out_alone(written, name):
    _, text = written
    before = data_of(text)
    if name not in before:
        return

    after = without_model(text, name)

    assert data_of(after) == {key: one for key, one in before.items() if key != name}
    assert is_in_order(others(text, name), after.splitlines(keepends=True))


def others(text: str, name: str) -> list[str]:
    """The lines that are not of a model: of other models, and comments at the margin."""
    kept, is_own = [], False
    for line in text.splitlines(keepends=True):
        if line[0] not in " \n":
            is_own = line.startswith(f"{name}:")
        if not is_own and line.strip():
            kept.append(line)
    return kept


def is_in_order(lines: list[str], among: list[str]) -> bool:
    rest = iter(among)
    return all(any(line == other for other in rest) for line in lines)


@CALM
@given(st.lists(SCALARS, min_size=2, max_size=4), st.integers(0, 3), SCALARS)
def test_any_scalar_is_changed_in_its_line_and_its_comment_stays(values, which, value):
    keys = ["use", "model", "rpm", "price"][: len(values)]
    which %= len(keys)
    lines = [f"  {k}: {json.dumps(v)}   # about {k}" for k, v in zip(keys, values, strict=True)]
    text = "\n".join(["# top", "a:  # here", *lines, "# end", ""])
    entry = {**data_of(text)["a"], keys[which]: value}

    after = with_model(text, "a", entry)

    assert json.dumps(data_of(after)["a"]) == json.dumps(entry)
    there = after.split("\n")
    assert there[2 + which].endswith(f"   # about {keys[which]}")
    del there[2 + which]
    assert there == ["# top", "a:  # here", *(lines[:which] + lines[which + 1 :]), "# end", ""]
