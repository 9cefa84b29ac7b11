"""What stands around a task's graph: carried into the suite, or named where it is not."""

from collections.abc import Iterator, Mapping
from typing import Any

Raw = Mapping[str, Any]
_TYPES = ("str", "int", "float", "bool", "list", "dict", "any")
_OF_ROWS = "`sygra-eval run TASK --sygra-output FILE` does it"


def left_behind(data: Raw) -> Iterator[str]:
    """Yield what happens to all rows of a task at the end, which no suite has words for."""
    for one in _listed(data.get("graph_post_process")):
        name = one.get("processor") if isinstance(one, Mapping) else one
        yield f"`graph_post_process`: `{name}` is left out: it works on all rows; {_OF_ROWS}"
    if (data.get("data_config") or {}).get("sink"):
        yield f"`data_config.sink` is left out: rows are in the run's folder; {_OF_ROWS}"
    output = data.get("output_config") or {}
    if output.get("data_quality"):
        yield f"`output_config.data_quality` is left out: {_OF_ROWS}"
    mapper = output.get("oasst_mapper")
    if isinstance(mapper, Mapping) and mapper.get("required") == "yes":
        yield f"`output_config.oasst_mapper` is left out: {_OF_ROWS}"


def python_left_out(data: Raw) -> Iterator[str]:
    """Yield the Python that makes and checks rows, where the nodes become ours."""
    if name := (data.get("output_config") or {}).get("generator"):
        yield (
            f"`output_config.generator`: `{name}` is left out: a row has what `output_map` names, "
            "and rows that it would not write are written"
        )
    if name := (data.get("schema_config") or {}).get("schema"):
        yield f"`schema_config.schema`: `{name}` is left out: write `schema_config: {{fields: …}}`"


def fields_of(data: Raw, known: Mapping[str, str]) -> tuple[list[dict[str, str]], list[str]]:
    """Return the types that variables have to have, and what of them is left out.

    :param known: How variables that a record has at its end are called in the suite.
    """
    fields: list[dict[str, str]] = []
    told: list[str] = []
    for one in _listed((data.get("schema_config") or {}).get("fields")):
        if not isinstance(one, Mapping):
            continue
        name, kind = str(one.get("name")), str(one.get("type", "any")).lower()
        if name not in known:
            told.append(f"`schema_config`: `{name}` is left out: no column or node gives it")
            continue
        outer = kind.partition("[")[0].strip()
        plain = outer if outer in _TYPES else "any"
        if plain != kind:
            told.append(f"`schema_config`: `{name}` is `{plain}` here, and not `{kind}`")
        fields.append({"name": known[name], "type": plain})
        if set(one) - {"name", "type"}:
            rules = ", ".join(f"`{rule}`" for rule in sorted(map(str, set(one) - {"name", "type"})))
            told.append(f"`schema_config`: the rule of `{name}` ({rules}) is left out")
    if fields:
        told.append("`schema_config`: a value has to be of its type; SyGra takes `'5'` for `int`")
    return fields, told


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
