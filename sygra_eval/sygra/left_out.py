"""What a task asks for and no run here does yet; each is told, so nothing is lost in silence."""

from collections.abc import Iterator, Mapping
from typing import Any

from sygra_eval.sygra.quality_tasks import said_of
from sygra_eval.sygra.sinks import is_file
from sygra_eval.values import Problem, Severity

_SECRETS = {"token": "SYGRA_HF_TOKEN or HF_TOKEN of the environment has it"}


def left_out(data: Mapping[str, Any], *, has_judge: bool) -> Iterator[Problem]:
    """Yield what is not done, as warnings."""
    for at, told in _found(data, has_judge=has_judge):
        yield Problem(
            code="sygra-left-out",
            message=told,
            at=at,
            severity=Severity.WARNING,
            is_key=bool(at),
        )


def _found(data: Mapping[str, Any], *, has_judge: bool) -> Iterator[tuple[tuple[str, ...], str]]:
    data_config = _mapping(data.get("data_config"))
    for sink in sinks_of(data):
        if not is_file(sink):
            yield ("data_config", "sink"), _of_sink(sink)
    source = data_config.get("source")
    for one in source if isinstance(source, list) else [source]:
        if _mapping(one).get("type") == "hf" and _mapping(one).get("shard"):
            told = "`shard` of a hub's data set is not looked at: all files of its split are read"
            yield ("data_config", "source"), told
        for key in _SECRETS:
            if _mapping(one).get(key):
                told = f"`{key}` is not taken from a file: {_SECRETS[key]}"
                yield ("data_config", "source"), told
    output = _mapping(data.get("output_config"))
    for told in said_of(_mapping(output.get("data_quality")), has_judge=has_judge):
        yield ("output_config", "data_quality"), told


def _of_sink(sink: Mapping[str, Any]) -> str:
    """Say what a sink needs that is no file, and how the rows come there all the same."""
    rows = "`--sygra-output rows.jsonl` writes them"
    match kind := sink.get("type"):
        case "hf":
            repo = sink.get("repo_id") or "OWNER/NAME"
            return (
                f"nothing is pushed to the hub's `{repo}`, which needs a token of its owner: "
                f"{rows}, then `hf upload {repo} rows.jsonl --repo-type dataset`"
            )
        case "servicenow":
            table = sink.get("table") or "?"
            return (
                f"nothing is written to the table `{table}`, which needs a ServiceNow instance and "
                f"its keys: {rows}, to be imported there"
            )
    return f"nothing is written to a sink of type `{kind}` without a `file_path`: {rows}"


def sinks_of(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the sinks that a task names."""
    sink = _mapping(data.get("data_config")).get("sink") or []
    return [one for one in (sink if isinstance(sink, list) else [sink]) if isinstance(one, dict)]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
