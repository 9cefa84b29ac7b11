"""What pages say of the code: generated parts, blocks of Python and YAML, links."""

import contextlib
import io
import json
import re
import runpy
from pathlib import Path

import pytest

from sygra_eval import testing
from sygra_eval.cli import VERBS, main
from sygra_eval.plugins import load_plugins
from sygra_eval.testing.endpoint import ENTRIES as DIALECTS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [page for page in [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))] if page.is_file()]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")

pytest_plugins = ["pytester"]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def without_code(text: str) -> str:
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    found = re.findall(
        rf"^```{language}\n(.*?)^```$", page.read_text(), flags=re.DOTALL | re.MULTILINE
    )
    return list(found)


# What is generated


@pytest.fixture(scope="module")
def refresh() -> dict:
    return runpy.run_path(str(DOCS / "refresh.py"))


@pytest.mark.parametrize("name", ["cli.md", "hooks.md"])
def test_generated_parts_are_those_of_the_code(refresh, name):
    page = (DOCS / name).read_text()

    assert page == refresh["refreshed"](page, refresh["SECTIONS"][name]()), (
        "refresh with `python -m docs.refresh`"
    )


@pytest.mark.parametrize("verb", VERBS)
def test_the_docs_show_the_help_that_is_printed(verb, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        main([verb, "--help"])

    assert capsys.readouterr().out in (DOCS / "cli.md").read_text()


# Links


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_relative_links_lead_somewhere(page):
    targets = [
        target
        for target in LINK.findall(without_code(page.read_text()))
        if not re.match(r"[a-z]+:", target)
    ]

    dead = []
    for target in targets:
        path, _, anchor = target.partition("#")
        file = (page.parent / path) if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            dead.append(target)

    assert dead == []


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


# Blocks that run


@pytest.mark.parametrize("page", [p for p in PAGES if blocks(p, "python")], ids=name_of)
def test_python_blocks_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    for block in blocks(page, "python"):
        code = compile(block, name_of(page), "exec", dont_inherit=True)
        with contextlib.redirect_stdout(io.StringIO()):
            exec(code, {"__name__": "documented"})  # noqa: S102 - our own pages


@pytest.mark.parametrize(("page", "passing"), [("plugins.md", 3), ("testing.md", 6)])
def test_the_plugins_of_a_page_pass_the_tests_of_the_page(pytester, page, passing):
    pytester.makepyprojecttoml("")
    pytester.mkdir("plugins")
    for block in blocks(DOCS / page, "python"):
        name = block.partition("\n")[0].removeprefix("# ")
        if name.endswith(".py"):
            (pytester.path / name).write_text(block)

    ran = pytester.runpytest_subprocess(
        "-p", "no:cacheprovider", "-p", "no:asyncio", "-p", "no:langsmith_plugin"
    )

    ran.assert_outcomes(passed=passing)


def test_the_page_on_testing_names_every_dialect_and_reply():
    page = (DOCS / "testing.md").read_text()
    named = {name for name in testing.__all__ if name.islower()} - {"completion"}

    assert [name for name in named if f"`{name}(" not in page] == []
    assert [name for name in DIALECTS if f"`{name}`" not in page] == []


def test_the_page_keeps_to_ten_lines_where_it_says_so():
    """A node in ten lines: what is neither empty, a comment nor the docstring."""
    first, *_ = [b for b in blocks(DOCS / "plugins.md", "python") if b.startswith("# plugins/")]

    code = [line for line in first.splitlines() if line and not line.startswith(("#", '"""'))]
    assert len(code) <= 10


@pytest.mark.skipif(not (ROOT / "README.md").is_file(), reason="there is no README yet")
def test_suites_of_the_readme_are_fit_to_run(tmp_path, monkeypatch, capsys):
    row = {"id": "a", "question": "why?", "tests": "assert f()", "hidden_tests": "assert f()"}
    (tmp_path / "questions.jsonl").write_text(json.dumps(row) + "\n")
    monkeypatch.chdir(tmp_path)
    suites = [block for block in blocks(ROOT / "README.md", "yaml") if "\nsuite:" in f"\n{block}"]
    for index, suite in enumerate(suites):
        (tmp_path / f"{index}.yaml").write_text(suite)

    with pytest.raises(SystemExit) as ended:
        main(["check", *(f"{index}.yaml" for index in range(len(suites)))])

    assert suites
    assert ended.value.code == 0, capsys.readouterr().err


def test_the_suite_of_the_page_on_existing_data_is_fit_to_run(tmp_path, monkeypatch, capsys):
    columns = ("task_id", "prompt", "solution", "entry_point", "test")
    (tmp_path / "answers.jsonl").write_text(json.dumps(dict.fromkeys(columns, "x")) + "\n")
    monkeypatch.chdir(tmp_path)
    (suite,) = [b for b in blocks(DOCS / "judging-existing-data.md", "yaml") if "suite:" in b]
    (tmp_path / "suite.yaml").write_text(suite)

    with pytest.raises(SystemExit) as ended:
        main(["check", "suite.yaml"])

    assert ended.value.code == 0, capsys.readouterr().err


def test_the_example_plugin_stands_in_the_readme_as_it_is():
    block = next(b for b in blocks(ROOT / "README.md", "python") if "redact" in b)
    plugin = (ROOT / "plugins" / "redact.py").read_text().partition('"""\n\n')[2]

    assert block == plugin


def test_the_page_of_plugins_names_what_load_plugins_takes():
    page = (DOCS / "plugins.md").read_text()
    names = [plugin.name for plugin in load_plugins(ROOT, is_trusted=True).listing()]

    assert "`sygra_eval.nodes.builtin`" in page
    assert {"sygra_eval.nodes.builtin", "redact"} <= set(names)
