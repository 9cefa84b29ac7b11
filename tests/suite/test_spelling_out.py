import re
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sygra_eval.plugins import load_plugins
from sygra_eval.suite import check_suite, load_suite, resolved_yaml, variant_names
from sygra_eval.values import UsageError

BASE = """\
suite: {name: small, tags: [code]}
candidate: {text: "{answer}"}
quality:
  validators:
    - {use: length, max: 10}
  grade: tests
sandbox: {timeout: 2}
data_config: {source: {type: disk, file_path: rows.jsonl, id: id}}
"""
JUDGED = "candidate: {text: '{answer}'}\nquality: {validators: [{use: python_compiles}]}\n"


@pytest.fixture
def write(tmp_path):
    (tmp_path / "rows.jsonl").write_text('{"id": "a", "answer": "b"}\n')

    def to(name, text):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return to


@pytest.fixture(scope="module")
def plugins(tmp_path_factory):
    return load_plugins(tmp_path_factory.mktemp("alone"))


@pytest.fixture
def load(plugins):
    def of(path, **asked):
        return load_suite(path, plugins, **asked)

    return of


@pytest.fixture
def check(plugins):
    def of(path):
        found = check_suite(path, plugins)
        return [(Path(one.path).name, one.line, one.code, one.message) for one in found]

    return of


def again(suite, load):
    """Load what a run keeps of it."""
    kept = suite.folder / "kept.yaml"
    kept.write_text(resolved_yaml(suite))
    return load(kept)


def test_a_suite_says_only_what_is_other_than_in_the_one_it_extends(write, load):
    write("base.yaml", BASE.replace("{use: length, max: 10}", "{use: python_compiles}"))
    path = write("own.yaml", "extends: base.yaml\nsuite: {name: own}\nsandbox: {timeout: 4}\n")

    suite = load(path)

    assert (suite.name, suite.tags, suite.sandbox.timeout_s) == ("own", ("code",), 4.0)
    assert [one.use for one in suite.validators] == ["python_compiles"]
    assert again(suite, load).sha256 == suite.sha256


def test_an_empty_value_takes_out_what_is_extended_and_a_list_replaces_one(write, load):
    write("base.yaml", BASE)
    text = (
        "extends: base.yaml\nquality: {grade: , validators: [{use: python_compiles}]}\nsandbox:\n"
    )

    suite = load(write("own.yaml", text))

    assert suite.grade is None
    assert suite.sandbox.timeout_s == 5.0
    assert [one.use for one in suite.validators] == ["python_compiles"]


def test_what_is_wrong_is_named_in_the_file_in_which_it_stands(write, check):
    write("deep.yaml", "suite: {name: small}\nsandbox: {timeot: 2}\n" + JUDGED)
    write("base.yaml", "extends: deep.yaml\n\n\ndata_config: {source: {type: dik, id: id}}\n")
    own = write("own.yaml", "extends: base.yaml\n\ncard: {licence: MIT}\n")

    found = check(own)

    assert {(name, line, code) for name, line, code, _ in found} == {
        ("deep.yaml", 2, "unknown-key"),
        ("base.yaml", 4, "unknown-type"),
        ("own.yaml", 3, "unknown-key"),
    }


def test_a_placeholder_is_found_within_the_file_in_which_it_stands(write, plugins):
    write("base.yaml", BASE.replace("{use: length, max: 10}", "{use: python_compiles}"))
    write("mid.yaml", 'extends: base.yaml\n\n\n\ncandidate:\n  text: "so {answr}"\n')
    own = write("own.yaml", "extends: mid.yaml\n")

    (found,) = check_suite(own, plugins)

    assert (Path(found.path).name, found.line, found.column) == ("mid.yaml", 6, 14)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("extends: own.yaml\n", "extends-cycle"),
        ("extends: other.yaml\n", "extends-cycle"),
        ("extends: [a.yaml]\n", "wrong-type"),
        ("extends: missing.yaml\n", "file-not-found"),
        ('extends: "a\\0b"\n', "wrong-value"),
    ],
)
def test_what_cannot_be_extended_is_refused(write, check, text, code):
    write("other.yaml", "extends: own.yaml\n")
    own = write("own.yaml", text)

    found = check(own)

    ((name, line, said, _),) = found
    assert (line, said) == (1, code)
    assert name == ("other.yaml" if "other" in text else "own.yaml")


