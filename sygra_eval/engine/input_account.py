"""What became of the rows of an input before they reached the graph, as the journal keeps it.

Only a source whose rows are selected, joined or transformed on their way has such accounts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, cast

from sygra_eval.data import PipelineSource
from sygra_eval.journal import Event
from sygra_eval.values import InputAccount, Source

_KEY = "input_accounts"


def noted_input(source: Source) -> dict[str, Any]:
    """Return what is journalled of the last reading of a source."""
    while (base := getattr(source, "base", None)) is not None:
        source = base  # of rows that are selected, or taken one by one
    if not isinstance(source, PipelineSource):
        return {}
    return {_KEY: [asdict(one) for one in source.accounts()]}


def input_accounts(data: Mapping[str, Any]) -> tuple[InputAccount, ...]:
    """Return what an event says of the input."""
    return tuple(
        InputAccount(
            of=one["of"],
            read=one["read"],
            made=one["made"],
            parts=one["parts"],
            examples={how: tuple(named) for how, named in one["examples"].items()},
        )
        for one in data.get(_KEY, ())
    )


def last_input_accounts(events: Iterable[Event]) -> tuple[InputAccount, ...]:
    """Return what the last event that speaks of the input says of it."""
    found: tuple[InputAccount, ...] = ()
    for event in events:
        data = cast("Mapping[str, Any]", event.data)
        if _KEY in data:
            found = input_accounts(data)
    return found
