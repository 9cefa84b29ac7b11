"""`target_verified: N` gives the first N verified rows of the input, however fast answers come."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.engine import EstimateFirst, ExitCode, RunOptions, keep_ledger, recheck
from sygra_eval.engine.target import Approach, Cut, Target
from sygra_eval.plugins import load_plugins
from sygra_eval.report import closing_json, terminal_report
from sygra_eval.suite import check_suite
from sygra_eval.values import Outcome, RecordEnd, UsageError
from tests.engine.conftest import FAST_PLUGIN, fast_suite, write_suite

FILES = ("verified.jsonl", "verified.parquet", "rejected.jsonl")
PLUGIN = '''
import asyncio
from hashlib import blake2b
from sygra_eval import hookimpl
from sygra_eval.values import CallFailed, ChatResponse, Usage

def chance(text):
    return int.from_bytes(blake2b(text.encode(), digest_size=4).digest()) / 2**32

class Fickle:
    """Wrong at random, by the row; as fast as SEED has it."""
    identity = label = endpoint = "fickle"
    max_in_flight = 16

    def __init__(self, spec):
        self.spec = spec

    async def open(self):
        pass

    async def complete(self, request):
        text = request.messages[-1].content
        await asyncio.sleep(chance(f"SEED {text}") * 0.01)
        if "down" in text and not MENDED:
            raise CallFailed("server_error", "as the row says")
        wrong = " says-fail" if chance(text) < 0.5 else ""
        usage = Usage(prompt_tokens=1, completion_tokens=1)
        return ChatResponse(text=text + wrong, finish_reason="stop", usage=usage)

    async def close(self):
        pass

@hookimpl
def sygra_register_models(register):
    register("fickle", Fickle)
'''


def right(question):
    """Say whether the model is right, as the plugin does."""
    space = {}
    exec(PLUGIN.partition("class")[0], space)  # noqa: S102 - the text stands above
    return space["chance"](question) >= 0.5


def questions(count):
    return [f"what is {number}?" for number in range(count)]


def wanted(asked, target):
    """Return the ids of the first rows that the model gets right."""
    return [f"r{n}" for n, question in enumerate(asked) if right(question)][:target]


def aiming(verified, most=None, **quality):
    bound = {} if most is None else {"max_candidates": most}
    return {"validators": [{"use": "says"}], "target_verified": verified, **bound, **quality}


@pytest.fixture
def fickle(tmp_path, run, resume):
    """Run, or go on with, a suite whose model is wrong at random, at a pace of its own."""

    def plugin(pace, is_mended):
        path = tmp_path / "fickle.py"
        path.write_text(PLUGIN.replace("SEED", str(pace)).replace("MENDED", str(is_mended)))
        return str(path)

    async def start(asked, *, pace=1, quality=None, again=None, is_mended=False, **given):
        if again is not None:
            return await resume(again, plugins=[plugin(pace, is_mended)], **given)
        models = {"author": {"use": "fickle"}}
        suite = fast_suite(tmp_path, asked, models=models, quality=quality or aiming(100, 400))
        plugins = [str(FAST_PLUGIN), plugin(pace, is_mended)]
        return await run(suite, plugins=plugins, name=f"pace-{pace}", **given)

    return start


async def accounted(run):
    """Return the ledger's lines of a run; it holds, and so does the closing line."""
    lines = []
    options = RunOptions(plugins=[str(FAST_PLUGIN), str(run.folder.parents[2] / "fickle.py")])
    ledger = await keep_ledger(run.folder, lines.append, options)
    said = json.loads(closing_json(run.summary))
    parts = [*(outcome.value for outcome in Outcome), "not_reached", "surplus"]
    assert ledger.holds
    assert not ledger.unnamed
    assert said["rows"] == sum(said[part] for part in parts) == len(lines)
    assert said["surplus"] == ledger.accounts[0].parts["surplus"]
    return lines


