import ast
from pathlib import Path

PLUGIN = Path(__file__).parents[2] / "plugins" / "redact.py"


async def test_redact_masks_the_address_and_keeps_the_rest(run_node):
    assert await run_node("redact", question="ask a@ex.org why") == {"question": "ask <email> why"}


def test_the_example_is_a_plugin_in_at_most_ten_lines():
    tree = ast.parse(PLUGIN.read_text())
    docstring = tree.body[0]

    code = {
        line
        for node in ast.walk(tree)
        if hasattr(node, "lineno") and node not in ast.walk(docstring)
        for line in range(node.lineno, node.end_lineno + 1)
        if PLUGIN.read_text().splitlines()[line - 1].strip()
    }

    assert len(code) <= 10
