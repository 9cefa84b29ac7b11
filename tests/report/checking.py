"""What a test asks of a `report.json`: every number is a figure, and its query gives it again."""

import json
import math
from contextlib import closing

from jsonschema import Draft202012Validator

from sygra_eval.engine import side_of_run, summarise
from sygra_eval.plugins import load_plugins
from sygra_eval.report import report_schema
from sygra_eval.report.database import database_of
from sygra_eval.report.recompute import Queries, figures_in, is_figure, recomputed

SCHEMA = Draft202012Validator(json.loads(report_schema()))
SETTINGS = {
    "$.schema_version",
    "$.exit",
    "$.repeats",
    "$.target",
    "$.time.limited_by",
}
"""Where numbers stand that are no results; all others are figures or names of lines."""
NAMES = {"round", "sample"}


def complaints_of(folder, document=None, plugins=None):
    """Return what is wrong with the figures of a run's report; nothing where all is well."""
    if document is None:
        document = json.loads((folder / "report.json").read_text())
    complaints = [f"{one.json_path}: {one.message}" for one in SCHEMA.iter_errors(document)]
    complaints += _bare_numbers(document)
    plugins = plugins or load_plugins(folder)
    side = side_of_run(folder, plugins)
    with closing(database_of(folder, summarise(folder), side)) as database:
        queries = Queries(database)
        for path, figure in figures_in(document):
            try:
                again = recomputed(figure, queries)
            except LookupError as error:
                complaints.append(f"{path}: {error}")
                continue
            if figure["query"] not in document["queries"]:
                complaints.append(f"{path}: the query stands nowhere in the report")
            if figure["value"] is None and not figure.get("reason"):
                complaints.append(f"{path}: unknown without a reason")
            complaints += [
                f"{path}.{key}: {figure.get(key)} is said, {again.get(key)} is found"
                for key in ("value", "n", "k", "lower", "upper")
                if (key in figure or key == "value") and not _same(figure[key], again.get(key))
            ]
    return complaints


def _same(said, found):
    if isinstance(said, float) and isinstance(found, float | int):
        return math.isclose(said, found, rel_tol=1e-9, abs_tol=1e-9)
    return said == found


def _bare_numbers(value, path="$"):
    if is_figure(value) or path in SETTINGS:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in NAMES:
                yield from _bare_numbers(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _bare_numbers(inner, f"{path}[{at}]")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield f"{path}: {value} is a bare number"
