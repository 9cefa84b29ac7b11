"""Options in `pyproject.toml` under `[tool.sygra_eval]`; what the command line says wins.

The nearest such file is read, from the working directory upwards. What runs code or drops
protection cannot stand there: a file that comes with a checkout must not be able to ask for it.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from sygra_eval.suite import did_you_mean

FILE, TABLE = "pyproject.toml", "sygra_eval"
ONLY_TYPED = frozenset({"p", "trust", "unsafe-no-sandbox", "yes", "executor", "json", "help"})
"""Options that a person has to give; `json` because a program reads what it asked for."""

_MAX_BYTES = 4 * 2**20


class ConfiguredCommand(click.Command):
    """A command whose options may have their values in `pyproject.toml`."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Read the file before the command line, so that each option knows its value."""
        if not {"--help"} & set(args):
            extra["default_map"] = configured(self, Path.cwd())
        return super().make_context(info_name, args, parent, **extra)


def configured(command: click.Command, start: Path) -> dict[str, Any]:
    """Return the values of options by parameter.

    :raises click.UsageError: When a key is no option, or a value does not fit.
    """
    for folder in (start, *start.parents):
        path = folder / FILE
        text = _text_of(path)
        table = _table_of(text, path)
        if table is not None:
            return _values(command, table, path, text)
    return {}


def _text_of(path: Path) -> str:
    try:
        if not path.is_file() or path.stat().st_size > _MAX_BYTES:
            return ""
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _table_of(text: str, path: Path) -> Mapping[str, Any] | None:
    if TABLE not in text:  # most files: they need not even be TOML
        return None
    try:
        tool = tomllib.loads(text).get("tool")
    except tomllib.TOMLDecodeError as error:
        raise click.UsageError(f"{path}: {error}") from None
    table = tool.get(TABLE) if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise click.UsageError(f"{path}: [tool.{TABLE}] is no table")
    return table


def _values(
    command: click.Command, table: Mapping[str, Any], path: Path, text: str
) -> dict[str, Any]:
    options = {
        name.lstrip("-"): option
        for option in command.params
        if isinstance(option, click.Option)
        for name in option.opts
    }
    context = click.Context(command, info_name=command.name)
    values: dict[str, Any] = {}
    for key, value in table.items():
        where = f"{path}:{_line_of(key, text)}: [tool.{TABLE}] `{key}`"
        written = key.replace("_", "-")
        option = options.get(written)
        if option is not None and not ONLY_TYPED.isdisjoint(one.lstrip("-") for one in option.opts):
            raise click.UsageError(f"{where}: this is said on the command line only")
        if option is None:
            nearest = did_you_mean(written, sorted(options.keys() - ONLY_TYPED))
            raise click.UsageError(f"{where}: there is no such option; {nearest}".rstrip("; "))
        name = str(option.name)
        values[name] = _value(option, value, where, context)
        if name == "out":
            values[name] = str(path.parent / value)  # as beside the file, wherever one stands
    return values


def _value(option: click.Option, value: Any, where: str, context: click.Context) -> Any:
    """Return a value as the option takes it.

    :raises click.UsageError: When it does not.
    """
    kind = list if option.multiple else bool if option.is_flag else (str, int, float)
    if not isinstance(value, kind) or (isinstance(value, bool) and not option.is_flag):
        what = "a list" if option.multiple else "true or false" if option.is_flag else "a value"
        raise click.UsageError(f"{where}: this is to be {what}")
    try:
        # As it is written, since the command line takes no 3.5 for a whole number either.
        option.type_cast_value(context, str(value) if isinstance(value, float) else value)
    except click.BadParameter as error:
        raise click.UsageError(f"{where}: {error.message}") from None
    return value


def _line_of(key: str, text: str) -> int:
    """Return the line at which a key of the table stands, or that of the table."""
    _, _, behind = text.partition(f"[tool.{TABLE}]")
    found = re.search(rf"^\s*[\"']?{re.escape(key)}[\"']?\s*=", behind, re.MULTILINE)
    place = len(text) - len(behind) + (found.end() if found else 0)
    return text.count("\n", 0, place) + 1
