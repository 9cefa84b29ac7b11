"""What has to hold among several sources before any is opened."""

from collections import Counter
from collections.abc import Iterator, Sequence

from sygra_eval.suite.document import At, Document
from sygra_eval.suite.schema import SourceSection
from sygra_eval.values import Problem

_OF_A_LIST = ("alias", "join_type", "primary_key", "join_key")
_OF_COLUMN = ("primary_key", "join_key")


def check_joins(
    sections: Sequence[SourceSection], places: Sequence[At], document: Document, *, is_list: bool
) -> bool:
    """Report what does not fit together; say whether all does."""
    find = _of_list if is_list else _of_one
    problems = list(find(sections, places))
    document.report_problems(problems, ("data_config",))
    return not problems


def _of_one(sections: Sequence[SourceSection], places: Sequence[At]) -> Iterator[Problem]:
    for key in _OF_A_LIST:
        if getattr(sections[0], key) is not None:
            yield Problem(
                code="wrong-join",
                message=f"`{key}` is for one of several sources, and this one is alone",
                at=(*places[0], key),
                fix="write the sources as a list, or take it out",
                is_key=True,
            )


def _of_list(sections: Sequence[SourceSection], places: Sequence[At]) -> Iterator[Problem]:
    for section, at in zip(sections, places, strict=True):
        yield from _of_entry(section, at)
    aliases = Counter(section.alias for section in sections if section.alias)
    for section, at in zip(sections, places, strict=True):
        if section.alias and aliases[section.alias] > 1:
            yield Problem(
                code="duplicate-name",
                message=f"two sources are called `{section.alias}`",
                at=(*at, "alias"),
                fix="give each its own",
            )
    kinds = [section.join_type for section in sections]
    stacked = kinds.count("vstack")
    if None in kinds or stacked == len(kinds):
        return
    if stacked:
        first = kinds.index("vstack")
        yield Problem(
            code="wrong-join",
            message="`vstack` is for all sources or for none",
            at=(*places[first], "join_type"),
            fix="make all of them `vstack`, or this one another",
        )
    elif kinds.count("primary") != 1:
        at = places[kinds.index("primary")] if "primary" in kinds else ("source",)
        yield Problem(
            code="wrong-join",
            message=f"{kinds.count('primary') or 'no'} sources are `primary`; one has to be, and "
            "the others are joined with its rows",
            at=at,
            fix="write `join_type: primary` at one of them",
        )


def _of_entry(section: SourceSection, at: At) -> Iterator[Problem]:
    for key in ("alias", "join_type"):
        if getattr(section, key) is None:
            yield Problem(
                code="missing-key",
                message=f"the key `{key}` is missing in one of several sources",
                at=at,
                fix=f"add `{key}: ...`",
            )
    for key in _OF_COLUMN:
        is_given = getattr(section, key) is not None
        if section.join_type == "column" and not is_given:
            yield Problem(
                code="missing-key",
                message=f"the key `{key}` is missing, by which `column` joins",
                at=at,
                fix=f"add `{key}: COLUMN`",
            )
        elif section.join_type not in ("column", None) and is_given:
            yield Problem(
                code="wrong-join",
                message=f"`{key}` is for `join_type: column`, and this is `{section.join_type}`",
                at=(*at, key),
                fix="take it out",
                is_key=True,
            )
