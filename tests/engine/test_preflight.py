"""What is not fit is said before the first row, and leaves nothing behind."""

import os
from pathlib import Path

import pytest

from sygra_eval.engine import ExitCode, NothingSelected
from sygra_eval.testing import ScriptedEndpoint
from sygra_eval.values import ModelUnavailable, PluginError, UsageError
from tests.engine.conftest import FAST_PLUGIN, code_row, fast_suite

BROKEN_MODEL = (
    "from sygra_eval import hookimpl\n"
    "def broken(spec):\n"
    "    raise {error}\n"
    "@hookimpl\n"
    "def sygra_register_models(register):\n"
    "    register('broken', broken)\n"
)


async def test_a_server_that_is_not_there_is_named(tmp_path, code_suite, run, endpoint):
    suite = code_suite(code_row("r0", "draft=right"))
    address = endpoint.base_url
    await endpoint.stop()

    with pytest.raises(ModelUnavailable, match=r"author, critic: .*is the server running") as error:
        await run(suite)

    assert address in str(error.value)
    assert not (tmp_path / "out").exists()


async def test_a_wrong_key_is_said_without_showing_it(tmp_path, run, monkeypatch):
    monkeypatch.setenv("CANARY_KEY", "canary-0123456789")
    async with ScriptedEndpoint.on_a_free_port(requires_key="another") as endpoint:
        model = {"use": "openai", "base_url": endpoint.base_url, "model": "scripted"}
        author = {**model, "api_key_env": "CANARY_KEY"}
        suite = fast_suite(tmp_path, ["one"], models={"author": author})

        with pytest.raises(ModelUnavailable, match="CANARY_KEY") as refused:
            await run(suite)

    assert "canary-0123456789" not in str(refused.value)
    assert not (tmp_path / "out").exists()


async def test_an_empty_source_is_nothing_selected(tmp_path, run):
    suite = fast_suite(tmp_path, [])

    with pytest.raises(NothingSelected) as nothing:
        await run(suite)

    assert nothing.value.exit_code is ExitCode.NOTHING_SELECTED
    assert not (tmp_path / "out").exists()


async def test_a_sandbox_that_is_not_to_be_had_is_named(tmp_path, run):
    suite = fast_suite(tmp_path, ["one"], sandbox={"require": "bunker"})

    with pytest.raises(UsageError) as refused:
        await run(suite)

    said = [str(refused.value), *(found.message for found in refused.value.diagnostics)]
    assert any("bunker" in text for text in said)
    assert not (tmp_path / "out").exists()


async def test_all_mistakes_of_a_suite_are_said_before_anything_starts(tmp_path, run):
    suite = fast_suite(tmp_path, ["one"], sandbocks={}, quality={"validators": [{"use": "sais"}]})
    suite.write_text(suite.read_text().replace("'{question}'", "'{qestion}'"))

    with pytest.raises(UsageError) as refused:
        await run(suite)

    codes = {found.code for found in refused.value.diagnostics}
    assert {"unknown-key", "unknown-type", "unknown-variable"} <= codes


@pytest.mark.parametrize("error", ["RuntimeError('no luck')", "KeyError('model')"])
async def test_a_model_type_that_cannot_be_made_names_its_plugin(tmp_path, run, error):
    plugin = tmp_path / "broken.py"
    plugin.write_text(BROKEN_MODEL.format(error=error))
    suite = fast_suite(tmp_path, ["one"], models={"author": {"use": "broken"}})

    before = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()

    with pytest.raises(PluginError, match=r"model `author`.*plugin broken"):
        await run(suite, plugins=[str(FAST_PLUGIN), str(plugin)])

    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    assert children.split() == before
    assert not (tmp_path / "out").exists()


async def test_a_run_of_a_name_that_is_there_is_refused(tmp_path, run):
    suite = fast_suite(tmp_path, ["one"])
    first = await run(suite, name="first")
    before = first.bytes_of("verified.jsonl", "manifest.json")

    with pytest.raises(UsageError, match="is there already"):
        await run(suite, name="first")

    assert first.bytes_of("verified.jsonl", "manifest.json") == before


async def test_plugins_that_are_not_trusted_and_warnings_are_told(tmp_path, run):
    suite = fast_suite(tmp_path, ["{broken", "one"])
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "local.py").write_text("raise RuntimeError('it was imported')\n")
    told = []

    await run(suite, tell=told.append)

    assert any("was not imported" in sentence for sentence in told)
    assert not any("it was imported" in sentence for sentence in told)
    assert any("rows.jsonl:1" in sentence for sentence in told)


async def test_a_source_that_cannot_be_read_to_its_end_is_said_before_anything_starts(
    tmp_path, run
):
    plugin = tmp_path / "fragile.py"
    plugin.write_text(
        "from sygra_eval import hookimpl\n"
        "from sygra_eval.values import Row\n"
        "class Source:\n"
        "    def __init__(self, spec):\n"
        "        pass\n"
        "    def fingerprint(self):\n"
        "        return 'always the same'\n"
        "    async def rows(self):\n"
        "        yield Row(id='r0', index=0, columns={'question': 'q'}, origin='here:0')\n"
        "        raise OSError('the disk is gone')\n"
        "@hookimpl\n"
        "def sygra_register_sources(register):\n"
        "    register('fragile', Source)\n"
    )
    suite = fast_suite(tmp_path, [], data_config={"source": {"type": "fragile"}})

    with pytest.raises(UsageError, match="OSError: the disk is gone"):
        await run(suite, plugins=[str(FAST_PLUGIN), str(plugin)])

    assert not (tmp_path / "out").exists()