async def test_exactly_100_of_400_candidates_are_the_first_whatever_the_pace(fickle):
    asked = questions(450)

    runs = [await fickle(asked, pace=pace) for pace in (1, 2, 3)]

    for one in runs:
        assert [row["id"] for row in one.rows("verified")] == wanted(asked, 100)
        assert one.bytes_of(*FILES) == runs[0].bytes_of(*FILES)
        assert one.summary.exit_code is ExitCode.PASSED
        assert one.summary.counts == runs[0].summary.counts
        assert one.summary.exit_reason == runs[0].summary.exit_reason
        assert one.summary.rows == 400
        lines = await accounted(one)
        last = one.summary.target.last
        assert lines[last].row_id == wanted(asked, 100)[-1]
        assert {line.outcome for line in lines[last + 1 :]} <= {"surplus", "not reached"}
        assert lines[-1].reason == "the target was met before it"
    assert runs[0].summary.exit_reason == (
        f"100 of the 100 verified rows asked for, among the first {last + 1} of 400 rows"
    )


async def test_no_more_verified_rows_are_thrown_away_than_were_in_flight(fickle):
    ended = await fickle(questions(450))

    surplus = [line for line in await accounted(ended) if line.outcome == "surplus"]
    assert len(surplus) == ended.summary.surplus
    assert len([line for line in surplus if line.reason.startswith("verified: ")]) < 16 + 8


async def test_no_more_rows_are_in_flight_than_are_expected_to_be_needed(run, tmp_path):
    seen = []
    suite = fast_suite(tmp_path, ["fine"] * 40, quality=aiming(3))
    ended = await run(suite, show=seen.append)

    assert ended.summary.counts[Outcome.VERIFIED] == 3
    assert seen[-1].spent.all_tokens == seen[-1].spent.tokens, "nothing more is to come"
    assert ended.summary.surplus <= 3, "half are expected to pass, so six are begun"


async def test_a_target_of_one_stops_at_the_first(fickle):
    asked = questions(40)
    ended = await fickle(asked, quality=aiming(1))

    assert [row["id"] for row in ended.rows("verified")] == wanted(asked, 1)


@pytest.mark.parametrize(
    ("most", "options", "why"),
    [
        (None, {}, "the input has no more than 30 rows"),
        (25, {}, "max_candidates lets no more than 25 rows be tried"),
        (25, {"limit": 22}, "--limit lets no more than 22 rows be tried"),
    ],
)
async def test_too_few_rows_miss_the_target_and_say_why(fickle, most, options, why):
    asked = questions(30)
    ended = await fickle(asked, quality=aiming(25, most), **options)

    got = wanted(asked[: ended.summary.rows], 25)
    assert [row["id"] for row in ended.rows("verified")] == got
    assert ended.summary.exit_code is ExitCode.GATE_FAILED
    said = f"target missed: {len(got)} of the 25 verified rows asked for: {why}"
    assert ended.summary.exit_reason == said
    assert json.loads(closing_json(ended.summary))["exit_reason"] == said
    assert said in " ".join(terminal_report(ended.summary).split())
    assert not [line for line in await accounted(ended) if line.outcome == "not reached"]


async def test_a_limit_that_holds_enough_rows_changes_nothing(fickle):
    asked = questions(60)
    ended = await fickle(asked, quality=aiming(10), limit=50)

    assert [row["id"] for row in ended.rows("verified")] == wanted(asked, 10)
    assert (ended.summary.exit_code, ended.summary.rows) == (ExitCode.PASSED, 50)


async def test_the_command_line_has_the_last_word(fickle):
    asked = questions(60)
    ended = await fickle(asked, target_verified=7, max_candidates=50)

    assert [row["id"] for row in ended.rows("verified")] == wanted(asked, 7)
    assert json.loads(closing_json(ended.summary))["target_verified"] == 7


async def test_a_run_that_was_stopped_goes_on_to_the_same_rows(fickle, stop):
    asked = questions(150)
    whole = await fickle(asked, quality=aiming(40, 140))

    def after_thirty(progress):
        if progress.rows_done == 30:
            stop.drain("SIGINT")

    stopped = await fickle(asked, pace=2, quality=aiming(40, 140), show=after_thirty, stop=stop)
    resumed = await fickle(asked, pace=3, again=stopped.folder)

    assert stopped.summary.exit_code is ExitCode.INTERRUPTED
    assert resumed.summary.exit_code is ExitCode.PASSED
    assert resumed.bytes_of(*FILES) == whole.bytes_of(*FILES)
    assert len(await accounted(resumed)) == 140


