import pytest
from hypothesis import given
from hypothesis import strategies as st

from sygra_eval.engine.critiques import is_ignored

CODE = "def add(first, second):\n    total = first - second\n    return total"
TOUCHES_LINE_2 = (
    "--- kept\n+++ revision\n@@ -1,3 +1,3 @@\n def add(first, second):\n"
    "-    total = first - second\n+    total = first + second\n     return total"
)
TOUCHES_LINE_3 = (
    "--- kept\n+++ revision\n@@ -1,3 +1,3 @@\n def add(first, second):\n"
    "     total = first - second\n-    return total\n+    return 0"
)


@pytest.mark.parametrize(
    ("critique", "diff", "expected"),
    [
        ("`first` has the wrong sign", TOUCHES_LINE_2, False),
        ("`first` has the wrong sign", TOUCHES_LINE_3, True),
        ("Line 2 is wrong.", TOUCHES_LINE_2, False),
        ("Line 2 is wrong.", TOUCHES_LINE_3, True),
        ("lines 2-3 are wrong", TOUCHES_LINE_3, False),
        ("> total = first - second\nis wrong", TOUCHES_LINE_2, False),
        ("`first` has the wrong sign", "", True),
        ("It is not good.", TOUCHES_LINE_2, None),
        ("line 99 is wrong", TOUCHES_LINE_2, None),
        ("return is misplaced", TOUCHES_LINE_2, None),
        ("`add` takes away, use +", TOUCHES_LINE_2, False),
        ("`add` takes away, use +", "@@ -1,3 +1,4 @@\n+# a note\n def add(first, second):", True),
        ("`add` takes away, use +", "", True),
    ],
)
def test_a_critique_is_ignored_when_the_diff_touches_nothing_that_it_names(
    critique, diff, expected
):
    assert is_ignored(critique, CODE, diff) is expected


TWO = f"{CODE}\n\nclass Other:\n    def size(self):\n        return 1\n\n    width = 3\n"


@pytest.mark.parametrize(
    ("critique", "line", "expected"),
    [
        ("`add` is wrong", 7, True),
        ("`size` is wrong", 7, False),
        ("`size` is wrong", 9, True),
        ("`size` is wrong", 2, True),
        ("`Other` is wrong", 7, False),
        ("`Other` is wrong", 9, False),
        ("`Other` is wrong", 3, True),
    ],
)
def test_what_is_changed_inside_of_a_function_that_is_named_was_heeded(critique, line, expected):
    removed = TWO.splitlines()[line - 1]

    assert is_ignored(critique, TWO, f"@@ -{line},1 +{line},0 @@\n-{removed}") is expected


@given(st.text(), st.text(), st.text())
def test_no_text_breaks_it(critique, code, diff):
    assert is_ignored(critique, code, diff) in (True, False, None)
