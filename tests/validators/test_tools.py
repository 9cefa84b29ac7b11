"""`lint`, `types`, `security`: the answer's code as ruff, mypy and bandit see it."""

import asyncio
import importlib.util
from pathlib import Path

import pytest

from sygra_eval.validators.child import ChildFailed, run_child
from sygra_eval.values import Scope, Status

NAMES = {"lint": "ruff", "types": "mypy", "security": "bandit"}
TOOLS = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            importlib.util.find_spec(package) is None, reason=f"needs {package}"
        ),
    )
    for name, package in NAMES.items()
]
NEEDS_BANDIT = TOOLS[2].marks[0]
GOOD = "def f(x: int) -> int:\n    return x + 1\n"


def fenced(code: str) -> str:
    return f"```python\n{code}```\n"


BAD = {
    "lint": ("def f(x):\n    return y\n", "line 2, column 12: F821 Undefined name `y`"),
    "types": (
        "def f(x: int) -> str:\n    return x\n",
        "line 2, column 12: return-value Incompatible return value type "
        '(got "int", expected "str")',
    ),
    "security": (
        "def f(x):\n    return eval(x)\n",
        "line 2, column 12: B307 (medium) Use of possibly insecure function - consider using safer "
        "ast.literal_eval.",
    ),
}


@pytest.mark.parametrize("name", TOOLS)
async def test_code_without_a_finding_passes(judge_answer, name):
    verdict = await judge_answer(name, fenced(GOOD))

    assert (verdict.status, verdict.score) == ("pass", 1.0), verdict
    assert verdict.reason == f"{NAMES[name]}: no finding"
    assert verdict.evidence.command[0] == NAMES[name]
    assert verdict.evidence.output.startswith(f"{NAMES[name]} ")
    assert verdict.trust == "separate"


@pytest.mark.parametrize("name", TOOLS)
async def test_a_finding_fails_with_code_and_line(judge_answer, name):
    code, told = BAD[name]

    verdict = await judge_answer(name, fenced(code))

    assert (verdict.status, verdict.score) == ("fail", 0.0)
    assert verdict.reason == f"{NAMES[name]}: 1 finding: {told}"
    assert verdict.evidence.output.splitlines()[1:] == [told]
    assert verdict.evidence.failing.input == code.splitlines()[1].strip()


@pytest.mark.parametrize("name", TOOLS)
async def test_a_comment_of_the_answer_silences_nobody(judge_answer, name):
    code, _ = BAD[name]
    head = "# ruff: noqa\n# mypy: ignore-errors\n"
    silenced = head + code.rstrip("\n") + "  # noqa  # type: ignore  # nosec\n"

    assert (await judge_answer(name, fenced(silenced))).status is Status.FAIL


@pytest.mark.parametrize("name", TOOLS)
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("I cannot help.", "no_code: "),
        (fenced("def f(:\n"), "1"),
        (fenced("x = '\ud800'\n"), "the code holds a lone surrogate at character 6"),
        (fenced("x = 1  # " + "y" * 70_000 + "\n"), "no_code: longer than 64 KiB"),
        (fenced("x = 1\n\x00\x1b[31m\n"), "the code holds a NUL at character 7"),
        (fenced("x = 1\n\x1b[31m\n"), ""),
    ],
    ids=["no code", "no Python", "surrogate", "too large", "NUL", "control characters"],
)
async def test_code_that_cannot_be_looked_at_fails(judge_answer, name, answer, reason):
    first, second = [await judge_answer(name, answer) for _ in range(2)]

    assert (first.status, first.score) == ("fail", 0.0), first
    assert reason in first.reason
    assert repr(first) == repr(second)
    assert not any(c < " " for c in first.reason)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("lint", "# ruff: disable[F821]\nprint(y)\n"),
        ("lint", "# ruff: file-ignore[F821]\nprint(y)\n"),
        ("lint", "# flake8: noqa\nprint(y)\n"),
        ("types", "# mypy: disable-error-code=assignment\nx: int = ''  #type :ignore\n"),
        ("types", "# type: ignore\nx: int = ''  # so # type:\x0cignore[assignment]\n"),
    ],
)
async def test_a_comment_of_another_kind_silences_nobody_either(judge_answer, name, code):
    assert (await judge_answer(name, fenced(code))).status is Status.FAIL


async def test_a_source_that_crashes_the_tool_does_not_pass(judge_answer):
    verdict = await judge_answer("lint", fenced(f"x = {'-' * 50_000}1\n"))

    assert verdict.status is Status.FAIL
    assert verdict.reason == "ruff did not survive the code: crashed with SIGABRT"


