"""How the journal keeps what raters came to."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sygra_eval.quality import Agreement, agreement_from_json


def noted_agreements(found: Sequence[Agreement]) -> dict[str, object]:
    """Return what the journal keeps of them."""
    return {"found": [one.as_json() for one in found]}


def agreements_kept(data: object) -> tuple[Agreement, ...]:
    """Return those that the journal kept."""
    return tuple(agreement_from_json(one) for one in cast("Mapping[str, Any]", data)["found"])
