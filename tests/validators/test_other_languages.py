"""JavaScript and shell scripts in answers: which fence, and why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.engine.judging import language_of
from sygra_eval.validators import candidate_of
from sygra_eval.validators.extract import extract_other
from sygra_eval.validators.javascript_tests import JavascriptTestsConfig
from sygra_eval.values import ValidatorSpec

ADD = "function add(a, b) {\n  return a + b;\n}\n"
HELPER = "const one = () => 1;\n"
USES = "const add = (a, b) => a + b * one();\n"


def fenced(code: str, tag: str = "js") -> str:
    return f"```{tag}\n{code}```\n"


@pytest.mark.parametrize(
    ("answer", "rule", "code"),
    [
        pytest.param(fenced(ADD), "1:single-fence", ADD, id="one fence"),
        pytest.param(fenced(ADD, "JavaScript"), "1:single-fence", ADD, id="JavaScript"),
        pytest.param(fenced(ADD, "node"), "1:single-fence", ADD, id="node"),
        pytest.param(fenced(ADD, ""), "1:single-fence", ADD, id="no tag"),
        pytest.param(
            fenced("const add = 1;\n") + "better:\n" + fenced(ADD), "2:last-fence", ADD, id="last"
        ),
        pytest.param(
            fenced(ADD) + fenced("console.log(add(1, 2)); // 3\n"), "2:last-fence", ADD, id="usage"
        ),
        pytest.param(
            fenced(ADD) + fenced("npm i\n", "bash") + fenced("def add(): ...\n", "python"),
            "1:single-fence",
            ADD,
            id="other languages",
        ),
        pytest.param(
            fenced(HELPER) + fenced(USES), "3:joined-fences", HELPER + "\n" + USES, id="helper"
        ),
        pytest.param(f"```js\n{ADD}", "5:unclosed-fence", ADD, id="unclosed"),
        pytest.param(ADD, "7:no-fence", ADD, id="nothing but code"),
        pytest.param(f"<think>{fenced('bad')}</think>{fenced(ADD)}", "1:single-fence", ADD, id="t"),
    ],
)
def test_the_javascript_of_an_answer(answer, rule, code):
    found = extract_other(answer, "javascript", "add")

    assert (found.rule, found.code) == (rule, code)


@pytest.mark.parametrize(
    "answer",
    [
        "I cannot.",
        fenced(ADD, "python"),
        "<think>" + fenced(ADD),
        fenced(ADD, "ts"),
        fenced("", "js"),
    ],
)
def test_no_javascript(answer):
    found = extract_other(answer, "javascript", "add")

    assert found.code is None
    assert found.rule.startswith("no_code: ")


@pytest.mark.parametrize(
    ("answer", "tag"),
    [
        (fenced("echo hi\n", "bash"), "bash"),
        (fenced("echo hi\n", "sh"), "sh"),
        (fenced("echo hi\n", "shell"), "shell"),
        (fenced("echo hi\n", ""), ""),
        ("#!/bin/sh\necho hi\n", ""),
    ],
)
def test_the_script_of_an_answer_with_the_tag_of_its_fence(answer, tag):
    found = extract_other(answer, "shell")

    assert found.code is not None
    assert found.code.endswith("echo hi\n")
    assert found.tag == tag


def test_a_transcript_is_no_script():
    assert extract_other(fenced("$ echo hi\nhi\n", "console"), "shell").code is None


@given(st.text(alphabet="`~\n jsbash{}()add=>;/*#!", max_size=80))
def test_any_answer_has_code_or_a_reason(answer):
    for language in ("javascript", "shell"):
        found = extract_other(answer, language, "add")
        assert (found.code is None) is found.rule.startswith("no_code: ")


def test_the_suites_validators_say_which_language_is_looked_for():
    config = JavascriptTestsConfig.model_validate({"from": "tests"})
    spec = ValidatorSpec(name="js", use="javascript_tests", is_required=True, config=config)
    answer = fenced("x = 1\n", "python") + fenced(ADD)

    in_javascript = candidate_of(answer, "add", language_of([spec]))
    in_python = candidate_of(answer, "add", language_of([]))

    assert (in_javascript.code, in_javascript.language) == (ADD, "javascript")
    assert (in_python.code, in_python.language) == ("x = 1\n", "python")
