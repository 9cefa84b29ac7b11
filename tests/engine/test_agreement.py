"""Agreement of a run's raters with people and with each other: figures, gates, files of labels."""

import json

import pytest

from sygra_eval.engine import ExitCode, summarise
from sygra_eval.quality import GateState
from sygra_eval.report import json_report, terminal_report
from sygra_eval.values import UsageError
from tests.engine.conftest import write_suite
from tests.engine.judges import FAIL, honest, shown
from tests.report.checking import complaints_of

FINE, BAD, BROKEN = "fine", "says-fail", "says-error"


@pytest.fixture
def labelled(tmp_path, run):
    """Run a suite without a graph over such rows, with a file of labels beside it."""

    async def of(said, labels, *gates, suffix="jsonl", agreement=None, **given):
        rows = [
            {"id": f"r{n:03}", "question": "why?", "solution": one} for n, one in enumerate(said)
        ]
        people = {"validators": ["says"], "labels": f"labels.{suffix}", **(agreement or {})}
        quality = {
            "validators": [{"use": "says"}],
            "agreement": {"people": people},
            "gates": list(gates),
        }
        (tmp_path / "suite").mkdir(exist_ok=True)
        path = tmp_path / "suite" / f"labels.{suffix}"
        if isinstance(labels, bytes):
            path.write_bytes(labels)
        else:
            path.write_text("".join(json.dumps(one) + "\n" for one in labels))
        suite = write_suite(
            tmp_path / "suite",
            rows,
            candidate={"code": "{solution}"},
            quality=quality,
            sandbox={"isolation": "none", "i_accept_the_risk": True},
        )
        return await run(suite, **given)

    return of


def people(words):
    return [{"id": f"r{n:03}", "label": one} for n, one in enumerate(words)]


async def test_people_and_a_validator_are_compared_in_report_and_gate(labelled):
    said = [FINE] * 30 + [BAD] * 30
    labels = people(["pass"] * 27 + ["fail"] * 30 + ["pass"] * 3)

    done = await labelled(
        said,
        labels,
        {"agreement": "people", "lower": ">=0.6", "min_n": 50},
        {"agreement": "people", "value": ">=0.95", "severity": "warn"},
    )

    (found,) = done.summary.agreements
    assert (found.statistic, found.value, found.rows) == ("kappa", 0.8, 60)
    assert 0.6 < found.low < 0.8 < found.high < 1
    good, low = done.summary.gates
    assert (good.state, low.state) == (GateState.PASSED, GateState.WARNED)
    assert (good.value, good.n_judged) == (0.8, 60)
    (told,) = json.loads(json_report(done.summary))["agreement"]
    assert (told["beyond_chance"]["value"], told["raters"]) == (0.8, ["says", "labels"])
    assert complaints_of(done.folder) == []
    page = terminal_report(done.summary)
    assert "beyond chance" in page
    assert "fail, pass: 3" in page


async def test_labels_that_match_no_row_are_told_and_no_pass(labelled):
    done = await labelled(
        [FINE] * 3, [{"id": "x", "label": True}], {"agreement": "people", "value": ">=0.1"}
    )

    (gate,) = done.summary.gates
    assert (gate.state, done.summary.exit_code) == (GateState.ERROR, ExitCode.INCOMPLETE)
    assert gate.reason == "no value: no row that was judged has one of the 1 labelled ids"
    assert "1 of 1 labels are of no row" in terminal_report(done.summary)


async def test_rows_that_a_validator_broke_on_make_no_gate_green(labelled):
    said = [FINE] * 20 + [BAD] * 20 + [BROKEN] * 20
    labels = people(["pass"] * 20 + ["fail"] * 40)

    done = await labelled(said, labels, {"agreement": "people", "value": ">=0.5"})

    assert [gate.state for gate in done.summary.gates] == [GateState.ERROR]
    assert "only 66.7% were judged" in done.summary.gates[0].reason


