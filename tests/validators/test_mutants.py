import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sygra_eval.validators.mutants import LONGEST_PROGRAM, mutants_of

CLIP = """import math

LIMIT = 10

def clip(values, low):
    \"\"\"Keep what is between low and LIMIT.\"\"\"
    kept = []
    for at in range(len(values)):
        if values[at] < low or values[at] > LIMIT:
            continue
        kept.append(values[at] * 2)
    print("clipped")
    return kept[:len(values)]

def unused(x):
    return x + 41

if __name__ == "__main__":
    print(clip([1], 7))
"""


def changes(program, entry_point=None):
    return {mutant.diff for mutant in mutants_of(program, 200, 0, entry_point)}


@pytest.mark.parametrize(
    ("body", "change"),
    [
        ("return x < 1", "- return x < 1 + return x <= 1"),
        ("return x in y", "- return x in y + return x not in y"),
        ("return x == y", "- return x == y + return x != y"),
        ("return x + y", "- return x + y + return x - y"),
        ("x //= y", "- x //= y + x /= y"),
        ("return x and y", "- return x and y + return x or y"),
        ("return x[3]", "- return x[3] + return x[4]"),
        ("return x[3]", "- return x[3] + return x[2]"),
        ("return x[-1]", "- return x[-1] + return x[-2]"),
        ("return True", "- return True + return False"),
        ("return x[:y]", "- return x[:y] + return x[:y + 1]"),
        ("return range(y)", "- return range(y) + return range(y - 1)"),
        ("return range(x, y)", "- return range(x, y) + return range(x, y - 1)"),
        ("return max(x)", "- return max(x) + return min(x)"),
        ("return x", "- return x + return None"),
        ("x.append(y)", "- x.append(y) + pass"),
        ("x[0] = y", "- x[0] = y + pass"),
        ("raise x", "- raise x + pass"),
        ("while x: break", "- break + pass"),
        ("while x: break", "- while x: + while not x:"),
        ("if x: return y", "- if x: + if not x:"),
        ("if x: return y", "- if x: + pass"),
        (
            "return [i for i in x if i]",
            "- return [i for i in x if i] + return [i for i in x if not i]",
        ),
        ("return x if y else 0", "- return x if y else 0 + return x if not y else 0"),
    ],
)
def test_a_small_fault_is_put_into_one_line(body, change):
    assert change in changes(f"def f(x, y):\n    {body}\n")


@pytest.mark.parametrize(
    "program",
    [
        "",
        "def f(:",
        "x = 'text'",
        "import os",
        'def f(x: int = None) -> "list[3]":\n    """Give 3."""\n    print(3 + 4)\n',
        "@cache(3)\ndef f(x): ...",
        "if __name__ == '__main__':\n    f(3)",
        "print(1 + 2)",
        "def f(x):\n    y = x\n    return None",
        "def f():\n    return 1\n" + "#" * LONGEST_PROGRAM,
        "def f(): return " + "(" * 90 + "x" + ")" * 90 if False else "\0",
    ],
)
def test_where_there_is_nothing_to_change_there_are_no_mutants(program):
    assert mutants_of(program, 12, 0) == ()


def test_only_what_the_entry_point_comes_to_is_changed():
    told = mutants_of(CLIP, 200, 0, "clip")

    assert {mutant.line for mutant in told} == {3, 8, 9, 10, 11, 13}
    assert any(mutant.line == 16 for mutant in mutants_of(CLIP, 200, 0))
    assert any(mutant.line == 16 for mutant in mutants_of(CLIP, 200, 0, "no_such_function"))


def test_a_mutant_names_its_line_and_what_was_changed():
    told = [mutant.told for mutant in mutants_of(CLIP, 200, 0, "clip")]

    assert "line 3 (constant): - LIMIT = 10 + LIMIT = 11" in told
    assert "line 10 (removed): - continue + pass" in told


def test_few_mutants_are_spread_over_the_operators():
    operators = {mutant.operator for mutant in mutants_of(CLIP, 200, 0, "clip")}

    few = [mutant.operator for mutant in mutants_of(CLIP, len(operators), 0, "clip")]

    assert sorted(few) == sorted(operators)


def test_the_same_seed_gives_the_same_mutants_and_another_gives_others():
    assert mutants_of(CLIP, 5, 7) == mutants_of(CLIP, 5, 7)
    assert any(mutants_of(CLIP, 5, 7) != mutants_of(CLIP, 5, seed) for seed in range(5))


def test_every_mutant_is_another_program_that_parses():
    mutants = mutants_of(CLIP, 200, 0)

    assert len({mutant.code for mutant in mutants}) == len(mutants) > 10
    assert all(ast.dump(ast.parse(mutant.code)) != ast.dump(ast.parse(CLIP)) for mutant in mutants)


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=200), st.integers(1, 20))
def test_any_text_gives_at_most_so_many(program, most):
    assert len(mutants_of(program, most, 0, "f")) <= most


def test_a_program_that_is_nested_deeply_does_not_break_the_asker():
    assert mutants_of("def f(x): return " + "-" * 4_000 + "x", 12, 0) == ()
