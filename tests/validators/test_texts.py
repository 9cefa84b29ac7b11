"""`exact`, `regex`, `length`, `language`: what the answer's text says."""

import time

import pytest
from pydantic import ValidationError

from sygra_eval.validators.language import LONGEST_PROSE
from sygra_eval.values import ExecutionResult, ExecutionStatus, Scope, Severity, Stage, Status

HUGE = "lorem ipsum " * 870_000  # ten megabytes
HOSTILE = [
    pytest.param(HUGE, id="10 MB"),
    pytest.param("\x00\x1b[31m\r\u202e\x9b\u2028" * 50, id="control characters"),
    pytest.param("a\ud800b\udfff", id="lone surrogates"),
    pytest.param("```" * 40_000, id="fence marks"),
    pytest.param("```\n~~~\n" * 40_000, id="fences in fences"),
    pytest.param("`" * 200_000, id="backticks"),
    pytest.param("", id="nothing"),
]
CONFIGS = {
    "exact": {"to": {"value": "a\ud800b"}},
    "regex": {"pattern": "lorem$"},
    "length": {"max": 5},
    "language": {"is": "en"},
    "json_schema": {"schema": {"type": "object"}},
}


# exact


async def test_exact_passes_what_equals_the_column(judge_answer):
    verdict = await judge_answer("exact", " 42\n", config={"to": "result"}, result="42")

    assert (verdict.status, verdict.score, verdict.reason) == ("pass", 1.0, "equals `result`")


@pytest.mark.parametrize(
    ("keys", "answer", "status"),
    [
        ({}, "Yes", "fail"),
        ({"ignore_case": True}, "YES", "pass"),
        ({"strip": False}, "yes\n", "fail"),
        ({}, "\n yes \t", "pass"),
    ],
)
async def test_exact_compares_as_its_options_say(judge_answer, keys, answer, status):
    config = {"to": {"value": "yes"}, **keys}

    assert (await judge_answer("exact", answer, config=config)).status == status


async def test_exact_shows_where_texts_part(judge_answer):
    verdict = await judge_answer("exact", "The 4nswer", config={"to": "a"}, a="The answer")

    assert verdict.reason == "is not `a`: character 5 is the first that differs"
    assert (verdict.evidence.failing.expected, verdict.evidence.failing.got) == (
        "The answer",
        "The 4nswer",
    )


async def test_exact_keeps_the_expected_text_from_a_critic(judge_answer):
    verdict = await judge_answer(
        "exact", "a guess", config={"to": "a"}, stage=Stage.LOOP, a="secret"
    )

    assert verdict.status is Status.FAIL
    assert "secret" not in repr(verdict)


async def test_exact_skips_a_row_without_the_text_and_errs_on_another_type(judge_answer):
    nothing = await judge_answer("exact", "42", config={"to": "result"})
    number = await judge_answer("exact", "42", config={"to": "result"}, result=42)

    assert (nothing.status, nothing.reason) == ("skip", "the row has nothing in `result`")
    assert (number.status, number.reason) == ("error", "column `result` holds int, not a text")


# regex


@pytest.mark.parametrize(
    ("keys", "answer", "status", "reason"),
    [
        ({}, "call 555-1234 now", "pass", "matches `\\d{3}-\\d{4}`"),
        ({}, "no number", "fail", "does not match `\\d{3}-\\d{4}`"),
        ({"full": True}, "555-1234", "pass", "matches `\\d{3}-\\d{4}` as a whole"),
        ({"full": True}, "555-1234.", "fail", "does not match `\\d{3}-\\d{4}` as a whole"),
        ({"must": "not_match"}, "none", "pass", "does not match `\\d{3}-\\d{4}`, as it must not"),
        (
            {"must": "not_match"},
            "at 555-1234",
            "fail",
            "matches `\\d{3}-\\d{4}` at character 4, which it must not",
        ),
    ],
)
async def test_regex_says_whether_the_answer_matches(
    judge_in_sandbox, keys, answer, status, reason
):
    verdict = await judge_in_sandbox("regex", answer, config={"pattern": r"\d{3}-\d{4}", **keys})

    assert (verdict.status, verdict.reason) == (status, reason)
    assert verdict.evidence.isolation.startswith("reduced(")