def test_cases_are_rows_that_stand_in_the_suite(write, load):
    rows = 'cases:\n  - {id: one, answer: "1"}\n  - {id: two, answer: "2"}\n'

    suite = load(write("own.yaml", "suite: {name: own}\n" + JUDGED + rows))

    assert suite.source.type == "cases"
    assert suite.first_row.id == "one"
    assert again(suite, load).sha256 == suite.sha256


def test_cases_without_ids_are_numbered(write, load):
    suite = load(write("own.yaml", "suite: {name: own}\n" + JUDGED + "cases: [{answer: '1'}]\n"))

    assert suite.first_row.id == "cases:1"


@pytest.mark.parametrize(
    ("cases", "line", "code"),
    [
        ("cases: [1]\n", 4, "wrong-type"),
        ("cases: {a: 1}\n", 4, "wrong-type"),
        ("cases: []\n", 4, "wrong-type"),
        (
            "cases: [{answer: a}]\ndata_config: {source: {type: disk, file_path: x}}\n",
            4,
            "conflict",
        ),
    ],
)
def test_what_are_no_cases_is_refused_at_its_line(write, check, cases, line, code):
    found = check(write("own.yaml", "suite: {name: own}\n" + JUDGED + cases))

    assert (line, code) in {(at, one) for _, at, one, _ in found}


MATRIX = """\
suite: {name: own}
matrix:
  limit: [2, 3.5]
  words:
    terse: "so {answer}"
    long: "so, and at length: {answer}"
candidate: {text: "${matrix.words}"}
sandbox: {timeout: "${matrix.limit}"}
card: {citation: "within ${matrix.limit} s"}
quality: {validators: [{use: python_compiles}]}
cases: [{answer: "1"}]
"""


def test_a_matrix_makes_a_variant_of_each_choice(write, load):
    path = write("own.yaml", MATRIX)

    names = variant_names(path)
    suites = [load(path, variant=name) for name in names]

    assert names == (
        "limit=2,words=terse",
        "limit=2,words=long",
        "limit=3.5,words=terse",
        "limit=3.5,words=long",
    )
    assert [suite.variant for suite in suites] == list(names)
    assert [suite.sandbox.timeout_s for suite in suites] == [2.0, 2.0, 3.5, 3.5]
    assert suites[3].card.citation == "within 3.5 s"
    assert len({suite.sha256 for suite in suites}) == 4
    kept = again(suites[2], load)
    assert (kept.sha256, kept.variant) == (suites[2].sha256, names[2])


def test_a_suite_with_variants_wants_to_know_which(write, load):
    path = write("own.yaml", MATRIX)

    with pytest.raises(UsageError, match="has 4 variants; name one of them"):
        load(path)
    with pytest.raises(UsageError, match=r"no variant .*; write `limit=2,words=terse`"):
        load(path, variant="limit=2,words=ters")


@pytest.mark.parametrize(
    ("old", "new", "line", "code"),
    [
        ("${matrix.words}", "${matrix.wrds}", 7, "unknown-axis"),
        ("[2, 3.5]", "2", 3, "wrong-type"),
        ("[2, 3.5]", "[]", 3, "wrong-type"),
        ("[2, 3.5]", "[[1]]", 3, "wrong-type"),
        ("[2, 3.5]", "[2, 2]", 3, "duplicate-name"),
        ("  limit:", "  a b:", 3, "wrong-value"),
        ("[2, 3.5]", f"{list(range(300))}", 3, "too-large"),
        ("[2, 3.5]", "{a: {b: 1}}", 9, "wrong-type"),
        ("citation:", "citaton:", 9, "unknown-key"),
        ('{answer}"\n    long', '{answr}"\n    long', 7, "unknown-variable"),
    ],
)
def test_what_is_wrong_with_a_matrix_or_a_variant_is_named(write, check, old, new, line, code):
    found = check(write("own.yaml", MATRIX.replace(old, new)))

    assert (line, code) in {(at, one) for _, at, one, _ in found}, found


