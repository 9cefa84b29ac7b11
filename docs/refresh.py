"""Writes what pages quote from the code anew: `python -m docs.refresh`.

Below its mark a page is generated; above it people write. `tests/docs` compares the two.
"""

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

from click.testing import CliRunner

from sygra_eval.cli import VERBS, commands
from sygra_eval.hookspecs import Hooks

FOLDER = Path(__file__).parent
WIDTH = 78  # what click takes of a terminal of 80 columns
MARK = "<!-- Written by `python -m docs.refresh`: change the code, not what stands below. -->\n"


def cli_section() -> str:
    """Return the help of the command and of every verb, as it is printed."""
    pages = {"sygra-eval": ["--help"]}
    pages |= {f"sygra-eval {verb}": [verb, "--help"] for verb in VERBS}
    pages["sygra-eval sandbox run"] = ["sandbox", "run", "--help"]
    return "".join(
        f"\n## `{title}`\n\n```text\n{_help(asked)}```\n" for title, asked in pages.items()
    )


def hooks_section() -> str:
    """Return every hook with its signature, its kind and its docstring."""
    return "".join(
        f"\n{_hook(name, spec)}\n"
        for name, spec in vars(Hooks).items()
        if name.startswith("sygra_")
    )


SECTIONS: dict[str, Callable[[], str]] = {"cli.md": cli_section, "hooks.md": hooks_section}


def refreshed(page: str, section: str) -> str:
    """Return the page with its generated part replaced."""
    return page.partition(MARK)[0] + MARK + section


def _help(arguments: list[str]) -> str:
    return (
        CliRunner().invoke(commands, arguments, prog_name="sygra-eval", terminal_width=WIDTH).output
    )


def _hook(name: str, spec: Callable[..., object]) -> str:
    (definition,) = ast.parse(dedent(inspect.getsource(spec))).body
    assert isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef)  # noqa: S101
    names = [argument.arg for argument in definition.args.args[1:]]
    typed = [
        f"{a.arg}: {ast.unparse(a.annotation)}" for a in definition.args.args[1:] if a.annotation
    ]
    returned = ast.unparse(definition.returns) if definition.returns else "None"
    is_async = isinstance(definition, ast.AsyncFunctionDef)
    signature = f"{'async ' * is_async}def {name}({', '.join(typed)}) -> {returned}"
    kind = _kind(
        name,
        is_async=is_async,
        is_first="firstresult=True" in ast.unparse(definition.decorator_list[0]),
    )
    text = "\n".join(_paragraphs(inspect.getdoc(spec) or ""))
    return f"## `{name}({', '.join(names)})`\n\n```text\n{signature}\n```\n\n{kind}\n\n{text}"


def _kind(name: str, *, is_async: bool, is_first: bool) -> str:
    if name.startswith("sygra_register_"):
        return "*Every implementation is called, in the order of registration.*"
    if is_first:
        how = "; an implementation may be `async def`" if is_async else ""
        return f"*The first answer that is not None is taken{how}.*"
    if name == "sygra_wrap_node":
        return "*Every implementation is called; all answers that are not None are used.*"
    return "*Every implementation is called; what it returns is ignored.*"


def _paragraphs(docstring: str) -> Iterator[str]:
    """Turn `:param x:` and `:returns:` into a list; the rest stands as it is."""
    for line in docstring.splitlines():
        line = re.sub(r"^:param (\w+): ", r"- `\1`: ", line)
        line = re.sub(r"^:returns: ", "- Returns: ", line)
        yield re.sub(r"^ {4,}", "  ", line)


def main() -> None:
    """Write the generated part of every page."""
    for name, section in SECTIONS.items():
        path = FOLDER / name
        path.write_text(refreshed(path.read_text(encoding="utf-8"), section()), encoding="utf-8")


if __name__ == "__main__":
    main()