async def test_a_pattern_that_explodes_is_an_error_in_bounded_time(judge_in_sandbox):
    began = time.monotonic()

    verdict = await judge_in_sandbox("regex", "a" * 60 + "!", config={"pattern": "(a+)+$"})

    assert (verdict.status, verdict.score) == ("error", None)
    assert verdict.reason.startswith("the pattern took too long on this answer")
    assert time.monotonic() - began < 30


async def test_a_sandbox_that_fails_is_an_error(judge_in_sandbox, sandbox):
    failed = ExecutionResult(
        status=ExecutionStatus.SETUP_FAILED,
        reason="no memory",
        exit_code=None,
        stdout="",
        stderr="",
        isolation="reduced",
        cpu_ms=0.0,
        wall_ms=0.0,
    )
    sandbox.failures = [failed] * 4

    verdicts = [
        await judge_in_sandbox("regex", "a", config={"pattern": "a"}),
        await judge_in_sandbox("doctest", "x = 1\n"),
    ]

    assert [(v.status, v.reason) for v in verdicts] == [("error", "no memory")] * 2


async def test_regex_through_the_fixture_that_plugins_are_tested_with(run_validator):
    verdict = await run_validator("regex", "hello", config={"pattern": "^h"})

    assert verdict.status == "pass"


# length


@pytest.mark.parametrize(
    ("unit", "answer", "told"),
    [
        ("characters", "né\n", "3 characters"),
        ("words", "one\ttwo\n three ", "3 words"),
        ("words", "one", "1 word"),
        ("lines", "", "0 lines"),
        ("lines", "a\n\nb", "3 lines"),
        ("lines", "a\r\nb\r\n", "2 lines"),
        ("tokens", "12345", "about 2 tokens (characters / 4)"),
    ],
)
async def test_length_counts_in_units(judge_answer, unit, answer, told):
    verdict = await judge_answer("length", answer, config={"min": 0, "unit": unit})

    assert (verdict.status, verdict.reason) == ("pass", told)


@pytest.mark.parametrize(
    ("config", "status", "reason"),
    [
        ({"min": 3}, "pass", "3 characters"),
        ({"max": 3}, "pass", "3 characters"),
        ({"min": 4}, "fail", "too short: 3 characters, at least 4 asked for"),
        ({"max": 2}, "fail", "too long: 3 characters, at most 2 allowed"),
    ],
)
async def test_length_bounds_are_inclusive(judge_answer, config, status, reason):
    verdict = await judge_answer("length", "abc", config=config)

    assert (verdict.status, verdict.reason) == (status, reason)


# language


PROSE = {
    "en": "The function walks over the list and keeps what it has seen, so that a word which "
    "comes again is not counted twice.",
    "de": "Die Funktion geht über die Liste und merkt sich, was sie schon gesehen hat, damit ein "
    "Wort nicht zweimal gezählt wird.",
    "fr": "La fonction parcourt la liste et garde ce qu\u2019elle a déjà vu, pour que le même mot "
    "ne soit pas compté deux fois dans le résultat.",
    "es": "La función recorre la lista y guarda lo que ya ha visto, para que una palabra no se "
    "cuente dos veces en el resultado.",
    "it": "La funzione scorre la lista e ricorda quello che ha già visto, così che una parola non "
    "viene contata due volte nel risultato.",
    "pt": "A função percorre a lista e guarda o que já viu, para que uma palavra não seja contada "
    "duas vezes no resultado.",
    "nl": "De functie loopt door de lijst en onthoudt wat zij al heeft gezien, zodat een woord "
    "niet twee keer wordt geteld.",
}


@pytest.mark.parametrize("language", PROSE)
async def test_each_language_is_told_from_the_others(judge_answer, language):
    verdicts = {
        told: await judge_answer("language", prose, config={"is": language})
        for told, prose in PROSE.items()
    }

    assert {told for told, verdict in verdicts.items() if verdict.status == "pass"} == {language}
    assert {verdict.status for verdict in verdicts.values()} == {"pass", "fail"}


