"""Who is asked whether they agree: `quality: {agreement: {NAME: …}}`, and what is always asked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from sygra_eval.suite.document import At, Document
from sygra_eval.suite.nearest import did_you_mean
from sygra_eval.values import ValidatorSpec

JUDGES = "judges"
"""What the agreement of all judges of a suite is called, which no one has to ask for."""
_JUDGE = "judge"
LevelName = Literal["nominal", "ordinal", "interval"]


class AgreementSection(BaseModel):
    """Raters of the same rows: validators, people in a file of labels, or the votes of one judge.

    Of level `nominal` a validator's rating is that it passes or fails a row, of `ordinal` and
    `interval` its score. `labels` is a file whose rows have the row's id in the column `id` and
    what a person said in the column `column`: true, `pass`, or a word of `pass`; false, `fail`, or
    a word of `fail`; a number where scores are compared.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)

    validators: list[str] = Field(default=[])
    votes: str | None = None
    labels: str | None = None
    id: str = "id"
    column: str = "label"
    passes: list[str] = Field(default=[], alias="pass")
    fails: list[str] = Field(default=[], alias="fail")
    level: LevelName = "nominal"

    @model_validator(mode="after")
    def has_two_raters(self) -> "AgreementSection":
        """Refuse what has nobody to agree with."""
        if self.votes is not None:
            if self.model_fields_set - {"votes"}:
                raise _refused(
                    "`votes` are those of one judge, with each other", "take the rest out"
                )
        elif not self.validators or len(self.validators) + (self.labels is not None) < 2:
            raise _refused(
                "agreement is of two raters at least",
                "name two `validators`, or one and a file of `labels`",
            )
        elif len(set(self.validators)) < len(self.validators):
            raise _refused("a validator stands there twice", "name each once")
        own = {"id", "column", "passes", "fails"} & self.model_fields_set
        if self.labels is None and own:
            raise _refused(f"`{min(own)}` says nothing without `labels`", "add `labels: FILE`")
        if both := set(self.passes) & set(self.fails):
            raise _refused(
                f"`{min(both)}` is a word of `pass` and of `fail`", "make it one of them"
            )
        return self


def _refused(message: str, fix: str) -> PydanticCustomError:
    context: dict[str, Any] = {"fix": fix, "at": (), "is_key": False}
    return PydanticCustomError("wrong-value", message, context)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementSpec:
    """Raters of the same rows.

    :ivar votes: They are the votes of the one validator.
    :ivar labels: The file with what people said; `labelled` is how the suite names it.
    :ivar passes: Words of labels that stand for a pass, `fails` likewise.
    :ivar line: Where it stands in the suite's file; 0 where nobody asked.
    """

    name: str
    validators: tuple[str, ...]
    votes: bool = False
    labels: Path | None = None
    labelled: str = ""
    id: str = "id"
    column: str = "label"
    passes: frozenset[str] = frozenset()
    fails: frozenset[str] = frozenset()
    level: LevelName = "nominal"
    line: int = 0
    at: int = 0


def agreements_of(
    sections: Mapping[str, AgreementSection],
    validators: Sequence[ValidatorSpec],
    names: frozenset[str],
    folder: Path,
    document: Document,
) -> tuple[AgreementSpec, ...]:
    """Return those that the suite names, and of its judges those that nobody has to ask for.

    Reports validators and files that are not there.
    """
    given = [_named(name, section, names, folder, document) for name, section in sections.items()]
    taken = {spec.name for spec in given}
    return (*given, *(one for one in _of_judges(validators) if one.name not in taken))


def _of_judges(validators: Sequence[ValidatorSpec]) -> Iterator[AgreementSpec]:
    judges = [spec for spec in validators if spec.use == _JUDGE]
    if len(judges) > 1:
        yield AgreementSpec(name=JUDGES, validators=tuple(spec.name for spec in judges))
    for spec in judges:
        if getattr(spec.config, "votes", 1) > 1:
            yield AgreementSpec(name=f"votes of {spec.name}", validators=(spec.name,), votes=True)


def _named(
    name: str,
    section: AgreementSection,
    names: frozenset[str],
    folder: Path,
    document: Document,
) -> AgreementSpec:
    at: At = ("quality", "agreement", name)
    mark = document.mark(at)
    voters = (section.votes,) if section.votes is not None else tuple(section.validators)
    for place, voter in enumerate(voters):
        if voter not in names:
            document.report(
                code="unknown-variable",
                message=f"no validator is called `{voter}`",
                at=(*at, "votes") if section.votes is not None else (*at, "validators", place),
                fix=did_you_mean(voter, tuple(sorted(names))),
            )
    labels = None if section.labels is None else folder / section.labels
    if labels is not None and not labels.is_file():
        document.report(
            code="file-not-found",
            message=f"there is no file {labels}",
            at=(*at, "labels"),
            fix="name a file with an id and a label a line, relative to the suite's file",
        )
    return AgreementSpec(
        name=name,
        validators=voters,
        votes=section.votes is not None,
        labels=labels,
        labelled=section.labels or "",
        id=section.id,
        column=section.column,
        passes=frozenset(section.passes),
        fails=frozenset(section.fails),
        level=section.level,
        line=mark.line,
        at=mark.column,
    )
