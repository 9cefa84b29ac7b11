"""A baseline is read back as it was, and whatever is wrong with one is said and never raised."""

import copy
import gzip
import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sygra_eval.engine import Compared, compare_two
from sygra_eval.quality import Facts, Measuring, Side, baseline_files, read_baseline
from sygra_eval.report import comparison_json, comparison_markdown, comparison_text
from sygra_eval.values import Metric, UsageError
from tests.quality.test_comparing import METRICS, drawn_rows, row

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


def side_of(rows) -> Side:
    facts = Facts(
        kind="run", name="small/first", suite="small", suite_sha256="ab", validators={"v": "12"}
    )
    measuring = Measuring(METRICS, facts)
    for one in rows:
        measuring.take(one, input_hash="0123456789ab")
    return measuring.side


@settings(deadline=None, max_examples=15)
@given(drawn_rows(), st.randoms(use_true_random=False))
def test_what_is_written_is_read_back_and_has_the_same_bytes_in_any_order(
    tmp_path_factory, rows, chance
):
    folder = tmp_path_factory.mktemp("baselines")
    side = side_of(rows)
    files = baseline_files(side)
    chance.shuffle(rows)

    assert baseline_files(side_of(rows)) == files
    (folder / "small.json").write_bytes(files["small.json"])
    again = read_baseline(folder / "small.json")

    assert again.inputs == side.inputs
    for name, values in again.metrics.items():
        assert values.values == side.metrics[name].values
        assert values.errors.keys() == side.metrics[name].errors.keys()
        assert values.metric.bounds == side.metrics[name].metric.bounds
    assert again.facts.validators == {"v": "12"}


def places(value, at=()):
    yield at
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, inner in items:
        yield from places(inner, (*at, key))


SOUND = json.loads(
    baseline_files(side_of([row("a", "pass", 0.5), row("b", "fail", 0.25)]))["small.json"]
)


@settings(deadline=None, max_examples=80)
@given(st.sampled_from(sorted(places(SOUND), key=repr)), ANYTHING)
@example(("metrics", "score", "bounds"), [])
@example(("metrics", "score", "bounds"), [10**400, 1])
@example(("rows", "data", 0, 3), 10**400)
@example(("rows", "columns", 2), "\uaaf7")
def test_a_changed_baseline_is_read_or_refused_and_never_breaks(tmp_path_factory, place, value):
    document: object = copy.deepcopy(SOUND)
    if place:
        inner = document
        for key in place[:-1]:
            inner = inner[key]
        inner[place[-1]] = value
    else:
        document = value
    path = tmp_path_factory.getbasetemp() / "small.json"
    path.write_text(json.dumps(document))

    said, side = "", None
    try:
        side = read_baseline(path)
    except UsageError as refused:
        said = str(refused)

    assert said.isprintable()
    assert side is not None or "cannot be read as a baseline" in said


async def test_a_strangers_baseline_moves_no_cursor_and_fills_no_memory(tmp_path):
    document = copy.deepcopy(SOUND)
    evil = "\x1b[2J\u202e"
    document["metrics"][evil] = {**document["metrics"]["rate"], "column": evil}
    document["rows"]["columns"].append(evil)
    document["rows"]["data"] = [[evil, "", "pass", 0.5, "fail"]]
    path = tmp_path / "small.json"
    path.write_text(json.dumps(document))

    found = await compare_two(path, path, Compared())

    for text in (comparison_text(found), comparison_markdown(found)):
        assert "\x1b" not in text
        assert "\u202e" not in text
    json.dumps(comparison_json(found, exit_code=0), allow_nan=False)
    with pytest.raises(UsageError) as refused:
        await compare_two(path, path, Compared(metrics=("x",)))
    assert str(refused.value).isprintable()


def test_a_packed_file_that_unfolds_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("sygra_eval.quality.baselines._LONGEST", 1_000)
    monkeypatch.setattr("sygra_eval.quality.baselines.MOST_ROWS", 1)
    files = baseline_files(side_of([row(f"r{n}", "pass") for n in range(100)]))
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)

    assert len(gzip.decompress(files["small.jsonl.gz"])) > 1_000
    with pytest.raises(UsageError, match="holds more than"):
        read_baseline(tmp_path / "small.json")


def test_a_metric_of_the_set_is_kept_as_its_figure_alone():
    metric = Metric(name="rows", measure=len, kind="set")
    measuring = Measuring((metric,), Facts(kind="run", name="x", suite="small"))
    for number in range(3):
        measuring.take(row(f"r{number}", "pass"))

    document = json.loads(baseline_files(measuring.side)["small.json"])

    assert document["metrics"]["rows"]["value"] == 3
    assert document["rows"]["columns"] == ["id", "input"]
