"""The command line of a run that is asked for, as it is started and as a person may copy it."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sygra_eval.engine import written_ids
from sygra_eval.journal import open_readonly
from sygra_eval.studio.workspace import JOURNAL, Workspace
from sygra_eval.values import UsageError

_NO_NAME = re.compile(r"[^A-Za-z0-9._=,-]+")
_LONGEST = 80
_MOST_REPEATS = 1_000
_MOST_IDS, _MOST_IDS_TEXT = 100, 8_000
_TARGETS = {"verified": "--target-verified", "max_candidates": "--max-candidates"}


def program() -> list[str]:
    """Return how this program is started again, without a need for PATH."""
    return [sys.executable, "-m", "sygra_eval"]


def checked(path: Path, workspace: Workspace, *, limit_s: float) -> tuple[dict[str, Any], bytes]:
    """Return what `check --json` says of a suite, and what it says beside it.

    :raises OSError: When it cannot be started; `ValueError` and `IndexError`: it said no JSON.
    :raises subprocess.TimeoutExpired: When it takes too long.
    """
    ran = subprocess.run(  # noqa: S603 - our own program, arguments as a list
        [*program(), "check", str(path), "--json"],
        capture_output=True,
        check=False,
        cwd=workspace.root,
        stdin=subprocess.DEVNULL,
        timeout=limit_s,
    )
    told: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return told, ran.stderr


def shown(arguments: Sequence[str], keys: Sequence[str] = ()) -> str:
    """Return a command line as a person copies it; keys that are typed in are named, not said."""
    named = "".join(f"{name}=… " for name in keys)
    return named + shlex.join(["sygra-eval", *arguments])


def ids_named(ids: Sequence[str], folder: str) -> tuple[str, str]:
    """Return what `--rows` is given in a command that a person copies, and what follows the line.

    A few ids stand in the command itself. Of many, the run is named that was asked for them.

    :param folder: Of that run.
    """
    text = written_ids(ids) if len(ids) <= _MOST_IDS else ""
    if not 0 < len(text) <= _MOST_IDS_TEXT:
        return folder, ""
    end = "IDS"
    while end in text.split("\n"):
        end += "_"
    return "-", f" <<'{end}'\n{text}{end}"


def repeat_of(folder: Path) -> int | None:
    """Return how often each row of a run was repeated; None where it was not."""
    with open_readonly(folder / JOURNAL) as reader:
        plan = reader.plan()
    try:
        repeat = json.loads(plan["asked"])["selection"]["repeat"]
    except (ValueError, KeyError, TypeError):
        return None
    return repeat if isinstance(repeat, int) and 1 < repeat <= _MOST_REPEATS else None


def new_name(workspace: Workspace, suite: str, variant: str | None, taken: set[str]) -> str:
    """Return a name for a run that nobody has: from the time, as the command line makes one."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    if variant:
        stamp = f"{stamp}-{_NO_NAME.sub('_', variant)[:_LONGEST]}"
    for attempt in range(1_000):
        name = stamp if attempt == 0 else f"{stamp}-{attempt}"
        folder = workspace.reports / suite / name
        if f"{suite}/{name}" not in taken and not folder.exists():
            return name
    raise UsageError("a thousand runs were started in this second")


def run_arguments(
    workspace: Workspace, suite: Path, name: str, asked: Mapping[str, Any]
) -> list[str]:
    """Return the arguments of `sygra-eval` for a run that is asked for.

    :param asked: As `StartRun` has it.
    :raises UsageError: When what is asked for does not go together.
    """
    arguments = ["run", str(suite), "--out", str(workspace.reports), "--name", name]
    if asked["variant"]:
        arguments += ["--variant", asked["variant"]]
    arguments += _rows(workspace, asked)
    if asked["repeat"] is not None:
        arguments += ["--repeat", str(asked["repeat"])]
    if asked["sample"] is not None:
        arguments += ["--sample", str(asked["sample"]), "--seed", str(asked["seed"])]
    if asked["concurrency"] is not None:
        arguments += ["-j", str(asked["concurrency"])]
    budget = asked["budget"]
    for bound, ours in (("usd", "cost_usd"), ("tokens", "tokens"), ("calls", "calls")):
        if budget[ours] is not None:
            arguments += ["--budget", f"{bound}={budget[ours]}"]
    if budget["time_s"] is not None:
        arguments += ["--budget", f"time={budget['time_s']}"]
    if asked["cache"] != "suite":
        arguments += ["--cache", "off" if asked["cache"] == "off" else "read-write"]
    return arguments