BAD_FILES = {
    "a label that nobody knows": (
        [{"id": "r000", "label": "pass"}, {"id": "r001", "label": "gut"}],
        2,
        "the label 'gut' is none of those known: pass, true, fail, false",
    ),
    "an id twice": (
        [{"id": "r000", "label": "pass"}, {"id": "r000", "label": "fail"}],
        2,
        "the id `r000` has a label in line 1 already",
    ),
    "a column that is not there": ([{"id": "r000", "said": 1}], 1, "there is no column `label`"),
    "a row without an id": ([{"name": "r000", "label": 1}], 1, "the column `id` holds no id"),
    "a file that is no UTF-8": (b'{"id": "r000", "label": "p\xe4ss"}\n', 1, "UTF-8"),
    "a file without a label": (b"", 0, "the file holds no label"),
}


@pytest.mark.parametrize("what", BAD_FILES)
async def test_a_file_of_labels_is_refused_before_the_first_row(labelled, what):
    labels, line, message = BAD_FILES[what]

    with pytest.raises(UsageError) as refused:
        await labelled([FINE] * 3, labels)

    (found,) = refused.value.diagnostics
    assert (found.code, found.line, found.column) == ("bad-labels", line, 1)
    assert found.path.endswith("labels.jsonl")
    assert message in found.message


@pytest.mark.parametrize("label", [True, "4", [1], 10**400, 1e300])
async def test_a_label_that_is_no_number_is_refused_where_numbers_are_compared(labelled, label):
    with pytest.raises(UsageError) as refused:
        await labelled([FINE], [{"id": "r000", "label": label}], agreement={"level": "interval"})

    assert "is no number, which level `interval` needs" in refused.value.diagnostics[0].message


async def test_words_of_other_people_are_named_in_the_suite(labelled):
    done = await labelled(
        [FINE, BAD, FINE, BAD],
        b"task,verdict\nr000,gut\nr001,schlecht\nr002,gut\nr003,gut\n",
        suffix="csv",
        agreement={"id": "task", "column": "verdict", "pass": ["gut"], "fail": ["schlecht"]},
    )

    (found,) = done.summary.agreements
    assert (found.rows, found.observed, found.value) == (4, 0.75, 0.5)


async def test_a_gate_on_raters_that_nobody_named_is_refused_with_the_nearest(labelled):
    with pytest.raises(UsageError) as refused:
        await labelled([FINE], people(["pass"]), {"agreement": "peple", "lower": ">=0.6"})

    (found,) = refused.value.diagnostics
    assert (found.code, found.fix) == ("unknown-metric", "write `people`")


async def test_a_later_look_at_the_run_reads_no_labels_again(labelled, tmp_path):
    done = await labelled([FINE, BAD], people(["pass", "fail"]))
    (tmp_path / "suite" / "labels.jsonl").unlink()

    assert summarise(done.folder).agreements == done.summary.agreements


async def test_judges_and_the_votes_of_one_are_compared_without_being_asked_for(
    judging, run, endpoint
):
    asked = []

    def one_in_three_differs(body):
        asked.append(1)
        is_third = len(asked) % 3 == 0 and "because 1" in shown(body)["answer to judge"]
        return FAIL if is_third else honest(body)

    endpoint.answers_with(one_in_three_differs)
    entry = {"use": "judge", "model": "critic", "rubric": "It says why.", "canaries": False}
    validators = [{**entry, "name": "first", "votes": 3}, {**entry, "name": "second"}]
    answers = [f"{'because' if n % 2 else 'it is'} {n}" for n in range(8)]

    done = await run(judging(*answers, quality={"validators": validators}))

    judges, votes = done.summary.agreements
    assert (judges.name, judges.raters) == ("judges", ("first", "second"))
    assert (judges.statistic, judges.rows, judges.value) == ("kappa", 8, 1)
    assert judges.low < 0.6
    assert (votes.name, votes.statistic, votes.rows) == ("votes of first", "alpha", 8)
    assert 0.5 < votes.value <= 1