EXCLUDING = MATRIX.replace("candidate:", "  exclude: [{limit: 3.5, words: long}]\ncandidate:", 1)


def test_excluded_choices_are_no_variants(write, load):
    path = write("own.yaml", EXCLUDING)

    names = variant_names(path)

    assert names == ("limit=2,words=terse", "limit=2,words=long", "limit=3.5,words=terse")
    assert load(path, variant=names[2]).sandbox.timeout_s == 3.5
    with pytest.raises(UsageError, match=r"no variant `limit=3\.5,words=long`"):
        load(path, variant="limit=3.5,words=long")
    by_one_axis = EXCLUDING.replace("3.5, words: long}", "2}")
    assert variant_names(write("own.yaml", by_one_axis)) == (
        "limit=3.5,words=terse",
        "limit=3.5,words=long",
    )


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        ("words: long", "wrds: long", "unknown-axis", "no axis `wrds`"),
        ("words: long", "words: lng", "wrong-value", "`words` has no such value"),
        ("limit: 3.5, words: long", "limit: [3.5]", "wrong-value", "`limit` has no such value"),
        ("[{limit: 3.5, words: long}]", "[]", "wrong-type", "a list of choices"),
        ("[{limit: 3.5, words: long}]", "[3.5]", "wrong-type", "a list of choices"),
        ("[{limit: 3.5, words: long}]", "{words: long}", "wrong-type", "a list of choices"),
        ("3.5, words: long}", "2}, {limit: 3.5}", "wrong-value", "leaves no variant"),
    ],
)
def test_what_is_wrong_with_excluded_choices_is_named(write, check, old, new, code, said):
    found = check(write("own.yaml", EXCLUDING.replace(old, new)))

    (told,) = [message for _, *place, message in found if place == [7, code]]
    assert said in told
    assert code == "wrong-value" or len(found) == 1


def test_a_matrix_of_excluded_choices_alone_is_none(write, check):
    text = "suite: {name: own}\nmatrix: {exclude: [{a: 1}]}\n" + JUDGED + "cases: [{answer: '1'}]\n"

    assert [(line, code) for _, line, code, _ in check(write("own.yaml", text))] == [
        (2, "wrong-type")
    ]


def test_more_choices_than_variants_are_fit_where_enough_are_excluded(write):
    text = EXCLUDING.replace("[2, 3.5]", str(list(range(1, 200)))).replace("limit: 3.5, ", "")

    assert len(variant_names(write("own.yaml", text))) == 199


def test_an_axis_that_nothing_uses_is_told(write, check):
    found = check(write("own.yaml", MATRIX.replace("  limit: [2", "  other: [1]\n  limit: [2")))

    assert [(line, code) for _, line, code, _ in found] == [(3, "unused-axis")]


PAGE = Path(__file__).parents[2] / "docs/selecting.md"


def test_the_suites_of_the_page_are_fit_to_run(write, check):
    write("base.yaml", BASE.replace("{use: length, max: 10}", "{use: python_compiles}"))
    write("questions.jsonl", '{"task_id": "a", "question": "why?"}\n')
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)

    found = [check(write("own.yaml", block)) for block in blocks]

    assert len(found) == 4
    assert [one for of_block in found for one in of_block] == []


SCALARS = st.sampled_from(["${matrix.a}", "x ${matrix.b} ${matrix.}", "base.yaml", "", 1, None, []])
TREES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "id", "source", "name", "variant"]), inner)
    ),
    max_leaves=6,
)
TOPS = st.dictionaries(
    st.sampled_from(["extends", "matrix", "cases", "suite", "data_config", "candidate", "models"]),
    TREES,
)


@given(TOPS, TOPS)
@settings(max_examples=60, deadline=None, suppress_health_check=[*HealthCheck])
def test_whatever_stands_there_is_told_and_never_raised(tmp_path_factory, plugins, base, own):
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "base.yaml").write_text(yaml.safe_dump(base))
    (folder / "own.yaml").write_text(yaml.safe_dump(own))

    found = check_suite(folder / "own.yaml", plugins)

    assert all(one.message for one in found)
    assert isinstance(variant_names(folder / "own.yaml"), tuple)
