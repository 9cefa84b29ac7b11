"""Tests are tried on programs that must not pass: what each probe finds, and what it spares."""

import dataclasses

import pytest

from sygra_eval.plugins import load_plugins
from sygra_eval.sandbox import start_sandbox
from sygra_eval.validators import Probed, UnitTestsConfig, probed
from sygra_eval.values import ExecutionStatus, Stage, ValidatorContext, ValidatorSpec

SETUP_FAILED = ExecutionStatus.SETUP_FAILED
STRONG = ["assert f(1) == 2", "assert f(5) == 6"]


class Counting:
    """A sandbox that counts what it runs, one program at a time."""

    def __init__(self, sandbox):
        self.sandbox, self.runs = sandbox, 0

    def describe(self):
        return self.sandbox.describe()

    async def run(self, execution):
        self.runs += 1
        return await self.sandbox.run(execution)


@pytest.fixture
async def sandbox(tmp_path):
    plugins = load_plugins(tmp_path, environ={"SYGRA_EVAL_DISABLE_PLUGIN_AUTOLOAD": "1"})
    providers = {name: entry.implementation for name, entry in plugins.of("sandboxes").items()}
    started = await start_sandbox(providers, require=None, isolation=None, slots=2)
    yield Counting(started)
    await started.close()


@pytest.fixture
def tried(sandbox):
    """Try the tests of a row with the entry point `f`."""

    async def start(visible, hidden=None, *, reference=None, entry_point="f", **keys) -> Probed:
        columns = {"visible": visible, "hidden": hidden, "entry_point": entry_point}
        source = {"visible": "visible"} | ({} if hidden is None else {"hidden": "hidden"})
        spec = ValidatorSpec(
            name="unit_tests",
            use="unit_tests",
            is_required=True,
            config=UnitTestsConfig.model_validate({"from": source, **keys}),
        )
        ctx = ValidatorContext(validator=spec, columns=columns, stage=Stage.FINAL, sandbox=sandbox)
        return await probed(ctx, (spec,), entry_point=entry_point, reference=reference)

    return start


@pytest.mark.parametrize(
    ("tests", "probe"),
    [
        (["assert f(1) is None"], "returns None"),
        (["f(1)"], "returns None"),
        (["assert f(3) == 3", "assert f(4) == 4"], "returns its first argument"),
        (["assert f(1) == 'no'", "assert f(2) == 'no'"], "a constant"),
        (["assert f(1)", "assert f(2)"], "a constant"),
        (["assert not f(1)"], "returns None"),
        (["assert abs(f(1) - 0.5) < 1e-6", "assert abs(f(2) - 0.5) < 1e-6"], "a constant"),
        (["def check(candidate):\n    assert candidate(2) == 2"], "returns its first argument"),
        (["try:\n    f(1)\nexcept Exception:\n    pass\n"], "an empty program"),
        (["try:\n    f(1)\nexcept SystemExit:\n    pass\nelse:\n    raise ValueError"], "exit(0)"),
    ],
)
async def test_tests_that_a_probe_passes_are_weak(tried, tests, probe):
    found = await tried(tests)

    assert f'"{probe}"' in found.weak


@pytest.mark.parametrize(
    "tests",
    [
        STRONG,
        ["def check(candidate):\n    assert candidate(1) == 2\n    assert candidate(5) == 6"],
        ["import fractions\n\nassert f(1) == 2\n\nassert f(5) == 6\n"],
        ["try:\n    f(-1)\n    raise AssertionError\nexcept ValueError:\n    pass", *STRONG],
        ["given = [2, 1]\nf(given)\nassert given == [1, 2]"],
    ],
)
async def test_tests_that_no_probe_passes_are_not(tried, tests):
    assert await tried(tests) == Probed()


async def test_a_table_of_the_visible_tests_passes_hidden_ones_that_repeat_them(tried):
    repeated = await tried(STRONG, STRONG[::-1])
    further = await tried(STRONG, ["assert f(7) == 8"])
    by_name = await tried(
        ["assert f(x=1, y=[2]) == 3", "assert f(x=2, y=[2]) == 4"], ["assert f(x=2, y=[2]) == 4"]
    )

    assert repeated.weak == by_name.weak
    assert repeated.weak == 'the probe "the visible tests as a look-up table" passes'
    assert further == Probed()


async def test_without_hidden_tests_a_table_is_no_sign_of_weakness(tried):
    assert await tried(STRONG) == Probed()


async def test_what_passes_only_the_visible_tests_passes_nothing(tried):
    assert await tried(["assert f(1) == 1"], ["assert f(5) == 6"]) == Probed()


DECEIVED = ["import fractions\n\nassert f(1) == fractions.Fraction(2)\n"]


async def test_an_object_that_equals_everything_deceives_tests_in_its_own_process(tried):
    assert "equals everything" in (await tried(DECEIVED)).weak
    assert await tried(["assert f(1) == 2", "assert f(2) == 3"]) == Probed()


async def test_a_suite_that_accepts_that_risk_is_not_told_of_it(tried):
    assert await tried(DECEIVED, accept_cooperative=True) == Probed()


async def test_the_reference_has_to_pass(tried):
    right = await tried(STRONG, reference="def f(x):\n    return x + 1\n")
    wrong = await tried(STRONG, reference="def f(x):\n    return 2 * x\n")
    broken = await tried(STRONG, reference="def f(x:")

    assert right == Probed()
    assert wrong.reference.startswith("visible test 2 of 2 failed: `f(5)` gave 10, expected 6")
    assert broken.reference.startswith("the code ")


async def test_probes_that_are_functions_share_one_execution(tried, sandbox):
    await tried(STRONG, ["assert f(7) == 8"], reference="def f(x):\n    return x + 1\n")

    assert sandbox.runs == 2  # the functions, the reference


async def test_tests_that_are_none_are_said_to_be(tried):
    unusable = await tried([1])
    absent = await tried([])

    assert "not a text" in unusable.unusable
    assert absent.weak == "the row has no visible tests in `visible`"


async def test_a_host_that_cannot_run_them_is_at_fault_and_not_the_tests(tried, sandbox):
    real = sandbox.sandbox

    class Broken:
        async def run(self, execution):
            ran = await real.run(dataclasses.replace(execution, files={}, entry="nothing.py"))
            return dataclasses.replace(ran, status=SETUP_FAILED, reason="no room")

    sandbox.sandbox = Broken()

    assert await tried(STRONG) == Probed(fault="no room")


async def test_helpers_that_the_tests_call_are_probed_too(tried):
    found = await tried(["assert g(1) == g(2)"], entry_point=None)

    assert '"returns None"' in found.weak
