"""What cannot work is said before the first row is spent, and leaves no run folder."""

import asyncio
import json
import os

import pytest

from sygra_eval.testing import ScriptedEndpoint, completion, status
from tests.faults.conftest import PATIENCE_S, rows, write_suite
from tests.faults.forks import COMMAND

CANARY = "canary-key-31415926535897932384"


@pytest.fixture
def command(forks, tmp_path):
    """Run `sygra-eval ARGUMENTS` in the test's folder, beside the server in the test's loop."""

    async def run(*arguments: object, **env: str) -> tuple[int, str, str]:
        asked = map(str, arguments)
        child = forks.start(COMMAND, *asked, cwd=tmp_path, env={**os.environ, **env})
        out, err = await asyncio.to_thread(child.communicate, PATIENCE_S)
        return child.returncode, out, err

    return run


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"model": {"base_url": "http://127.0.0.1:9/v1"}}, 4, "is the server running"),
        ({"model": {"api_key_env": "NOT_SET_ANYWHERE"}}, 4, "NOT_SET_ANYWHERE"),
        ({"rows": []}, 5, "no rows"),
        ({"sandbox": {"require": "bunker"}}, 4, "bunker"),
        ({"sandbocks": {}}, 4, "sandbocks"),
    ],
)
async def test_nothing_is_spent_and_no_folder_is_left(tmp_path, command, changes, code, said):
    async with ScriptedEndpoint.on_a_free_port() as endpoint:
        suite = write_suite(tmp_path / "suite", endpoint.base_url, **changes)

        ended, out, err = await command("run", suite, "--out", "out", "--json")

        line = json.loads(out.splitlines()[-1])
        assert (ended, line["exit"]) == (code, code)
        assert said in err
        assert "Traceback" not in err
        assert endpoint.requests == []
        assert not (tmp_path / "out").exists()


async def test_a_wrong_key_is_refused_before_the_first_row(tmp_path, command):
    async with ScriptedEndpoint.on_a_free_port(requires_key="the right one") as endpoint:
        suite = write_suite(
            tmp_path / "suite", endpoint.base_url, model={"api_key_env": "CANARY_KEY"}
        )

        ended, out, err = await command("run", suite, "--out", "out", "--json", CANARY_KEY=CANARY)

    assert ended == 4
    assert "refused the key in the environment variable CANARY_KEY" in err
    assert CANARY not in out + err
    assert endpoint.requests == []
    assert not (tmp_path / "out").exists()


async def test_the_key_is_in_no_file_and_no_output(tmp_path, command):
    def leaking(body):
        text = body["messages"][-1]["content"]
        if "number=1" in text:
            return status(401, {"error": {"message": f"Incorrect API key provided: {CANARY}"}})
        if "number=2" in text:
            return status(400, f"the request had the header Authorization: Bearer {CANARY}")
        return completion("```python\ndef f(x):\n    return x + 1\n```", model=f"m-{CANARY[:6]}")

    async with ScriptedEndpoint.on_a_free_port(requires_key=CANARY) as endpoint:
        endpoint.answers_with(leaking)
        suite = write_suite(
            tmp_path / "suite",
            endpoint.base_url,
            rows=rows(4),
            model={"api_key_env": "CANARY_KEY"},
        )

        ended, out, err = await command("run", suite, "--out", "out", "--json", CANARY_KEY=CANARY)

    assert ended == 7
    assert json.loads(out.splitlines()[-1])["failed"] == 2
    assert CANARY not in out + err
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert {"journal.db", "report.json", "failed.jsonl", "run.log"} <= {f.name for f in files}
    assert [file.name for file in files if CANARY.encode() in file.read_bytes()] == []
