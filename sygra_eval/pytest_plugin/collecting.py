"""Collects a suite: the file, its variants, and an item for each row of its source."""

import contextlib
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
import yaml

from sygra_eval.engine import RunOptions, limited, run_in_loop, source_of, tags_of, with_selection
from sygra_eval.plugins import load_plugins, remember_trust
from sygra_eval.pytest_plugin.gate_items import Gates
from sygra_eval.pytest_plugin.items import RowItem, SuiteItem
from sygra_eval.pytest_plugin.session import Case, SuiteRun, SuiteRuns, WholeSuite, options_of
from sygra_eval.suite import (
    encoded,
    load_suite,
    override_model,
    render_diagnostic,
    variant_names,
)
from sygra_eval.values import Source, UsageError

MOST_ITEMS = 20_000
"""Items of more rows than this would take much memory and time: an item costs some 3 KB."""

_T = TypeVar("_T")


def has_suite(path: Path) -> bool:
    """Say whether a YAML file holds a suite of ours: `suite:` with something in it."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError):
        return True  # it has the key: let the loader say what is wrong, and where
    return isinstance(document, dict) and isinstance(document.get("suite"), dict)


class SuiteFile(pytest.File):
    """A file with a suite in it; what is wrong with it is shown where pytest shows errors."""

    def collect(self) -> Iterator["Variant"]:
        """Load the suite and yield its variants."""
        with _as_collect_errors(self.path):
            options = options_of(self.config)
            if options.is_trusted:
                with contextlib.suppress(OSError):  # then it is for this time
                    remember_trust(self.path.absolute().parent)
            names = variant_names(self.path) or (None,)
        for name in names:
            with _as_collect_errors(self.path):
                case = _case_of(self.path, replace(options, variant=name))
            yield Variant.from_parent(self, name=case.suite.variant, case=case)


def _case_of(path: Path, options: RunOptions) -> Case:
    plugins = load_plugins(path.absolute().parent, is_trusted=options.is_trusted)
    overrides = {name: override_model(what) for name, what in options.models.items()}
    suite = load_suite(path, plugins, overrides=overrides, variant=options.variant)
    # What a suite says itself of its selection, as `repeat`; ids and marks are left to pytest.
    options = with_selection(options, suite, lambda sentence: None)
    return Case(path, suite, plugins, options)


class Variant(pytest.Collector):
    """A suite, or one of the variants that its `matrix:` makes."""

    def __init__(self, *, case: Case, **given: Any) -> None:
        super().__init__(**given)
        self.case = case
        self.extra_keyword_matches |= {case.suite.name, *case.suite.tags}
        self.add_marker("sygra")
        for tag in case.suite.tags:
            if not tag.startswith("_"):  # pytest has no such markers
                self.config.addinivalue_line("markers", f"{tag}: a tag of sygra_eval suites")
                self.add_marker(tag)

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        """Read the source and yield an item for each row, or one for all of them; then gates."""
        how = self.config.getini("sygra_items")
        most = {"rows": None, "suite": 0}.get(how, MOST_ITEMS)
        with _as_collect_errors(self.path):
            case = self.case
            source = source_of(case.suite, case.plugins, case.options.selection)
            rows = None if most == 0 else _in_a_thread(_names(source, most))
        runs = SuiteRuns.of(self.config)
        if rows is None:
            run: SuiteRun | WholeSuite = runs.of_a_suite(self.case)
            yield SuiteItem.from_parent(self, name="rows", run=run)
        else:
            run = runs.of_rows(self.case, len(rows))
            for place, row_id, tags in rows:
                item = RowItem.from_parent(
                    self, name=encoded(row_id), run=run, place=place, row_id=row_id
                )
                item.extra_keyword_matches.update(tags)
                yield item
        if self.case.suite.gates:
            yield Gates.from_parent(self, name="gates", run=run)


async def _names(source: Source, most: int | None) -> list[tuple[int, str, tuple[str, ...]]] | None:
    """Return place, id and tags of each row; None where there are more than `most`."""
    names: list[tuple[int, str, tuple[str, ...]]] = []
    async with contextlib.aclosing(limited(source, None)) as rows:
        async for row in rows:
            if most is not None and len(names) >= most:
                return None
            names.append((row.index, row.id, tags_of(row)))
    return names


def _in_a_thread(work: Coroutine[Any, Any, _T]) -> _T:
    """Run on a loop of its own: pytest's thread may have one that other plugins rely on."""
    with ThreadPoolExecutor(1, thread_name_prefix="sygra_eval collects") as pool:
        return pool.submit(run_in_loop, work).result()


@contextlib.contextmanager
def _as_collect_errors(path: Path) -> Iterator[None]:
    """Say of a suite or source that is not fit what `sygra-eval check` says."""
    try:
        yield
    except UsageError as error:
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            text = ""
        found = [render_diagnostic(one, text if one.line else "") for one in error.diagnostics]
        raise pytest.Collector.CollectError("\n".join([*found, str(error)])) from error
    except Exception as error:
        raise pytest.Collector.CollectError(
            f"{path}: the source cannot be read: {type(error).__name__}: {error}"
        ) from error
