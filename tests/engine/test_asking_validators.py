"""A validator of anyone's may ask a model, and look around before the first row."""

import sqlite3

import pytest

from sygra_eval.engine import ExitCode
from tests.engine.conftest import FAST_PLUGIN, fast_suite

ASKING = """
from sygra_eval import Message, Prepared, Status, Verdict, hookimpl

async def echoes(candidate, ctx):
    asked = (Message("user", f"{ctx.stage} {ctx.row_id} {candidate.text}"),)
    reply = await ctx.complete(asked, model="author", step="ask", sample=1)
    again = await ctx.complete(asked, model="author", step="ask", sample=2)
    same = reply.text == again.text
    reason = f"{ctx.prepared}: {reply.text} {same}"
    return Verdict(validator=ctx.validator.name, status=Status.PASS, reason=reason)

async def look(ctx):
    reply = await ctx.complete((Message("user", "LOOK"),), model="author")
    return Prepared(value=reply.text.lower(), warnings=("the walls have ears",))

@hookimpl
def sygra_register_validators(register):
    register("echoes", echoes, prepare=PREPARE)
"""
QUALITY = {"validators": [{"use": "echoes", "name": "mine"}]}


@pytest.fixture
def asking(tmp_path):
    """Write the plugin; what its `prepare` is may differ."""

    def write(prepare: str = "look", more: str = "") -> list[str]:
        path = tmp_path / "asking.py"
        path.write_text(more + ASKING.replace("PREPARE", prepare))
        return [str(FAST_PLUGIN), str(path)]

    return write


def places(finished) -> list[tuple[str, str, int]]:
    """Return where calls came from, in the order in which they were committed."""
    with sqlite3.connect(finished.folder / "journal.db") as journal:
        found = list(journal.execute("SELECT record, node, sample FROM call ORDER BY rowid"))
    journal.close()
    return found


async def test_a_validators_calls_are_journalled_under_its_name_stage_step_and_sample(
    tmp_path, run, asking
):
    finished = await run(fast_suite(tmp_path, ["one"], quality=QUALITY), plugins=asking())

    assert places(finished) == [
        ("", "validator:mine/prepare", 0),
        ("r0", "solve", 0),
        ("r0", "validator:mine/final/ask", 1),
        ("r0", "validator:mine/final/ask", 2),
    ]
    assert finished.summary.calls == 4
    assert finished.ends()[0].verdicts[0].reason == "look: final r0 one True"


async def test_what_a_preparation_warns_of_is_told_and_reported(tmp_path, run, asking):
    told = []
    suite = fast_suite(tmp_path, ["one"], quality=QUALITY)

    finished = await run(suite, plugins=asking(), tell=told.append)

    assert "validator `mine`: the walls have ears" in told
    assert "validator `mine`: the walls have ears" in finished.summary.warnings


@pytest.mark.parametrize(
    ("prepare", "more", "reason"),
    [
        ("broken", "async def broken(ctx): raise ValueError('oh')\n", "ValueError: oh"),
        ("leaving", "async def leaving(ctx): raise SystemExit(3)\n", "SystemExit: 3"),
        ("nothing", "async def nothing(ctx): return 7\n", "prepared int, not a `Prepared`"),
    ],
)
async def test_a_preparation_that_breaks_is_the_reason_of_every_verdict(
    tmp_path, run, asking, prepare, more, reason
):
    suite = fast_suite(tmp_path, ["one", "two"], quality=QUALITY)

    finished = await run(suite, plugins=asking(prepare, more))

    assert set(finished.outcomes().values()) == {"failed"}
    for end in finished.ends():
        assert "plugin asking" in end.reason
        assert reason in end.reason


async def test_a_run_that_is_stopped_while_it_prepares_takes_no_row(
    tmp_path, run, resume, asking, stop
):
    suite = fast_suite(tmp_path, ["one", "two"], quality=QUALITY)
    plugins = asking()

    def tell(sentence):
        if "ears" in sentence:
            stop.drain("test")

    stopped = await run(suite, plugins=plugins, tell=tell, stop=stop)

    assert stopped.summary.exit_code is ExitCode.INTERRUPTED
    assert stopped.summary.not_reached == 2
    assert places(stopped) == [("", "validator:mine/prepare", 0)]
    resumed = await resume(stopped.folder, plugins=plugins[1:])
    assert set(resumed.outcomes().values()) == {"verified"}
    assert len(places(resumed)) == 1 + 2 * 3


async def test_a_model_that_the_suite_has_not_is_an_error_verdict(tmp_path, run, asking):
    suite = fast_suite(tmp_path, ["one"], quality=QUALITY)
    plugins = asking("None")
    path = tmp_path / "asking.py"
    path.write_text(path.read_text().replace('model="author"', 'model="nobody"'))

    (end,) = (await run(suite, plugins=plugins)).ends()

    assert end.reason == "validator error: mine: the suite has no model `nobody`"
