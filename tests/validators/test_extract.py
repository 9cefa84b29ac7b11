import ast
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.validators import candidate_of, extract

F = "def f(x):\n    return x\n"
HELPER = "def g(x):\n    return x\n"
USES = "def f(x):\n    return g(x)\n"


def fenced(code: str, tag: str = "python", marks: str = "```") -> str:
    return f"{marks}{tag}\n{code}{marks}\n"


@pytest.mark.parametrize(
    ("answer", "rule", "code"),
    [
        pytest.param(f"Sure:\n{fenced(F)}Done.", "1:single-fence", F, id="1 one fence"),
        pytest.param(fenced(F, "py"), "1:single-fence", F, id="1 py"),
        pytest.param(fenced(F, "Python3"), "1:single-fence", F, id="1 Python3"),
        pytest.param(fenced(F, ""), "1:single-fence", F, id="1 no tag"),
        pytest.param(fenced(F, '{.python title="a.py"}'), "1:single-fence", F, id="1 attributes"),
        pytest.param(
            fenced("def f(x): return 0\n") + "better:\n" + fenced(F), "2:last-fence", F, id="2 last"
        ),
        pytest.param(
            fenced("pip install x\n", "bash") + fenced(F) + fenced("3\n", "text"),
            "2:last-fence",
            F,
            id="2 other languages",
        ),
        pytest.param(
            fenced(F) + fenced("assert f(1) == 1\nprint(f(2))\n"), "2:last-fence", F, id="2 usage"
        ),
        pytest.param(fenced(F) + fenced("def f(:\n"), "2:last-fence", F, id="2 broken last"),
        pytest.param(
            fenced(HELPER) + "and\n" + fenced(USES),
            "3:joined-fences",
            f"{HELPER}\n\n{USES}",
            id="3 helper first",
        ),
        pytest.param(fenced(F, "js"), "4:wrong-tag", F, id="4 js"),
        pytest.param(fenced(F, "plaintext"), "4:wrong-tag", F, id="4 plaintext"),
        pytest.param(f"```python\n{F}", "5:unclosed-fence", F, id="5 whole"),
        pytest.param(
            f"```python\n{F}\ndef main(:\n  prin", "5:unclosed-fence", F, id="5 cut in another"
        ),
        pytest.param(fenced(F, marks="~~~"), "1:single-fence", F, id="6 tildes"),
        pytest.param(fenced(F, marks="````"), "1:single-fence", F, id="6 four marks"),
        pytest.param(
            "- so:\n  ```python\n  def f(x):\n      return x\n  ```\n",
            "1:single-fence",
            F,
            id="6 list",
        ),
        pytest.param(
            "> ```python\n> def f(x):\n>     return x\n> ```\n", "1:single-fence", F, id="6 quote"
        ),
        pytest.param(fenced(F).replace("\n", "\r\n"), "1:single-fence", F, id="6 CRLF"),
        pytest.param("\ufeff" + F, "7:no-fence", F, id="6 BOM"),
        pytest.param(
            fenced("def f(x):\n\u00a0\u00a0\u00a0\u00a0return \u201cx\u201d\n"),
            "1:single-fence",
            'def f(x):\n    return "x"\n',
            id="6 smart quotes and spaces",
        ),
        pytest.param(
            fenced("def f(x):\n    return '\u201cx\u201d'\n"),
            "1:single-fence",
            "def f(x):\n    return '\u201cx\u201d'\n",
            id="6 smart quotes in a string stay",
        ),
        pytest.param(F, "7:no-fence", F, id="7 nothing else"),
        pytest.param(f"Here's the code:\n{F}\nI hope it's fine.", "7:no-fence", F, id="7 prose"),
        pytest.param(
            fenced(">>> def f(x):\n...     return x\n... \n>>> f(1)\n1\n"),
            "1:single-fence",
            "def f(x):\n    return x\n\nf(1)\n",
            id="10 a transcript",
        ),
        pytest.param(
            json.dumps({"reason": "so", "code": F}), "7:no-fence", F, id="14 JSON"
        ),
        pytest.param(f"<code>\n{fenced(F)}</code>", "1:single-fence", F, id="14 XML"),
        pytest.param(
            f"<think>\n{fenced('def f(x): return 0')}</think>\n{fenced(F)}",
            "1:single-fence",
            F,
            id="11 reasoning is dropped",
        ),
        pytest.param(
            fenced('def f(x):\n    """Like\n    ```\n    f(1)\n    ```\n    """\n'),
            "1:single-fence",
            'def f(x):\n    """Like\n    ```\n    f(1)\n    ```\n    """\n',
            id="12 marks in a docstring",
        ),
        pytest.param(
            fenced('TEXT = """\n```\n"""\ndef f(x): return TEXT\n'),
            "1:single-fence",
            'TEXT = """\n```\n"""\ndef f(x): return TEXT\n',
            id="12 marks in a string at the margin",
        ),
        pytest.param(
            fenced(f"{F}\nif __name__ == '__main__':\n    print(f(1))\n"),
            "1:single-fence",
            f"{F}\nif __name__ == '__main__':\n    print(f(1))\n",
            id="13 a main guard is kept",
        ),
    ],
)  # fmt: skip
def test_the_code_is_found_by_its_rule(answer, rule, code):
    found = extract(answer, "f")

    assert (found.rule, found.code) == (rule, code)


