"""Safe reading: places are right, hostile files are refused, nothing ever raises."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.suite import yaml_tree
from sygra_eval.suite.document import Document, parse_document, read_document


@pytest.fixture(params=["CSafeLoader", "SafeLoader"])
def read(request, monkeypatch):
    """Reads text with the C parser and with the Python one."""
    if not hasattr(yaml, request.param):
        pytest.skip("PyYAML was built without libyaml")
    monkeypatch.setattr(yaml_tree, "_LOADER", getattr(yaml, request.param))
    return lambda text: parse_document(text.encode(), "s.yaml")


def complaint(document: Document) -> tuple[str, int, int]:
    (diagnostic,) = document.diagnostics
    return diagnostic.code, diagnostic.line, diagnostic.column


def test_data_is_what_yaml_says_but_dates_stay_text(read):
    document = read(
        "a: [1, 2.5, yes, ~, text, '1']\nb: {c: 2024-01-01, d: 0x10}\ne: |\n  one\n  two\n"
    )

    assert document.data == {
        "a": [1, 2.5, True, None, "text", "1"],
        "b": {"c": "2024-01-01", "d": 16},
        "e": "one\ntwo\n",
    }
    assert document.diagnostics == []


def test_every_value_and_key_knows_its_place(read):
    document = read("a:\n  - x\n  - {b: 1, 'c':  two}\nd:\n")

    assert (document.mark(("a", 1, "c")).line, document.mark(("a", 1, "c")).column) == (3, 18)
    assert document.key_mark(("a", 1, "c")).column == 12
    assert document.mark(("a", 0)).line == 2
    assert document.mark(("d",)).line == 4, "an empty value stands where its key does"
    assert document.mark(("a", 1, "no", "such")).line == 3, "the nearest above that exists"
    assert document.mark(("nothing",)).line == 1


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('p: "a {x} b"', (1, 8)),
        ("p: plain {x}", (1, 11)),
        ("p: |\n  first\n  then {x} here\n", (3, 9)),
        ("p: >-\n  folded\n  then {x} here\n", (3, 9)),
        ("p: '{{x}} {x}'", (1, 12)),
        ('p: "\\u007bx}"', (1, 4)),  # escaped, so only the start of the text is known
        ("é: 'ü ☃ 𝄞 {x}'", (1, 12)),
        ("\ufeffp: '{x}'", (1, 6)),
        ("q: &p {r: '{x}'}\np: *p", (1, 13)),
    ],
)
def test_a_placeholder_is_pointed_at_within_its_text(read, text, place):
    document = read(text)
    at = next((key,) for key in ("p", "é") if key in document.data)

    mark = document.mark((*at, "r") if "r" in text.split(":")[1] else at, "{x}")

    assert (mark.line, mark.column) == place


def test_aliases_and_merges_are_read_and_point_to_where_the_text_stands(read):
    document = read("base: &b {x: 1, y: 2}\nuse: {<<: *b, y: 3}\nboth: {<<: [*b, {z: 4}]}\n")

    assert document.data["use"] == {"x": 1, "y": 3}
    assert document.data["both"] == {"x": 1, "y": 2, "z": 4}
    assert document.mark(("use", "x")).line == 1
    assert document.mark(("use", "y")).line == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: !!python/object/apply:os.system [ls]", ("yaml-tag", 1, 4)),
        ("a: !mine x", ("yaml-tag", 1, 4)),
        ("a: 1\nb: 2\na: 3", ("duplicate-key", 3, 1)),
        ("a: 1\n---\nb: 2", ("several-documents", 2, 1)),
        ("1: x", ("bad-key", 1, 1)),
        ("yes: x", ("bad-key", 1, 1)),
        ("? [a]\n: x", ("bad-key", 1, 3)),
        ("a: *nowhere", ("yaml-syntax", 1, 4)),
        ("a: &a [*a]", ("yaml-syntax", 1, 8)),
        ("a: [1, 2", ("yaml-syntax", 2, 1)),
        ("a: b: c", ("yaml-syntax", 1, 5)),
        ("a: \x07", ("yaml-syntax", 1, 4)),
        ("- a", ("not-a-mapping", 1, 1)),
        ("", ("not-a-mapping", 1, 1)),
        ("# nothing", ("not-a-mapping", 1, 1)),
        ("a: " + "[" * 70 + "]" * 70, ("too-deep", 1, 67)),
        ("a: &a x\nb: [" + "*a, " * 101 + "]", ("too-many-aliases", 2, 405)),
        ("a: 0b_", ("bad-number", 1, 4)),
    ],
)
def test_what_is_not_allowed_is_refused_with_its_place(read, text, expected):
    document = read(text + "\n" if text == "a: [1, 2" else text)

    assert complaint(document) == expected


def test_a_billion_laughs_are_refused_at_once(read):
    lines = ["l0: &l0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 10)]

    document = read("\n".join(lines))

    assert complaint(document)[0] == "too-large"
    assert document.data == {}


def test_depth_that_aliases_pile_up_is_depth(read):
    lines = ["l0: &l0 [x]"] + [f"l{n}: &l{n} [*l{n - 1}]" for n in range(1, 90)]

    assert complaint(read("\n".join(lines)))[0] == "too-deep"


def test_all_of_a_files_mistakes_come_in_one_go(read):
    document = read("a: !t 1\na: 2\n3: x\nb: [!u y]\n")

    assert [d.code for d in document.diagnostics] == [
        "yaml-tag",
        "duplicate-key",
        "bad-key",
        "yaml-tag",
    ]
    assert document.data == {"a": "1", "b": ["y"]}


def test_bytes_that_are_no_text_are_named():
    document = parse_document(b"a: 1\nb: \xff\n", "s.yaml")

    assert complaint(document) == ("not-utf8", 2, 4)


def test_files_that_cannot_be_read_are_diagnostics(tmp_path):
    assert complaint(read_document(tmp_path / "none.yaml"))[0] == "file-not-found"
    assert complaint(read_document(tmp_path))[0] == "file-not-found"
    (tmp_path / "big.yaml").write_bytes(b"#" * (4 * 2**20 + 1))
    assert complaint(read_document(tmp_path / "big.yaml"))[0] == "too-large"


@given(st.binary(max_size=200))
def test_arbitrary_bytes_never_raise(content):
    document = parse_document(content, "s.yaml")

    assert document.root is not None or document.diagnostics


YAML_LIKE = st.text(st.sampled_from("ab1-:?{}[]&*!|>'\"%@`#, \n\t~<=.\\x\u2028é"), max_size=80)


@given(YAML_LIKE | st.text(max_size=100), st.sampled_from(["CSafeLoader", "SafeLoader"]))
def test_text_that_looks_like_yaml_never_raises(text, loader):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml_tree, "_LOADER", getattr(yaml, loader, yaml.SafeLoader))
        document = parse_document(text.encode("utf-8", "replace"), "s.yaml")

    assert document.root is not None or document.diagnostics
    lines = document.text.splitlines() or [""]
    for diagnostic in document.diagnostics:
        assert 1 <= diagnostic.line <= len(lines) + 1
        assert diagnostic.column >= 1


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x85\u2028\u2029"), max_size=20)
KEYS = st.text("ab-: é", min_size=1, max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=4))
def test_what_is_written_as_yaml_is_read_back(data):
    document = parse_document(yaml.safe_dump(data, allow_unicode=True).encode(), "s.yaml")

    assert document.diagnostics == []
    assert document.data == data
