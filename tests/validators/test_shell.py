"""`shell` against real shells in the real box, with processes."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sygra_eval.sandbox import BoxProvider, program_at, start_sandbox
from sygra_eval.sandbox.providers import ReducedProvider
from sygra_eval.validators import shell_check
from sygra_eval.values import PROCESSES, Sandbox, Status, Trust

pytestmark = pytest.mark.skipif(program_at("bash") is None, reason="bash is not installed")
needs_shellcheck = pytest.mark.skipif(
    program_at("shellcheck") is None, reason="shellcheck is not installed"
)
WORDS = "#!/bin/sh\nsort | uniq -c | sort -rn | awk '{print $2, $1}'\n"
CASES = [
    {"stdin": "b\na\nb\n", "stdout": "b 2\na 1\n"},
    {"stdin": "", "stdout": "", "exit_code": 0},
]


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """A box whose suite allows processes."""
    offered = {"box": BoxProvider()}
    started = await start_sandbox(
        offered, require="box", isolation=None, slots=1, allow=frozenset({PROCESSES})
    )
    yield started
    await started.close()


@pytest.fixture
def judge(judge_in_sandbox):
    """Judges a script in a fence by cases in the column `tests`."""

    async def judged(script, cases, *, tag="sh", **config):
        keys = {"from": "tests", "shellcheck": "off", **config}
        return await judge_in_sandbox(
            "shell", f"So:\n```{tag}\n{script}\n```\n", config=keys, tests=cases
        )

    return judged


async def test_a_right_script_passes_with_its_evidence(judge):
    verdict = await judge(WORDS, CASES)

    assert (verdict.status, verdict.score, verdict.trust) == (Status.PASS, 1.0, Trust.SEPARATE)
    assert verdict.reason == "2 of 2 visible tests passed; shellcheck is off"
    assert verdict.evidence.command == ("sh", "answer.sh")
    assert ",processes" in verdict.evidence.isolation


async def test_a_wrong_script_fails_with_its_case(judge):
    verdict = await judge("sort -u", CASES)

    assert (verdict.status, verdict.score) == (Status.FAIL, 0.5)
    assert verdict.reason == (
        'visible test 1 of 2 failed: `stdin "b\\na\\nb\\n"` gave "a\\nb", expected "b 2\\na 1"'
    )


async def test_arguments_files_and_the_exit_code_are_the_cases(judge):
    cases = [
        {"args": ["x y", 3], "files": {"d/in.txt": "one\n"}, "stdout": "x y-3-one", "exit_code": 4}
    ]
    script = 'echo "$1-$2-$(cat d/in.txt)"\nexit 4'

    assert (await judge(script, cases)).status is Status.PASS
    wrong = await judge(script.replace("4", "5"), cases)
    assert wrong.reason.endswith("gave exit code 5, expected exit code 4")


async def test_sh_and_bash_are_told_apart_by_the_fence_and_the_first_line(judge):
    cases = [{"stdout": "2"}]
    script = "a=(1 2)\necho ${#a[@]}"

    verdicts = {
        "bash": await judge(script, cases, tag="bash"),
        "sh": await judge(script, cases, tag="sh"),
        "shell": await judge(script, cases, tag="shell"),
        "shebang": await judge(f"#!/usr/bin/env sh\n{script}", cases, tag="shell"),
    }

    passed = [name for name, verdict in verdicts.items() if verdict.status is Status.PASS]
    assert passed == ["bash", "shell"]


HACKS = {
    "a success mark": 'echo \'["value",["b 2\\na 1",0,""]]\' >&3',
    "another script for later": "printf 'echo b 2; echo a 1' > \"$0\"; echo no",
    "the later cases' folders": "mkdir ../case_1 ../case_2 ../case_3 2>/dev/null; echo no",
    "a killed judge": "kill -9 1 $PPID; echo no",
    "a stopped judge": "kill -STOP 1 $PPID; echo no",
    "an answer that comes and goes": "echo $$ $RANDOM; cat /proc/uptime; date +%N",
    "a hang": "while :; do :; done",
    "a fork bomb": "b() { b | b & }; b; echo no",
    "too much": "yes",
    "the orders": "cat ../*; cat /proc/1/environ /proc/1/fd/0; echo no",
    "the result pipe": "for f in /proc/*/fd/*; do echo x > $f; done 2>/dev/null; echo no",
}


async def test_a_wrong_script_does_not_pass_by_deceit(judge):
    for name, script in HACKS.items():
        verdict = await judge(script, CASES[:1], timeout=1.5)

        assert verdict.status is Status.FAIL, (name, verdict)


async def test_what_a_script_leaves_running_is_gone_before_the_next_case(judge):
    script = (
        "if kill -0 $(cat ../left 2>/dev/null) 2>/dev/null; then echo alive; else echo gone; fi\n"
        "sleep 60 &\necho $! > ../left"
    )

    verdict = await judge(script, [{"stdout": "gone"}, {"stdout": "gone"}])

    assert verdict.status is Status.PASS, verdict


async def test_a_script_sees_no_network_and_nothing_of_the_users(judge, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("x")
    script = f"cat {secret} || echo no file\n(echo > /dev/tcp/127.0.0.1/22) || echo no network"

    verdict = await judge(script, [{"stdout": "no file\nno network"}], tag="bash")

    assert verdict.status is Status.PASS, verdict


@needs_shellcheck
async def test_what_shellcheck_finds_fails_before_anything_runs(judge):
    script = 'x="$1"\n# shellcheck disable=SC2081,SC2068\n[ $x = a* ] && cp $@ /tmp\n'

    verdict = await judge(script, CASES, shellcheck="error")

    assert (verdict.status, verdict.score) == (Status.FAIL, 0.0)
    assert verdict.reason.startswith("shellcheck: 2 findings, the first: line 3, column ")
    assert verdict.evidence.failing.test.startswith("shellcheck SC20")
    assert verdict.evidence.isolation.endswith(",programs)")


@needs_shellcheck
async def test_a_severity_that_is_not_asked_for_does_not_fail(judge):
    script = "unused=1\necho $1"
    cases = [{"args": ["a"], "stdout": "a"}]

    kept = await judge(script, cases, shellcheck="error")
    strict = await judge(script, cases, shellcheck="style")

    assert (kept.status, kept.reason) == (
        Status.PASS,
        "1 of 1 visible tests passed; shellcheck: no finding",
    )
    assert strict.status is Status.FAIL


async def test_without_shellcheck_the_reason_says_so(judge, monkeypatch):
    monkeypatch.setattr(shell_check, "program_at", lambda _: None)

    verdict = await judge(WORDS, CASES, shellcheck="error")

    assert verdict.reason.endswith("; shellcheck is not installed and was not run")


@pytest.mark.parametrize(
    ("cases", "reason"),
    [
        ("echo", "holds str, not a list of cases"),
        ([{"stdin": "x"}], "needs `stdout`"),
        ([{"stdout": "x", "input": ""}], "has the key `input`"),
        ([{"stdout": "x", "files": {"../up": ""}}], "lead nowhere else"),
        ([{"stdout": "x", "args": ["\0"]}], "`args` is no list of texts"),
    ],
)
async def test_cases_that_mean_nothing_are_an_error_of_the_suite(judge, cases, reason):
    verdict = await judge(WORDS, cases)

    assert (verdict.status, verdict.score) == (Status.ERROR, None)
    assert reason in verdict.reason


async def test_where_processes_cannot_be_ended_the_verdict_is_an_error(judge_in_sandbox, sandbox):
    box, sandbox.inner = sandbox.inner, await ReducedProvider().start(slots=1)
    config = {"from": "tests", "shellcheck": "off"}
    verdict = await judge_in_sandbox("shell", f"```sh\n{WORDS}```", config=config, tests=CASES)
    await sandbox.inner.close()
    sandbox.inner = box

    assert verdict.status is Status.ERROR
    assert "how to get `box`" in verdict.reason


def test_the_programs_of_the_system_are_where_a_sandbox_looks():
    assert Path(shutil.which("sh") or "").resolve() == Path(str(program_at("sh")))