async def test_the_words_of_code_do_not_count(judge_answer):
    code = "# the and of to in is that it for was on are with as be at this\nx = 1\n" * 9
    answers = [
        f"{PROSE['de']}\n```python\n{code}```\n",
        f"{PROSE['de']}\n\n~~~\n{code}",
        f"{PROSE['de']} `the and of to in is that it for was on are with as be at this`",
    ]

    verdicts = [await judge_answer("language", answer, config={"is": "de"}) for answer in answers]

    assert [verdict.status for verdict in verdicts] == ["pass"] * 3, verdicts


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("It is so.", "skip"),
        ("```python\ndef f(): return 1\n```", "skip"),
        ("def f(the, of):\n    return the and of\n", "skip"),
        ("Alpha beta gamma delta epsilon zeta eta.", "skip"),
        ("这个函数遍历列表并且记住已经看到的词", "fail"),
        ("Функция проходит по списку и помнит слова", "fail"),
    ],
)
async def test_language_skips_what_it_cannot_tell(judge_answer, answer, status):
    assert (await judge_answer("language", answer, config={"is": "en"})).status == status


async def test_language_looks_at_the_beginning_of_a_long_text(judge_answer):
    answer = PROSE["en"] * (LONGEST_PROSE // 50) + PROSE["de"] * 9_000

    assert (await judge_answer("language", answer, config={"is": "en"})).status == "pass"


# all of them


@pytest.mark.parametrize("answer", HOSTILE)
@pytest.mark.parametrize("name", CONFIGS)
async def test_a_hostile_text_gets_the_same_clean_verdict_twice(judge_in_sandbox, name, answer):
    first, second = [await judge_in_sandbox(name, answer, config=CONFIGS[name]) for _ in range(2)]

    assert first.status in {"pass", "fail", "skip"}
    assert repr(first) == repr(second)
    case = first.evidence.failing if first.evidence else None
    told = first.reason + (f"{case.got}{case.expected}{case.test}" if case else "")
    assert len(told) < 2000
    assert not any(c < " " or "\x7f" <= c <= "\x9f" for c in told)
    told.encode()


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("exact", {}),
        ("exact", {"to": {"valu": "x"}}),
        ("exact", {"to": "a", "stripped": True}),
        ("regex", {"pattern": "("}),
        ("regex", {"pattern": "a", "must": "maybe"}),
        ("regex", {"pattern": "a" * 10_001}),
        ("length", {}),
        ("length", {"min": 3, "max": 2}),
        ("length", {"min": -1}),
        ("length", {"min": 1, "unit": "bytes"}),
        ("language", {"is": "tlh"}),
        ("language", {}),
        ("json_schema", {}),
        ("json_schema", {"schema": {}, "column": "a"}),
        ("json_schema", {"schema": {"type": "objekt"}}),
        ("doctest", {"timeout": 0}),
        ("doctest", {"from": "tests"}),
        ("lint", {"select": []}),
        ("lint", {"select": ["--fix"]}),
        ("lint", {"timeout": 0}),
        ("types", {"strikt": True}),
        ("security", {"severity": "grave"}),
        ("security", {"skip": ["101"]}),
    ],
)
def test_keys_that_mean_nothing_are_refused(built_in, name, keys):
    with pytest.raises(ValidationError):
        built_in.find("validators", name).config.model_validate(keys)


@pytest.mark.parametrize(
    ("name", "keys", "at"),
    [("exact", {"to": "anser"}, ("to",)), ("json_schema", {"column": "anser"}, ("column",))],
)
def test_a_column_that_nobody_provides_is_a_problem_at_its_place(built_in, name, keys, at):
    config = built_in.find("validators", name).config.model_validate(keys)

    (problem,) = config.problems(Scope(variables=frozenset({"answer"})))

    assert (problem.code, problem.at, problem.fix) == ("unknown-column", at, "write `answer`")
    assert problem.severity is Severity.ERROR
    assert not list(config.problems(Scope(variables=frozenset({"anser"}))))
