"""What a plugin does wrong costs the row it was asked about, and says whose fault it was."""

import pytest

from sygra_eval.engine import ExitCode
from tests.engine.conftest import FAST_PLUGIN, code_row, counts_add_up, fast_suite

HEAD = "from sygra_eval import hookimpl\nfrom sygra_eval.values import Status, Verdict\n"


@pytest.fixture
def plugin(tmp_path):
    """Write a plugin file and return what `-p` gets: ours and that one."""

    def write(body: str, name: str = "mine") -> list[str]:
        path = tmp_path / f"{name}.py"
        path.write_text(HEAD + body)
        return [str(FAST_PLUGIN), str(path)]

    return write


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("node-raise", "RuntimeError: as the row says"),
        ("node-object", "TypeError: returned a value that is not JSON"),
        ("node-nan", "TypeError: returned a value that is not JSON"),
        ("node-list", "TypeError: returned list, a mapping by variable name is needed"),
    ],
)
async def test_a_node_that_breaks_fails_its_row_and_is_named(tmp_path, run, word, reason):
    finished = await run(fast_suite(tmp_path, ["fine", word, "fine"]))

    assert finished.outcomes() == {"r0": "verified", "r1": "failed", "r2": "verified"}
    said = finished.ends()[1].reason
    assert said.startswith(f"node `mark` (type `tag` of plugin fast_plugin): {reason}")


async def test_a_middleware_sees_and_changes_what_a_node_adds(tmp_path, run, plugin):
    plugins = plugin(
        "@hookimpl\n"
        "def sygra_wrap_node(node, ctx):\n"
        "    if node.name != 'solve':\n"
        "        return None\n"
        "    async def shouting(state, proceed):\n"
        "        first = await proceed(state)\n"
        "        again = await proceed({**state, 'question': 'again ' + state['question']})\n"
        "        return {'answer': (first['answer'] + ' ' + again['answer']).upper()}\n"
        "    return shouting\n"
    )

    finished = await run(fast_suite(tmp_path, ["one"]), plugins=plugins)

    assert finished.rows("verified")[0]["answer"] == "ONE AGAIN ONE"


async def test_the_plugin_registered_last_wraps_outermost(tmp_path, run, plugin):
    body = (
        "@hookimpl\n"
        "def sygra_wrap_node(node, ctx):\n"
        "    async def marked(state, proceed):\n"
        "        additions = dict(await proceed(state))\n"
        "        return {name: value + ' {}' for name, value in additions.items()}\n"
        "    return marked\n"
    )
    first = plugin(body.replace("{}", "first"), "first")
    second = plugin(body.replace("{}", "second"), "second")

    finished = await run(fast_suite(tmp_path, ["one"]), plugins=[*first, second[1]])

    assert finished.rows("verified")[0]["answer"] == "one first second"


@pytest.mark.parametrize(
    ("breaks", "told"),
    [
        ("raise KeyError('lost')", "KeyError: 'lost'"),
        ("raise SystemExit(0)", "SystemExit: 0"),
        ("raise asyncio.CancelledError('alone')", "CancelledError: alone"),
    ],
)
async def test_a_middleware_that_breaks_fails_the_row_and_is_named_itself(
    tmp_path, run, plugin, breaks, told
):
    plugins = plugin(
        "@hookimpl\n"
        "def sygra_wrap_node(node, ctx):\n"
        "    import asyncio\n"
        "    async def broken(state, proceed):\n"
        "        if ctx.row.id == 'r1':\n"
        f"            {breaks}\n"
        "        return await proceed(state)\n"
        "    return broken\n"
    )

    finished = await run(fast_suite(tmp_path, ["one", "two", "three"]), plugins=plugins)

    assert finished.outcomes() == {"r0": "verified", "r1": "failed", "r2": "verified"}
    reason = finished.ends()[1].reason
    assert "node `mark`" in reason
    assert f"plugin mine: {told}" in reason


async def test_a_plugin_can_replace_a_node(tmp_path, run, plugin):
    plugins = plugin(
        "@hookimpl\n"
        "async def sygra_run_node(node, state, ctx):\n"
        "    return {'answer': 'replaced'} if node.type == 'llm' else None\n"
    )

    finished = await run(fast_suite(tmp_path, ["one"]), plugins=plugins)

    assert finished.rows("verified")[0]["answer"] == "replaced"
    assert finished.summary.calls == 0


@pytest.mark.parametrize(
    "hook",
    [
        "sygra_record_finished(record)",
        "sygra_run_started(run)",
        "sygra_run_finished(run)",
    ],
)
async def test_an_observer_that_breaks_is_told_and_changes_nothing(tmp_path, run, plugin, hook):
    plugins = plugin(f"@hookimpl\ndef {hook}:\n    raise RuntimeError('watching is hard')\n")
    told = []

    finished = await run(fast_suite(tmp_path, ["one", "two"]), plugins=plugins, tell=told.append)

    assert finished.summary.exit_code is ExitCode.PASSED
    name = hook.partition("(")[0]
    assert f"{name} of plugin mine: RuntimeError: watching is hard" in told


