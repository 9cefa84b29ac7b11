"""`time_growth`: linear is told from quadratic, by CPU time and with a wide margin."""

from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sygra_eval.validators.time_growth import slope_of, time_growth
from sygra_eval.validators.time_growth_config import CLAIMS, TimeGrowthConfig, claimed
from sygra_eval.values import (
    Candidate,
    Limits,
    Scope,
    Stage,
    Status,
    ValidatorContext,
    ValidatorSpec,
    Verdict,
)

LOOP = "def f(xs):\n    total = 0\n    for x in xs:\n        total += x\n    return total\n"
QUADRATIC = "def f(xs):\n    return sum(x in xs for x in xs)\n"
SIZES = [100, 200, 400, 800]


@pytest.fixture
def measure(sandbox) -> Callable[..., Awaitable[Verdict]]:
    """Judges code by `time_growth`; the keys by keyword, the row's columns in `row`."""

    async def judge(
        code: str | None,
        *,
        stage: Stage = Stage.FINAL,
        row: dict[str, object] | None = None,
        **keys: object,
    ) -> Verdict:
        keys = {"claim": "n", "input": "list(range(n))", "sizes": SIZES, **keys}
        spec = ValidatorSpec(
            name="time_growth",
            use="time_growth",
            is_required=True,
            config=TimeGrowthConfig.model_validate(keys),
        )
        context = ValidatorContext(
            validator=spec,
            columns=row or {},
            stage=stage,
            sandbox=sandbox,
            limits=Limits(wall_s=20, cpu_s=10, memory_mb=256),
        )
        candidate = Candidate(text="", code=code, extraction="no_code: none", entry_point="f")
        return await time_growth(candidate, context)

    return judge


async def test_what_grows_as_claimed_passes(measure):
    verdict = await measure(LOOP)

    assert (verdict.status, verdict.score) == (Status.PASS, 1.0)
    assert verdict.reason == "grows no faster than `n` from n = 100 to 800"
    assert verdict.evidence.tests == {}


async def test_what_grows_with_the_square_fails_a_linear_claim(measure):
    verdict = await measure(QUADRATIC, claim="claim", row={"claim": "O(n)"})

    assert (verdict.status, verdict.score) == (Status.FAIL, 0.0)
    assert verdict.reason == "grows about as `n^2` from n = 100 to 800, `n` is claimed"
    failing = verdict.evidence.failing
    assert (failing.input, failing.expected) == ("f(list(range(n))) with n = 800", "n")


async def test_a_loop_over_the_input_is_told_from_a_claim_of_log_n(measure):
    verdict = await measure(LOOP, claim="log n", sizes=[100, 300, 900])

    assert verdict.status is Status.FAIL, verdict.reason
    assert "`log n` is claimed" in verdict.reason


async def test_an_input_may_be_drawn_and_have_several_arguments(measure, sandbox):
    verdict = await measure(
        "def f(xs, k, text):\n    return k if len(xs) != k else xs[0] / len(text)",
        claim="1",
        input=["lists(integers(1, 9), min_size=n, max_size=n)", "n", "'a' * (n // 2)"],
        sizes=[10, 20, 80],
    )

    assert verdict.status is Status.PASS, verdict.reason
    assert sandbox.asked


@pytest.mark.parametrize(
    ("code", "keys", "status", "told"),
    [
        (LOOP, {"stage": Stage.LOOP}, Status.SKIP, "it runs on the kept candidate"),
        (LOOP, {"claim": "c"}, Status.SKIP, "the row has no claim in `c`"),
        (LOOP, {"claim": "c", "row": {"c": "fast"}}, Status.ERROR, "known claims are `1`, `log n`"),
        (LOOP, {"input": "open('x')"}, Status.ERROR, "`input` makes nothing of n = 100"),
        (LOOP, {"input": "[0] * 9 ** 9"}, Status.ERROR, "a repetition that is too long"),
        (LOOP, {"input": "m"}, Status.ERROR, "the name `m`"),
        (LOOP, {"input": "lists(integrs())"}, Status.ERROR, "write `integers`"),
        (None, {}, Status.FAIL, "no_code"),
        ("1/0", {}, Status.FAIL, "did not return: ZeroDivisionError"),
        ("def f(xs):\n    return xs['a']", {}, Status.FAIL, "with n = 100`: raised TypeError"),
        ("import os\ndef f(xs):\n    os._exit(0)", {}, Status.FAIL, "did not return"),
    ],
)
async def test_what_cannot_be_measured_is_told(measure, code, keys, status, told):
    verdict = await measure(code, **keys)

    assert verdict.status is status
    assert told in verdict.reason


async def test_an_answer_that_does_not_end_fails_with_its_size(measure):
    verdict = await measure(
        "def f(xs):\n    while len(xs) > 20: pass", sizes=[10, 20, 80], timeout=0.05
    )

    assert verdict.status is Status.FAIL
    assert "with n = 80`: did not return: still running" in verdict.reason


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("n", "n"), ("O(n)", "n"), ("O(1)", "1"), ("n log n", "n log n"), ("O(n log n)", "n log n"),
        ("n * log(n)", "n log n"), ("O(n*log(n))", "n log n"), ("n**2", "n^2"), ("O(n²)", "n^2"),
        ("O(log n)", "log n"), ("O(log(n))", "log n"), ("n!", None), ("", None), ("2^n", None),
    ],
)  # fmt: skip
def test_a_claim_may_be_written_as_people_do(text, claim):
    assert claimed(text) == claim


@given(st.sampled_from(sorted(CLAIMS)), st.floats(1e-6, 1e3))
def test_the_fitted_exponent_does_not_depend_on_the_speed_of_the_machine(claim, speed):
    sizes = [250, 500, 1000, 2000]
    allowed = [CLAIMS[claim](size) for size in sizes]

    fitted = slope_of(sizes, [speed * value for value in allowed])

    assert fitted == pytest.approx(slope_of(sizes, allowed), abs=1e-6)
    assert slope_of(sizes, [size**2 for size in sizes]) == pytest.approx(2)


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"sizes": [1, 2]}, "at least 3 sizes"),
        ({"sizes": [1, 4, 2, 9]}, "from the smallest to the largest"),
        ({"sizes": [100, 200, 400]}, "at least 8 times"),
        ({"sizes": [1, 8, 10**7]}, "less than or equal to 100000"),
        ({"margin": 0.1}, "greater than or equal to 0.3"),
    ],
)
def test_what_could_tell_nothing_apart_is_refused(keys, told):
    with pytest.raises(ValidationError) as error:
        TimeGrowthConfig.model_validate({"claim": "n", "input": "n", **keys})

    assert told in str(error.value)


def test_a_claim_that_is_no_column_is_a_problem():
    config = TimeGrowthConfig.model_validate({"claim": "clam", "input": "n"})

    problems = list(config.problems(Scope(variables=frozenset({"claim"}))))

    assert [(one.code, one.fix) for one in problems] == [("unknown-column", "write `claim`")]