@pytest.mark.parametrize(
    ("answer", "rule"),
    [
        ("I cannot do that.", "no_code: no Python code in the answer (rule 15)"),
        ("", "no_code: no Python code in the answer (rule 15)"),
        ("```python\n```", "no_code: no Python code in the answer (rule 15)"),
        (f"<think>\n{fenced(F)}", "no_code: unclosed reasoning (rule 11)"),
        ("```python\ndef f(x):\n    return (", "no_code: truncated (rule 5)"),
        (fenced("SELECT 1;\n", "sql"), "no_code: no Python code in the answer (rule 15)"),
        ("x = 1\n" * 20_000, "no_code: longer than 64 KiB"),
    ],
)
def test_without_code_the_rule_says_why(answer, rule):
    found = extract(answer, "f")

    assert (found.code, found.rule) == (None, rule)


def test_a_body_is_joined_to_the_prompts_signature():
    stub = 'def f(x):\n    """Give x."""\n'

    found = extract("```python\nreturn x\n```", "f", stub)
    alone = extract("    return x", "f", stub)

    assert (alone.rule, alone.code) == ("8:body-of-the-stub", f"{stub}    return x\n")
    assert found.rule == "8:body-of-the-stub"


def test_broken_code_in_a_fence_is_kept_as_evidence_with_a_warning():
    found = extract(fenced("def f(x)\n    return x\n"), "f")

    assert found.rule == "1:single-fence"
    assert found.warnings == ("it does not parse",)


def test_a_missing_entry_point_is_a_warning_and_nothing_is_renamed():
    found = extract(fenced(HELPER), "f")

    assert (found.code, found.warnings) == (HELPER, ("`f` is not defined at the top level",))


def test_a_candidate_carries_text_code_and_rule():
    candidate = candidate_of(fenced(F), "f")

    assert (candidate.text, candidate.code, candidate.extraction, candidate.entry_point) == (
        fenced(F),
        F,
        "1:single-fence",
        "f",
    )


PIECES = st.sampled_from(
    ["```", "~~~~", "python", "js", "\n", "    ", F, USES, "def f(", '"""', "<think>", "</think>",
     "> ", "- ", "\r\n", "\u201c", "\x00", "@d\n", "return", ">>> f(1)", "prose, it's"]
)  # fmt: skip
ANSWERS = st.one_of(st.text(), st.lists(PIECES | st.text(max_size=5)).map("".join))


@given(ANSWERS, st.none() | st.just("f"))
def test_whatever_is_answered_code_parses_or_says_that_it_does_not(answer, entry_point):
    found = extract(answer, entry_point)

    if found.code is None:
        assert found.rule.startswith("no_code: ")
    elif "it does not parse" not in found.warnings:
        ast.parse(found.code)
        assert found.code.endswith("\n")


@pytest.mark.parametrize(
    "hostile",
    [
        "(" * 60_000,
        "```\n" + "(" * 60_000,
        "def f(:\n" * 8000,
        "import x\n(" * 6000,
        "-" * 60_000 + "1",
        "x = " + "1+" * 30_000 + "1",
        "```\n" * 16_000,
        "> " * 30_000,
        "<think>" * 9000,
        "@a\n" * 20_000,
        ">>> x\n" * 10_000,
        '{"a":' * 10_000 + "}",
        "\ud800def f(): pass",
    ],
    ids=lambda text: repr(text[:8]),
)
def test_hostile_answers_cost_no_more_than_a_moment(hostile):
    began = time.process_time()

    extract(hostile, "f")

    assert time.process_time() - began < 5