async def test_an_observer_sees_each_row_after_it_was_journalled(tmp_path, run, plugin):
    plugins = plugin(
        "from pathlib import Path\n"
        "from sygra_eval.journal import open_readonly\n"
        "where = []\n"
        "@hookimpl\n"
        "def sygra_run_started(run):\n"
        "    where.append(run.folder)\n"
        "@hookimpl\n"
        "def sygra_record_finished(record):\n"
        "    with open_readonly(where[0] / 'journal.db') as reader:\n"
        "        found = reader.find(record.row_id)\n"
        "    assert found == record, record.row_id\n"
    )
    told = []

    await run(fast_suite(tmp_path, ["one", "says-fail"]), plugins=plugins, tell=told.append)

    assert told == []


async def test_a_verdict_is_filed_under_the_name_that_the_suite_gives(tmp_path, run, plugin):
    plugins = plugin(
        "async def anonymous(candidate, ctx):\n"
        "    return Verdict(validator='something else', status=Status.FAIL, reason='no')\n"
        "@hookimpl\n"
        "def sygra_register_validators(register):\n"
        "    register('anonymous', anonymous)\n"
    )
    quality = {"validators": [{"use": "anonymous", "name": "mine"}]}

    finished = await run(fast_suite(tmp_path, ["one"], quality=quality), plugins=plugins)

    assert finished.ends()[0].reason == "mine: no"
    assert [tally.validator for tally in finished.summary.validators] == ["mine"]


async def test_a_stop_rule_of_a_plugin_ends_the_loop_and_does_not_decide(code_suite, run, plugin):
    plugins = plugin(
        "from sygra_eval.values import StopReason\n"
        "@hookimpl\n"
        "async def sygra_loop_should_stop(loop):\n"
        "    return StopReason.TIMEOUT\n"
    )
    suite = code_suite(
        code_row("right", "draft=right critic=never"), code_row("wrong", "draft=wrong critic=never")
    )

    finished = await run(suite, plugins=plugins)

    assert finished.outcomes() == {"right": "verified", "wrong": "rejected"}
    assert {end.loop.stop_reason.value for end in finished.ends()} == {"timeout"}


async def test_a_column_that_cannot_be_journalled_fails_its_row_alone(tmp_path, run, plugin):
    plugins = plugin(
        "from sygra_eval.values import Row\n"
        "class Source:\n"
        "    def __init__(self, spec):\n"
        "        pass\n"
        "    def fingerprint(self):\n"
        "        return 'always the same'\n"
        "    async def rows(self):\n"
        "        for index, extra in enumerate(['fine', {1, 2}, 'fine']):\n"
        "            columns = {'question': 'q', 'extra': extra}\n"
        "            yield Row(\n"
        "                id=f'r{index}', index=index, columns=columns, origin=f'here:{index}'\n"
        "            )\n"
        "@hookimpl\n"
        "def sygra_register_sources(register):\n"
        "    register('mine', Source)\n"
    )
    suite = fast_suite(tmp_path, [], data_config={"source": {"type": "mine"}})

    finished = await run(suite, plugins=plugins)

    assert finished.outcomes() == {"r0": "verified", "r1": "failed", "r2": "verified"}
    assert "here:1" in finished.ends()[1].reason
    assert "set is not JSON" in finished.ends()[1].reason


async def test_a_source_that_breaks_in_the_middle_leaves_a_run_to_resume(
    tmp_path, run, resume, plugin
):
    plugins = plugin(
        "from sygra_eval.values import Row\n"
        "class Source:\n"
        "    reads = 0\n"
        "    def __init__(self, spec):\n"
        "        pass\n"
        "    def fingerprint(self):\n"
        "        return 'always the same'\n"
        "    async def rows(self):\n"
        "        Source.reads += 1\n"
        "        for index in range(6):\n"
        "            if index == 4 and Source.reads == 3:\n"
        "                raise OSError('the disk is gone')\n"
        "            columns = {'question': 'q'}\n"
        "            yield Row(\n"
        "                id=f'r{index}', index=index, columns=columns, origin=f'here:{index}'\n"
        "            )\n"
        "@hookimpl\n"
        "def sygra_register_sources(register):\n"
        "    register('mine', Source)\n"
    )
    suite = fast_suite(tmp_path, [], data_config={"source": {"type": "mine"}})
    told = []

    finished = await run(suite, plugins=plugins, tell=told.append)

    assert finished.summary.exit_code is ExitCode.INCOMPLETE
    assert (finished.summary.state, finished.summary.rows) == ("incomplete", 6)
    assert counts_add_up(finished.summary)
    assert "the disk is gone" in finished.summary.exit_reason
    assert any("the disk is gone" in sentence for sentence in told)
    resumed = await resume(finished.folder, plugins=plugins[1:])
    assert set(resumed.outcomes().values()) == {"verified"}
    assert resumed.summary.exit_code is ExitCode.PASSED
