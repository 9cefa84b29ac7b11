"""The keys of a `best_of_n` node, and what can be wrong with them."""

from collections.abc import Iterator, Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from sygra_eval.nodes.bounds import bound_of
from sygra_eval.nodes.ensemble import Models, OnFail
from sygra_eval.suite import ModelOrRoute, Prompt, RoutedChoice, did_you_mean
from sygra_eval.values import BoundScope, CallBound, Problem, Scope, Severity

MOST_CANDIDATES = 256
"""Of one row: each is judged, which runs code."""
_ONE_OF = "`model`, `models` and `from` each say where candidates come from; there must be one"


class BestOfNConfig(BaseModel):
    """The keys of a `best_of_n` node.

    `model` is sampled, `models` are all asked (`samples` times each), and `from` names a variable
    that holds candidates already.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "oneOf": [
                {"required": ["model", "prompt"]},
                {"required": ["models", "prompt"]},
                {"required": ["from"]},
            ]
        },
    )

    model: ModelOrRoute | None = None
    models: Models | None = None
    from_: str | None = Field(default=None, alias="from")
    prompt: Prompt | None = None
    samples: int = Field(default=1, ge=1, le=64, description="drawn of each model, all at once")
    on_fail: OnFail = "fail"
    output: str = "answer"
    winner: str | None = Field(
        default=None, description="a variable for the label of the model whose candidate is kept"
    )

    @model_validator(mode="after")
    def has_one_origin(self) -> Self:
        """Refuse candidates from two places, or from none."""
        origins = [one is not None for one in (self.model, self.models, self.from_)]
        if sum(origins) > 1:
            raise PydanticCustomError("wrong-value", _ONE_OF, {"fix": "leave one of them"})
        if not any(origins):
            raise PydanticCustomError("missing-key", _ONE_OF, {"fix": "add `model: NAME`"})
        if self.from_ is None and self.prompt is None:
            raise PydanticCustomError(
                "missing-key",
                "the key `prompt` is missing: the models are asked nothing",
                {"fix": "add `prompt: ...`"},
            )
        return self

    @model_validator(mode="after")
    def has_a_choice(self) -> Self:
        """Refuse one candidate alone."""
        if self.from_ is None and len(self.asked()) * self.samples == 1:
            raise PydanticCustomError(
                "one-candidate",
                "the best of one candidate is that one",
                {
                    "at": ("samples",) if "samples" in self.model_fields_set else (),
                    "fix": "add `samples: 4`, or take a node of the type `llm`",
                },
            )
        return self

    @model_validator(mode="after")
    def says_nothing_idle(self) -> Self:
        """Refuse keys that mean nothing where nobody is asked, and one name for two variables."""
        if self.output == self.winner:
            told = {"at": ("winner",), "fix": "choose another name"}
            raise PydanticCustomError("wrong-value", "`winner` is what `output` is called", told)
        if self.from_ is not None:
            for key in ("prompt", "samples", "on_fail"):
                if key in self.model_fields_set:
                    raise PydanticCustomError(
                        "wrong-value",
                        "`{key}` is for models that are asked, and `from` asks none",
                        {"key": key, "at": (key,), "is_key": True, "fix": "take it out"},
                    )
        return self

    def asked(self) -> Mapping[str, RoutedChoice]:
        """Return who is asked, by label; one model alone has none."""
        if self.models is not None:
            return self.models
        return {} if self.model is None else {"": self.model}

    def outputs(self) -> tuple[str, ...]:
        """Return the variables that it adds."""
        return (self.output,) if self.winner is None else (self.output, self.winner)

    def candidate_output(self) -> str:
        """Return the variable that is judged where the suite does not say which."""
        return self.output

    def problems(self, scope: Scope) -> Iterator[Problem]:
        """Yield unknown models and variables, and a choice that is none."""
        for label, model in self.asked().items():
            yield from model.problems(scope, ("models", label) if label else ("model",))
        if self.prompt is not None:
            names = dict.fromkeys(one for model in self.asked().values() for one in model.names())
            yield from self.prompt.problems(scope, ("prompt",), models=tuple(names))
        yield from self._origin_problems(scope)
        if not scope.validators:
            yield Problem(
                code="no-validators",
                message="`best_of_n` keeps what the validators judge best, and the suite has none",
                fix="add `quality: {validators: [{use: ...}]}`",
            )

    @property
    def most_judgings(self) -> int:
        """How often validators look at a candidate here, at most."""
        return MOST_CANDIDATES if self.from_ is not None else len(self.asked()) * self.samples

    def steps(self) -> tuple[str, ...]:
        """Return its labels: each call is at one."""
        return tuple(label for label in self.asked() if label)

    def most_calls(self, scope: BoundScope) -> Iterator[CallBound]:
        """Yield all samples of each model."""
        if self.prompt is None:
            return
        prompt = self.prompt.length(scope.variables, scope.longest)
        for model in self.asked().values():
            yield bound_of(model, self.samples, prompt)

    def _origin_problems(self, scope: Scope) -> Iterator[Problem]:
        if self.from_ is not None and self.from_ not in scope.variables:
            yield Problem(
                code="unknown-variable",
                message=f"no column or node provides `{self.from_}`",
                at=("from",),
                fix=did_you_mean(self.from_, scope.variables),
                severity=Severity.WARNING if scope.is_open else Severity.ERROR,
            )
        held = (scope.row or {}).get(self.from_ or "")
        if held is not None and not isinstance(held, list | dict):
            yield Problem(
                code="wrong-value",
                message=f"`{self.from_}` is one value, and the best of several candidates is kept",
                at=("from",),
                fix="name a variable that holds several texts, as a `multi_llm` adds",
            )