def _rows(workspace: Workspace, asked: Mapping[str, Any]) -> list[str]:
    limit, first, last = asked["limit"], asked["first"], asked["last"]
    match asked["rows"]:
        case "limit":
            if limit is None:
                raise UsageError("say how many rows: `limit`")
            return ["--limit", str(limit)]
        case "range":
            if first is None or last is None or last < first:
                raise UsageError("a range of rows goes from `first` to `last`, both counted from 1")
            return ["--skip", str(first - 1), "--limit", str(last - first + 1)]
        case "filter":
            if not asked["filter"].strip():
                raise UsageError("say which rows: `filter`, as `-k` takes it")
            return ["-k", asked["filter"]]
        case "failed_of":
            suite, _, run = asked["failed_of"].partition("/")
            return ["--failed-of", str(workspace.run(suite, run))]
        case "ids":
            if not asked["ids"]:
                raise UsageError("say which rows: `ids`, or a `view` that has any")
            return ["--rows", "-"]  # as they come on standard input
    return []


def copied_from(plan: Mapping[str, Any], suite: str, variant: str, folder: str) -> str:
    """Return the command line for a run that there is, from what its journal says it was asked.

    It is empty for a run that judged another one's candidates, and for one that began behind the
    rows which were right last time: without these it would take, and pay for, all rows.

    :param plan: What the plan keeps under `asked`.
    :param folder: Of the run.
    """
    selection = plan.get("selection")
    selection = selection if isinstance(selection, Mapping) else {}
    only = selection.get("only")
    if plan.get("scored") or selection.get("since") or only == []:
        return ""
    after = ""
    arguments = ["run", f"./{suite}" if suite.startswith("-") else suite]
    if variant and variant != "default":
        arguments += ["--variant", variant]
    models = plan.get("models")
    for name, what in models.items() if isinstance(models, Mapping) else ():
        arguments += ["--model", f"{name}={what}"]
    for name in plan.get("plugins") or ():
        arguments += ["-p", str(name)]
    if plan.get("accepts_no_sandbox") is True:
        arguments.append("--unsafe-no-sandbox")
    if plan.get("limit") is not None:
        arguments += ["--limit", str(plan["limit"])]
    arguments += _selected(selection)
    if isinstance(only, list) and only:
        where, after = ids_named([str(one) for one in only], folder)
        arguments += ["--rows", where]
    arguments += _bounds(plan)
    if plan.get("strict_model") is True:
        arguments.append("--strict-model")
    if plan.get("max_failures") is not None:
        arguments += ["--maxfail", str(plan["max_failures"])]
    if plan.get("is_strict") is True:
        arguments.append("--strict")
    if plan.get("durability") == "full":
        arguments += ["--durability", "full"]
    return shown(arguments) + after


def _bounds(plan: Mapping[str, Any]) -> list[str]:
    arguments: list[str] = []
    target = plan.get("target")
    for name, option in _TARGETS.items():
        if isinstance(target, Mapping) and target.get(name) is not None:
            arguments += [option, str(target[name])]
    budget = plan.get("budget")
    for bound, ours in (
        ("usd", "usd"),
        ("tokens", "tokens"),
        ("calls", "calls"),
        ("time", "time_s"),
    ):
        if isinstance(budget, Mapping) and budget.get(ours) is not None:
            arguments += ["--budget", f"{bound}={budget[ours]}"]
    return arguments


def _selected(selection: Mapping[str, Any]) -> list[str]:
    arguments: list[str] = []
    for key, option in (
        ("keywords", "-k"),
        ("marks", "-m"),
        ("skipped", "--skip"),
        ("sample", "--sample"),
        ("seed", "--seed"),
        ("repeat", "--repeat"),
    ):
        if selection.get(key):
            arguments += [option, str(selection[key])]
    for one in selection.get("deselected") or ():
        arguments += ["--deselect", str(one)]
    if selection.get("is_shuffled") is True:
        arguments.append("--shuffle")
    return arguments
