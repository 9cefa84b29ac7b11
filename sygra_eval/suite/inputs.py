"""From `data_config` to the input of a run: sources, what is taken of them, how they are joined.

Start at `input_of`. A suite with one plain source has no pipeline, and its rows come as they are.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from sygra_eval.data import composed
from sygra_eval.plugins import Plugins
from sygra_eval.suite.conditions import (
    BadCondition,
    Condition,
    compile_condition,
    condition_problem,
)
from sygra_eval.suite.document import At, Document
from sygra_eval.suite.entries import TypedEntry, typed_entry
from sygra_eval.suite.first_row import look_at
from sygra_eval.suite.joining import check_joins
from sygra_eval.suite.schema import DataSection, SourceSection, TransformSection
from sygra_eval.values import (
    JoinType,
    Pipeline,
    Problem,
    Row,
    Sampling,
    Selection,
    SourceEntry,
    SourceSpec,
    TransformSpec,
)

_ROOT: At = ("data_config",)


@dataclass(frozen=True, slots=True, kw_only=True)
class InputChoices:
    """What else the input depends on.

    :ivar first_row: Check names on this row instead of opening the sources.
    :ivar kept_in: The folder of the run that goes on, see `SourceSpec`.
    """

    folder: Path
    seed: int
    first_row: Row | None
    kept_in: Path | None = None


@dataclass(frozen=True, slots=True)
class Input:
    """The input: None where it has errors; `pipeline` is None where nothing happens to its rows."""

    source: SourceSpec | None = None
    pipeline: Pipeline | None = None
    row: Row | None = None


def input_of(
    section: DataSection | None, document: Document, plugins: Plugins, choices: InputChoices
) -> Input:
    """Return the input and its first usable row; report what is wrong with it."""
    if section is None:
        return Input()
    raw = document.data["data_config"]
    is_list = isinstance(section.source, list)
    sections = section.source if isinstance(section.source, list) else [section.source]
    places: list[At] = [("source", i) if is_list else ("source",) for i in range(len(sections))]
    extra = {} if is_list else _id_column(section, sections[0], document)
    are_joins_right = check_joins(sections, places, document, is_list=is_list)
    raws = raw["source"] if is_list else [raw["source"]]
    entries = [
        typed_entry("sources", one, plugins, document, (*_ROOT, *at), extra=extra)
        for one, at in zip(raws, places, strict=True)
    ]
    reader = _Reader(document, plugins, choices)
    own = [reader.transforms(one, at) for one, at in zip(raws, places, strict=True)]
    last = reader.transforms(raw, ())
    selections = [reader.selection(s, at) for s, at in zip(sections, places, strict=True)]
    if not are_joins_right or reader.has_failed or any(entry is None for entry in entries):
        return Input()
    made = [
        SourceEntry(
            spec=SourceSpec(
                type=entry.type,
                config=entry.config,
                folder=choices.folder,
                kept_in=choices.kept_in,
            ),
            at=at,
            selection=selection,
            transforms=transforms,
            alias=one.alias or "",
            join_type=JoinType(one.join_type or JoinType.PRIMARY),
            primary_key=one.primary_key or "",
            join_key=one.join_key or "",
        )
        for entry, one, at, selection, transforms in zip(
            cast("list[TypedEntry]", entries), sections, places, selections, own, strict=True
        )
    ]
    pipeline = Pipeline(
        sources=tuple(made),
        transforms=last,
        id_column=section.id_column if is_list else None,
        seed=choices.seed,
        settings=json.dumps([raw, choices.seed], sort_keys=True),
    )
    needed = None if _is_plain(pipeline, is_list=is_list) else pipeline
    first = next((one for one in made if one.join_type is JoinType.PRIMARY), made[0])
    return _looked_at(first.spec, needed, raw, document, plugins, choices)


def _is_plain(pipeline: Pipeline, *, is_list: bool) -> bool:
    first = pipeline.sources[0]
    happens = first.transforms or pipeline.transforms or first.selection != Selection()
    return not is_list and not happens


def _looked_at(
    spec: SourceSpec,
    pipeline: Pipeline | None,
    raw: Mapping[str, Any],
    document: Document,
    plugins: Plugins,
    choices: InputChoices,
) -> Input:
    if choices.first_row is not None:
        return Input(spec, pipeline, choices.first_row)
    look = look_at(lambda: composed(spec, pipeline, plugins))
    for problem in look.problems:
        if pipeline is None or not problem.at:
            problem = replace(problem, at=("source", *problem.at))
        if problem.at == ("source", "id") and "id" not in raw["source"]:
            problem = replace(problem, at=("id_column",))
        document.report_problems([problem], _ROOT)
    return Input(spec, pipeline, look.row)


def _id_column(
    section: DataSection, source: SourceSection, document: Document
) -> dict[str, object]:
    """Return the key of the source that `id_column` stands for."""
    if section.id_column is None:
        return {}
    if source.own.get("id", section.id_column) != section.id_column:
        document.report(
            code="conflict",
            message="`id_column` and `source.id` mean the same and differ",
            at=("data_config", "id_column"),
            fix="take one of them out",
            is_key=True,
        )
    return {"id": section.id_column}


@dataclass(slots=True)
class _Reader:
    """Reads selections and transforms, and remembers whether one of them could not be."""

    document: Document
    plugins: Plugins
    choices: InputChoices
    has_failed: bool = False

    def selection(self, section: SourceSection, at: At) -> Selection:
        """Return what is taken of a source."""
        sample = section.sample
        sampling = None
        if sample is not None:
            seed = self.choices.seed if sample.seed is None else sample.seed
            sampling = Sampling(rows=sample.rows, seed=seed)
        return Selection(
            where=self._condition(section.where, (*at, "where")),
            sample=sampling,
            columns=None if section.columns is None else tuple(dict.fromkeys(section.columns)),
            rename=section.rename,
        )

    def transforms(self, raw: Mapping[str, Any], under: At) -> tuple[TransformSpec, ...]:
        """Return the transforms of a source, or of the joined rows."""
        given = raw.get("transforms") or ()
        found = (self._transform(one, (*under, "transforms", i)) for i, one in enumerate(given))
        return tuple(one for one in found if one is not None)

    def _transform(self, raw: object, at: At) -> TransformSpec | None:
        entry = typed_entry("transforms", raw, self.plugins, self.document, (*_ROOT, *at))
        if entry is None:
            self.has_failed = True
            return None
        section = cast("TransformSection", entry.section)
        self._report(_of_condition(entry.type, section), at)
        where = self._condition(section.where, (*at, "where"))
        return TransformSpec(use=entry.type, config=entry.config, where=where, at=at)

    def _condition(self, text: str | None, at: At) -> Condition | None:
        if text is None:
            return None
        try:
            return compile_condition(text)
        except BadCondition as error:
            self._report([condition_problem(error, text)], at)
            return None

    def _report(self, problems: Iterable[Problem], at: At) -> None:
        for problem in problems:
            self.has_failed = True
            self.document.report_problems([problem], (*_ROOT, *at))


def _of_condition(use: str, section: TransformSection) -> Iterable[Problem]:
    """Yield what is wrong with a condition's being there or not."""
    if use == "filter" and section.where is None:
        yield Problem(
            code="missing-key",
            message="the key `where` is missing in `filter`",
            fix='add `where: "..."`, a condition on columns',
        )
    if use != "filter" and section.where is not None:
        yield Problem(
            code="unknown-key",
            message=f"`{use}` takes no `where`",
            at=("where",),
            fix="put a transform `filter` before it",
            is_key=True,
        )