async def test_findings_are_bounded(judge_answer):
    code = "".join(f"print(name_{n})\n" for n in range(50))

    verdict = await judge_answer("lint", fenced(code))

    assert verdict.reason.startswith("ruff: 50 findings, the first: line 1, column 7: F821")
    assert len(verdict.evidence.output.splitlines()) == 22
    assert verdict.evidence.output.endswith("and 30 more")


async def test_the_suite_chooses_the_rules(judge_answer):
    code = fenced("import os\n")

    assert (await judge_answer("lint", code)).status == "pass"
    assert (await judge_answer("lint", code, config={"select": ["F401"]})).status == "fail"


async def test_a_rule_that_ruff_does_not_know_is_an_error(judge_answer):
    verdict = await judge_answer("lint", fenced(GOOD), config={"select": ["FOO1"]})

    assert (verdict.status, verdict.score) == ("error", None)
    assert "Unknown rule selector `FOO1`" in verdict.reason


async def test_types_may_be_strict(judge_answer):
    code = fenced("def f(x):\n    return x\n")

    assert (await judge_answer("types", code)).status == "pass"
    assert (await judge_answer("types", code, config={"strict": True})).status == "fail"


async def test_types_does_not_ask_for_packages(judge_answer):
    code = fenced("import numpy as np\nimport pytest\nx: int = np.zeros(3)\n")

    assert (await judge_answer("types", code)).status == "pass"


@NEEDS_BANDIT
async def test_the_suite_says_how_severe(judge_answer):
    code = fenced("def f(x):\n    assert x\n")

    verdicts = [
        await judge_answer("security", code, config=config)
        for config in ({}, {"severity": "low"}, {"severity": "low", "skip": ["B101"]})
    ]

    assert [verdict.status for verdict in verdicts] == ["pass", "fail", "pass"]


@pytest.mark.parametrize("name", NAMES)
async def test_a_tool_that_is_not_there_is_told_before_and_never_a_fail(
    judge_answer, built_in, name, monkeypatch
):
    monkeypatch.setattr("sygra_eval.validators.tools.is_installed", lambda tool: False)

    verdict = await judge_answer(name, fenced(GOOD))
    (problem,) = built_in.find("validators", name).config().problems(Scope())

    assert (verdict.status, verdict.score) == ("error", None)
    assert verdict.reason == f"{NAMES[name]} is not installed: pip install {NAMES[name]}"
    assert (problem.code, problem.fix) == ("missing-package", f"pip install {NAMES[name]}")


async def test_a_tool_that_is_too_slow_is_an_error(judge_answer):
    verdict = await judge_answer("types", fenced(GOOD), config={"timeout": 0.001})

    assert verdict.status in {"error", "pass"}  # a second of CPU is the least that can be given
    assert verdict.status == "pass" or "no result in time" in verdict.reason


# The child


async def test_a_child_that_hangs_is_killed_with_what_it_started(tmp_path, monkeypatch):
    monkeypatch.setattr("sygra_eval.validators.child.BETWEEN_CPU_AND_WALL_S", 0)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    script = tmp_path / "hang.py"
    script.write_text(
        "import subprocess, sys, pathlib, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"pathlib.Path({str(tmp_path)!r}, 'pid').write_text(str(child.pid))\ntime.sleep(60)\n"
    )

    with pytest.raises(ChildFailed, match="no result in time"):
        async with asyncio.timeout(55):  # the child would sleep for a minute
            await run_child([str(script)], files={}, limit_s=5.0)

    pid = int((tmp_path / "pid").read_text())
    for _ in range(400):
        if not Path(f"/proc/{pid}/cmdline").exists() or not is_alive(pid):
            break
        await asyncio.sleep(0.05)
    assert not is_alive(pid)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hang.py", "pid"]


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


async def test_a_child_that_is_cancelled_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    script = tmp_path / "sleep.py"
    script.write_text("import time\ntime.sleep(60)\n")
    running = asyncio.create_task(run_child([str(script)], files={}, limit_s=30.0))
    while len(list(tmp_path.iterdir())) < 2:  # noqa: ASYNC110 - a folder sets no event
        await asyncio.sleep(0.01)

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(30):
            await running

    assert [path.name for path in tmp_path.iterdir()] == ["sleep.py"]


async def test_a_child_sees_nothing_of_the_environment_and_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", "secret")
    script = tmp_path / "look.py"
    script.write_text(
        "import os, resource\n"
        "print(sorted(os.environ), resource.getrlimit(resource.RLIMIT_AS)[0])\n"
        "print('x' * (20 << 20))\n"
    )

    ended = await run_child([str(script)], files={"a.txt": "a"}, limit_s=10.0)

    assert "SOME_API_KEY" not in ended.output
    assert f"'PATH'] {4096 << 20}" in ended.output.splitlines()[0]
    assert len(ended.output) <= 16 << 20
    assert ended.exit_code != 0
