"""The look at a source before a run waits as long as the source says, and then says so."""

import asyncio

from sygra_eval.plugins import load_plugins
from sygra_eval.suite import check_suite

SUITE = """
suite: {name: small}
data_config: {source: {type: slow}}
candidate: {text: "{q}"}
quality: {validators: [{use: regex, pattern: a}]}
"""
PLUGIN = """
import asyncio
from sygra_eval import Row, hookimpl

class Slow:
    first_row_s = 0.05

    def __init__(self, spec): ...

    def fingerprint(self):
        return "slow"

    async def rows(self):
        await asyncio.sleep(3600)
        yield Row(id="0", index=0, columns={"q": "a"}, origin="slow:0")

@hookimpl
def sygra_register_sources(register):
    register("slow", Slow)
"""


async def test_a_source_without_a_row_in_its_time_is_named_at_its_place(tmp_path):
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "slow.py").write_text(PLUGIN)
    (tmp_path / "suite.yaml").write_text(SUITE.lstrip())
    plugins = load_plugins(tmp_path, environ={"SYGRA_EVAL_TRUST": "1"})

    (found,) = await asyncio.to_thread(check_suite, tmp_path / "suite.yaml", plugins)

    assert (found.code, found.line) == ("source-failed", 2)
    assert "no row came within 0.05 s" in found.message
