"""What a gate may say, as it is written in a suite; `gates` makes it a `Gate`."""

import re
from math import isfinite
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

BOUND = re.compile(r"\s*(<=|>=|<|>)\s*(-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*(%?)\s*")
_OF_METRIC = ("value", "lower", "upper")
_KINDS = ("metric", "errors", "distribution", "baseline", "agreement")
_EVERYWHERE = frozenset({"severity", "partial"})
_OWN = {
    "metric": {*_OF_METRIC, "of", "group_by", "min_n", "alpha", "method", "where", "min_coverage"},
    "errors": set[str](),
    "distribution": {"wanted", "max_tv", "where", "min_n"},
    "baseline": {"metrics", "max_drop", "test", "alpha"},
    "agreement": {*_OF_METRIC, "min_n", "alpha", "where", "min_coverage"},
}
_NEEDED = {"distribution": ("wanted", "max_tv")}


def _bound(value: object) -> object:
    """Refuse what is no bound: a bare number does not say which way."""
    found = BOUND.fullmatch(value) if isinstance(value, str) else None
    if found is not None and isfinite(float(found[2])):
        return value
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    raise PydanticCustomError(
        "bad-bound",
        "a bound is one of < <= > >= and a number, as in `>=0.70` or `<=1%`",
        {"fix": f'write `">={value}"` or `"<={value}"`' if is_number else 'write `">=0.70"`'},
    )


BoundText = Annotated[str, BeforeValidator(_bound, json_schema_input_type=str)]


class GateSection(BaseModel):
    """What a run must come to: a metric, errors, a column, raters, or against a baseline.

    Of a metric `value`, or an end of its interval: `lower` and `upper`; several of them all hold.
    `group_by` asks it of each value of a column that has `min_n` rows, `where` of some rows only.
    With `severity: warn` a gate that is not passed is a warning. Where rows were deselected a gate
    is skipped, unless it has `partial: allow`. Of a metric of 0.95 of the rows that could be
    judged at least (`min_coverage`), so that errors make no gate pass.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    metric: str | None = None
    of: str | None = None
    value: BoundText | None = None
    lower: BoundText | None = None
    upper: BoundText | None = None
    group_by: str | None = None
    min_n: int | None = Field(default=None, ge=1)
    alpha: float = Field(default=0.05, gt=0, lt=1)
    method: Literal["wilson", "exact", "t", "bootstrap"] | None = None
    where: str | None = None
    min_coverage: float = Field(default=0.95, ge=0, le=1)
    errors: BoundText | None = None
    distribution: str | None = None
    wanted: dict[str, float] | str | None = None
    max_tv: float | None = Field(default=None, ge=0, le=1)
    baseline: str | None = None
    agreement: str | None = None
    metrics: list[str] | None = Field(default=None, min_length=1)
    max_drop: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    test: Literal["mcnemar", "permutation", "none"] | None = None
    severity: Literal["fail", "warn"] = "fail"
    partial: Literal["skip", "allow"] = "skip"

    @property
    def kind(self) -> str:
        """The key that says what the gate is about."""
        return next((key for key in _KINDS if getattr(self, key) is not None), "")

    @model_validator(mode="after")
    def says_one_thing(self) -> "GateSection":
        """Refuse a gate about two things or none, and keys of another kind of gate."""
        given = [key for key in _KINDS if getattr(self, key) is not None]
        if len(given) != 1:
            two = f"`{given[0]}` and `{given[1]}`" if given else "none of them"
            raise _refused(
                f"a gate has one of {', '.join(f'`{key}`' for key in _KINDS)}; here {two}",
                "make two gates of it" if given else "add `metric: verified_rate`",
            )
        (kind,) = given
        strange = self.model_fields_set - {kind} - _OWN[kind] - _EVERYWHERE
        if strange:
            key = min(strange)
            raise _refused(f"`{key}` says nothing of a gate on `{kind}`", "take it out", at=(key,))
        if kind in {"metric", "agreement"} and not any(getattr(self, key) for key in _OF_METRIC):
            raise _refused("the gate asks for nothing", 'add `lower: ">=0.70"`')
        for key in _NEEDED.get(kind, ()):
            if getattr(self, key) is None:
                raise _refused(f"a gate on `{kind}` needs `{key}`", f"add `{key}: ...`")
        if self.errors is not None and ">" in self.errors:
            raise _refused("errors are bounded from above", 'write `"<=1%"`', at=("errors",))
        return self


def _refused(message: str, fix: str, *, at: tuple[str, ...] = ()) -> PydanticCustomError:
    context: dict[str, Any] = {"fix": fix, "at": at, "is_key": bool(at)}
    return PydanticCustomError("wrong-value", message, context)
