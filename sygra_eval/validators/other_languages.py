"""Takes JavaScript or a shell script out of an answer; pure, and nothing of it is executed.

The rules are those of `extract`, as far as they need no parser of the language: here a fence is
known by its tag, and what it defines by the look of its lines. Nothing is repaired.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from sygra_eval.validators.fences import Fence, fences_of

UNTAGGED = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """What is known of a language from outside.

    :ivar name: As a suite writes it.
    :ivar title: As a person writes it.
    :ivar tags: Of its fences, in lower case.
    :ivar first_line: The beginning of an answer that is a program and nothing else.
    :ivar defined: Finds the names that a program defines at its top level.
    :ivar check: A line that only tries the program out.
    """

    name: str
    title: str
    tags: frozenset[str]
    first_line: re.Pattern[str]
    defined: re.Pattern[str] | None = None
    check: re.Pattern[str] | None = None


JAVASCRIPT = Language(
    name="javascript",
    title="JavaScript",
    tags=frozenset({"js", "javascript", "node", "nodejs", "mjs", "cjs", "ecmascript", "es6"}),
    first_line=re.compile(
        r"""(?:export\s|import\s|async\s+function|function\b|class\s|const\s|let\s|var\s|//|/\*"""
        r"""|["']use strict["']|module\.exports|exports\.)"""
    ),
    defined=re.compile(
        r"^(?:export\s+)?(?:default\s+)?(?:(?:async\s+)?function\s*\*?\s*|class\s+|(?:const|let|var)\s+)"
        r"(?P<name>[\w$]+)"
        r"|^(?:module\.)?exports\.(?P<exported>[\w$]+)\s*=",
        re.MULTILINE,
    ),
    check=re.compile(
        r"^\s*(?:$|//|/?\*|console\.\w+\(|(?:console\.)?assert\b|[\w$.]+\([^{}]*\);?\s*(?://.*)?$"
        r"|(?:const|let|var)\s+(?:\w+\s*=\s*)?(?:assert|\{[^}]*\})\s*=?\s*require\()"
    ),
)
SHELL = Language(
    name="shell",
    title="shell",
    tags=frozenset({"sh", "bash", "shell", "shellscript", "posix"}),
    first_line=re.compile(r"#!\s*/\S*(?:\b|/)(?:env\s+)?(?:ba|da)?sh\b"),
)
LANGUAGES = {language.name: language for language in (JAVASCRIPT, SHELL)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A program, the rule that found it, and the tag of its fence."""

    code: str
    rule: str
    tag: str = UNTAGGED
    warnings: tuple[str, ...] = ()


def found_in(text: str, language: Language, entry_point: str | None) -> Found | str:
    """Find the program in an answer without reasoning; a text says why there is none."""
    fences = fences_of(text)
    named = [fence for fence in fences if fence.tag in language.tags]
    candidates = named or (list(fences) if [f.tag for f in fences] == [UNTAGGED] else [])
    closed = [fence for fence in candidates if fence.is_closed and fence.content.strip()]
    if closed:
        return from_closed(closed, language, entry_point)
    unclosed = [fence for fence in candidates if fence.content.strip()]
    if unclosed:
        last = unclosed[-1]
        return Found(
            code=ended(last.content.rstrip()),
            rule="5:unclosed-fence",
            tag=last.tag,
            warnings=("the fence is not closed",),
        )
    if not fences and language.first_line.match(text.lstrip()):
        return Found(code=ended(text.strip()), rule="7:no-fence")
    return f"no_code: no {language.title} code in the answer (rule 15)"


def from_closed(fences: list[Fence], language: Language, entry_point: str | None) -> Found:
    """Choose the last fence that is a program, with those before it that it builds on."""
    if len(fences) == 1:
        return made(fences[0], "1:single-fence", language, entry_point)
    programs = [fence for fence in fences if not is_only_checks(fence.content, language)] or fences
    defines = defining(language)
    good = [fence for fence in programs if entry_point in defines(fence.content)]
    chosen = (good or programs)[-1]
    earlier = programs[: programs.index(chosen)]
    helpers = needed_before(chosen.content, earlier, defines)
    if not helpers:
        return made(chosen, "2:last-fence", language, entry_point)
    joined = "\n".join(ended(fence.content) for fence in [*helpers, chosen])
    return made(Fence(chosen.tag, joined, is_closed=True), "3:joined-fences", language, entry_point)


def needed_before(
    chosen: str, earlier: list[Fence], defines: Callable[[str], set[str]]
) -> list[Fence]:
    """Find earlier fences that define a name which a later kept one only uses."""
    kept: list[Fence] = []
    text, known = chosen, defines(chosen)
    for fence in reversed(earlier):
        missing = defines(fence.content) - known
        if any(re.search(rf"(?<![\w$.]){re.escape(name)}(?![\w$])", text) for name in missing):
            if defines(fence.content) & known:
                continue  # an earlier version of the same program, not a part of it
            kept.insert(0, fence)
            text, known = fence.content + text, known | missing
    return kept


def made(fence: Fence, rule: str, language: Language, entry_point: str | None) -> Found:
    """Hand the program out with what is odd about it."""
    warnings: tuple[str, ...] = ()
    if language.defined and entry_point and entry_point not in defining(language)(fence.content):
        warnings = (f"`{entry_point}` is not seen to be defined at the top level",)
    return Found(code=ended(fence.content), rule=rule, tag=fence.tag, warnings=warnings)


def defining(language: Language) -> Callable[[str], set[str]]:
    """Make a function that gives the names which a text defines; none where that is not known."""
    pattern = language.defined

    def defines(text: str) -> set[str]:
        if pattern is None:
            return set()
        return {name for found in pattern.finditer(text) for name in found.groups() if name}

    return defines


def is_only_checks(text: str, language: Language) -> bool:
    """Whether a fence only tries out what others define."""
    check = language.check
    return check is not None and all(check.match(line) for line in text.split("\n"))


def ended(code: str) -> str:
    """End the last line."""
    return code if code.endswith("\n") else code + "\n"