async def test_a_stop_that_reaches_only_rows_beyond_the_target_stops_nothing(fickle, stop):
    asked = questions(150)
    last = int(wanted(asked, 40)[-1].removeprefix("r"))
    ended = set()

    def when_complete(progress):
        ended.add(progress.finished[0])
        if ended >= {f"r{n}" for n in range(last + 1)}:
            stop.drain("SIGINT")

    stopped = await fickle(asked, quality=aiming(40, 140), show=when_complete, stop=stop)

    assert stop.is_draining
    assert (stopped.summary.state, stopped.summary.exit_code) == ("finished", ExitCode.PASSED)
    assert [row["id"] for row in stopped.rows("verified")] == wanted(asked, 40)


async def test_an_estimate_of_the_first_rows_is_of_as_many_as_the_target_takes(fickle):
    asked, shown = questions(400), []

    async def goes_on():
        return True

    first = EstimateFirst(rows=20, show=shown.append, goes_on=goes_on)
    ended = await fickle(asked, quality=aiming(30), first=first)

    (estimate,) = shown
    of_20 = sum(map(right, asked[:20]))
    assert (estimate.rows, estimate.is_spread) == (-(-30 * 20 // of_20), False)
    assert [row["id"] for row in ended.rows("verified")] == wanted(asked, 30)


@given(
    answers=st.lists(st.booleans(), max_size=60),
    target=st.integers(1, 20),
    width=st.integers(1, 12),
    chance=st.randoms(use_true_random=False),
)
def test_in_whatever_order_rows_end_the_first_n_count(answers, target, width, chance):
    aim = Target(verified=target)
    approach, in_flight, ended = Approach(aim), [], {}

    def one_ends():
        index = in_flight.pop(chance.randrange(len(in_flight)))
        outcome = Outcome.VERIFIED if answers[index] else Outcome.REJECTED
        approach.count(outcome)
        ended[index] = end_of(index, outcome)

    for index in range(len(answers)):
        while len(in_flight) >= approach.in_flight(width):
            one_ends()
        if approach.is_met:
            break
        in_flight.append(index)
    while in_flight:
        one_ends()
    cut = Cut(aim)
    kept = [end.index for _, end in sorted(ended.items()) if cut.counts(end)]

    first = [index for index, is_right in enumerate(answers) if is_right][:target]
    assert [index for index in kept if answers[index]] == first
    assert kept == list(range(first[-1] + 1 if len(first) == target else len(answers)))
    assert cut.surplus == len(ended) - len(kept)
    assert sum(answers[index] for index in ended) < target + width
    assert cut.is_complete == (len(first) == target)


def end_of(index, outcome):
    return RecordEnd(row_id=f"r{index}", index=index, outcome=outcome, reason="", data={})


async def test_rows_that_failed_are_made_up_by_others_and_the_run_is_finished(fickle):
    asked = [f"{question}{' down' if n < 5 else ''}" for n, question in enumerate(questions(60))]
    ended = await fickle(asked, quality=aiming(10))
    again = await fickle(asked, again=ended.folder, is_mended=True)

    assert [row["id"] for row in ended.rows("verified")] == [
        f"r{n}" for n, question in enumerate(asked) if n >= 5 and right(question)
    ][:10]
    assert ended.summary.counts[Outcome.FAILED] == 5
    assert ended.summary.exit_code is ExitCode.PASSED
    assert again.summary == ended.summary


async def test_a_failed_row_that_a_resume_mends_takes_its_place_and_moves_the_line(fickle, stop):
    asked = [f"{question}{' down' if n < 5 else ''}" for n, question in enumerate(questions(99))]

    def after_five(progress):
        if progress.verified == 5:
            stop.drain("SIGINT")

    quality = aiming(35)  # more than those that are in flight at the stop can make up
    stopped = await fickle(asked, quality=quality, show=after_five, stop=stop)
    resumed = await fickle(asked, again=stopped.folder, is_mended=True)
    whole = await fickle(asked, pace=2, quality=quality, is_mended=True)

    assert stopped.summary.counts[Outcome.FAILED] == 5
    assert [row["id"] for row in resumed.rows("verified")] == wanted(asked, 35)
    assert resumed.bytes_of(*FILES) == whole.bytes_of(*FILES)
    assert any(right(question) for question in asked[:5])
    await accounted(resumed)


async def test_a_target_that_failed_rows_may_yet_make_up_is_incomplete_and_resumed(fickle):
    asked = questions(60)
    down = next(n for n, question in enumerate(asked) if right(f"{question} down"))
    asked[down] += " down"
    every = wanted(asked, len(asked))

    missed = await fickle(asked, quality=aiming(len(every)))
    resumed = await fickle(asked, again=missed.folder, is_mended=True)

    assert missed.summary.exit_code is ExitCode.INCOMPLETE
    assert "1 rows failed by infrastructure and may yet make it up" in missed.summary.exit_reason
    assert resumed.summary.exit_code is ExitCode.PASSED
    assert [row["id"] for row in resumed.rows("verified")] == every


async def test_a_canary_is_tried_and_never_one_of_the_n(fickle):
    rows = [
        json.dumps({"id": f"r{n}", "question": question, "odd": n % 5 == 0})
        for n, question in enumerate(questions(60))
    ]
    canaries = {n for n in range(60) if n % 5 == 0 and right(f"what is {n}?")}

    ended = await fickle(rows, quality=aiming(10, canary="odd"))

    expected = [f"r{n}" for n, q in enumerate(questions(60)) if n % 5 and right(q)][:10]
    assert [row["id"] for row in ended.rows("verified")] == expected
    last = ended.summary.target.last
    assert ended.summary.canaries.verified == len([n for n in canaries if n < last])


async def test_a_suite_without_a_graph_keeps_the_first_rows_that_pass(run, tmp_path):
    given = [{"id": f"r{n}", "given": "fine" if n % 3 else "says-fail"} for n in range(60)]
    suite = write_suite(
        tmp_path,
        given,
        candidate={"text": "{given}"},
        quality=aiming(20, 50),
        sandbox={"isolation": "none", "i_accept_the_risk": True},
    )
    ended = await run(suite)

    assert [row["id"] for row in ended.rows("verified")] == [f"r{n}" for n in range(60) if n % 3][
        :20
    ]
    assert ended.summary.exit_code is ExitCode.PASSED
    assert ended.summary.rows == 50


async def test_what_is_surplus_is_not_missed_by_verify_and_not_judged_again(run, tmp_path):
    ended = await run(fast_suite(tmp_path, ["fine"] * 40, quality=aiming(3)))
    options = RunOptions(plugins=[str(FAST_PLUGIN)], accepts_no_sandbox=True)

    found = await recheck(ended.folder, options, sample=100)

    assert list(ended.outcomes().values()) == ["verified"] * (3 + ended.summary.surplus)
    assert ended.summary.surplus > 0
    assert (found.re_executed, found.refuted) == (3, ())
    assert found.exit_code is ExitCode.PASSED


@pytest.mark.parametrize(
    ("quality", "code", "words"),
    [
        ({"target_verified": 0}, "wrong-value", "target_verified"),
        ({"target_verified": 5, "max_candidates": 4}, "wrong-value", "never be 5 verified rows"),
        ({"max_candidates": 4}, "missing-key", "target_verified"),
        ({"target_verified": 4, "validators": []}, "no-validators", "no row is verified"),
    ],
)
def test_what_can_never_be_met_is_an_error_with_its_line(tmp_path, quality, code, words):
    suite = fast_suite(tmp_path, ["one"], quality={"validators": [{"use": "says"}], **quality})

    diagnostics = check_suite(suite, load_plugins(tmp_path, named=[str(FAST_PLUGIN)]))

    (said,) = [one for one in diagnostics if one.severity == "error"]
    assert said.code == code
    assert words in said.message + str(said.path)
    assert said.line


@pytest.mark.parametrize(
    "options",
    [
        {"max_candidates": 4},
        {"target_verified": 5, "quality": {}},
        {"target_verified": 5, "max_candidates": 4},
        {"target_verified": 0},
    ],
)
async def test_options_that_can_never_be_met_are_refused_before_anything_is_spent(
    run, tmp_path, options
):
    quality = options.get("quality", {"validators": [{"use": "says"}]})
    options = {name: value for name, value in options.items() if name != "quality"}
    suite = fast_suite(tmp_path, ["one"], quality=quality)

    with pytest.raises(UsageError, match=r"target.verified"):
        await run(suite, **options)
    assert not (tmp_path / "out").exists()
