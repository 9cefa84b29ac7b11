"""Versions of validators: kept in the plan, told by `compare`, and by `score` of what it judged."""

import pytest

from sygra_eval.engine import Compared, RunOptions, StopSignal, bless, compare_two, score
from sygra_eval.engine.plan import read_plan
from sygra_eval.plugins import PluginError, load_plugins
from sygra_eval.report import closing_words, comparison_text, scored_json, scored_text
from tests.engine.conftest import write_suite

PLUGIN = """
from sygra_eval import Status, Verdict, hookimpl


async def short(candidate, ctx):
    status = Status.PASS if len(candidate.text) < {most} else Status.FAIL
    return Verdict(validator=ctx.validator.name, status=status, reason="by its length")


@hookimpl
def sygra_register_validators(register):
    register("short", short, version={version!r})
"""


@pytest.fixture
def measured(tmp_path, run):
    """Judge three answers by a validator of this version."""
    plugin = tmp_path / "short.py"

    def suite(**quality):
        return write_suite(
            tmp_path / "suite",
            [{"id": f"r{n}", "given": "x" * n} for n in (3, 6, 9)],
            candidate={"text": "{given}"},
            quality={"validators": [{"use": "short"}], **quality},
            sandbox={"isolation": "none", "i_accept_the_risk": True},
        )

    async def of(version, most=7, **quality):
        plugin.write_text(PLUGIN.format(most=most, version=version))
        return await run(suite(**quality), plugins=[str(plugin)])

    of.plugin, of.suite = str(plugin), suite
    return of


async def test_another_version_of_a_validator_is_told_by_compare_with_both(measured):
    first, second = await measured("1"), await measured("2", most=5)

    assert read_plan(second.folder).versions == {"short": "2"}
    asked = Compared(plugins=(measured.plugin,))
    found = await compare_two(first.folder, second.folder, asked)
    told = " ".join(comparison_text(found).split())
    assert f"validator short: version 1 in small/{first.folder.name}, 2 in small/" in told
    same = await compare_two(first.folder, first.folder, asked)
    assert "version" not in comparison_text(same)


async def test_a_baseline_keeps_the_version_and_older_ones_have_the_first(measured, tmp_path):
    first, second = await measured("1"), await measured("3")
    asked = Compared(plugins=(measured.plugin,))
    old = bless(first.folder, asked).path.read_text()
    new = bless(second.folder, asked).path

    assert "versions" not in old
    assert '"versions": {"short": "3"}' in new.read_text()
    before = tmp_path / "before.json"
    before.write_text(old)
    found = await compare_two(before, new, Compared())
    assert any("version 1 in before.json, 3 in" in note for note in found.notes)


async def test_score_says_which_validators_are_not_as_they_were(measured, tmp_path):
    first = await measured("1")
    options = RunOptions(out=tmp_path / "out", plugins=(measured.plugin,))
    path = measured.suite()

    same = await score(first.folder, options, suite=path)
    measured_again = tmp_path / "short.py"
    measured_again.write_text(PLUGIN.format(most=5, version="2"))
    other = await score(first.folder, options, suite=path)

    assert "No validator was changed" in scored_text(same)
    text = " ".join(scored_text(other).split())
    assert "Every verdict was come to anew. Not as in that run: short: version 1 then, 2" in text
    assert scored_json(other)["changed"] == {"short": "version 1 then, 2 now"}
    assert [flip.id for flip in other.comparison.changes[0].flips.broken] == ["r6"]


async def test_an_interrupted_score_says_how_to_begin_again(measured, tmp_path):
    first = await measured("1")
    stop = StopSignal()

    def stop_at_once(progress):
        stop.drain("test")

    options = RunOptions(out=tmp_path / "out", plugins=(measured.plugin,), rows_in_flight=1)
    half = await score(first.folder, options, suite=measured.suite(), show=stop_at_once, stop=stop)

    assert half.summary.state == "interrupted"
    words = closing_words(half.summary)
    assert f"sygra-eval score {first.folder}" in " ".join(words.split())
    assert "sygra-eval resume" not in words


@pytest.mark.parametrize("version", ["", " ", 2, None, "x" * 41])
def test_a_version_that_nobody_can_read_is_refused(tmp_path, version):
    plugin = tmp_path / "short.py"
    plugin.write_text(PLUGIN.format(most=7, version=version))

    with pytest.raises(PluginError, match="a version is a short text"):
        load_plugins(tmp_path, named=[str(plugin)])
