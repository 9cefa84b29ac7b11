"""Takes the code out of an answer; pure, and nothing of it is ever executed.

The rules are numbered as in `sandbox.md` section 9 and tried in an order that makes the outcome
unambiguous; the one that found the code is evidence. There is no repair beyond them: adding an
import or renaming a function would verify what the model did not write.
"""

import json
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass

from sygra_eval.validators.fences import Fence, fences_of
from sygra_eval.validators.other_languages import LANGUAGES as OTHER_LANGUAGES
from sygra_eval.validators.other_languages import Found, found_in
from sygra_eval.validators.syntax import (
    defined_names,
    is_only_checks,
    parses,
    parsing_head,
    used_names,
)
from sygra_eval.values import Candidate

PYTHON = "python"
LONGEST_ANSWER = 64 * 1024  # a parser can be made to use much memory per byte
MOST_STARTS = 8  # more beginnings than that are prose about imports
LANGUAGES = frozenset({"", "python", "py", "python3", "python2", "py3", "pycon"})
WRONG_TAGS = frozenset({"js", "javascript", "text", "plaintext", "txt", "plain", "code", "java"})
SMART = str.maketrans("\u201c\u201d\u2018\u2019\u00a0", "\"\"'' ")  # quotes, no-break space
THINKING = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
UNCLOSED_THINKING = re.compile(r"<think(?:ing)?>", re.IGNORECASE)
CODE_ELEMENT = re.compile(r"<(code|answer|solution)>(?P<code>.*)</\1>", re.DOTALL)
PROMPT = re.compile(r"^(?:>>>|\.\.\.)(?: (?P<typed>.*)|$)", re.MULTILINE)
FIRST_LINE_OF_CODE = re.compile(r"(?:import|from|def|async def|class)\s|@\w")


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """The code of an answer and the rule that found it; without code, why there is none.

    :ivar tag: Of its fence, where that tells dialects apart (`sh`, `bash`).
    """

    code: str | None
    rule: str
    warnings: tuple[str, ...] = ()
    tag: str = ""


def extract(
    answer: str, entry_point: str | None = None, prompt_stub: str | None = None
) -> Extracted:
    """Find the Python code that the answer means to be judged by."""
    text = answered_text(answer)
    if isinstance(text, Extracted):
        return text
    fences = fences_of(text)
    found = from_fences(fences, entry_point) if fences else from_plain_text(text, entry_point)
    if prompt_stub is not None and (found is None or not names_it(entry_point)(found.code or "")):
        found = from_body(fences, text, prompt_stub, entry_point) or found
    if found is not None:
        return found
    if any(not fence.is_closed for fence in fences):
        return Extracted(code=None, rule="no_code: truncated (rule 5)")
    return Extracted(code=None, rule="no_code: no Python code in the answer (rule 15)")


def extract_other(answer: str, language: str, entry_point: str | None = None) -> Extracted:
    """Find the code of a language that is not Python: `javascript` or `shell`."""
    text = answered_text(answer)
    if isinstance(text, Extracted):
        return text
    match found_in(text, OTHER_LANGUAGES[language], entry_point):
        case Found(code=code, rule=rule, tag=tag, warnings=warnings):
            return Extracted(code=code, rule=rule, warnings=warnings, tag=tag)
        case why:
            return Extracted(code=None, rule=str(why))


def answered_text(answer: str) -> str | Extracted:
    """Take the reasoning and the wrapping off an answer, or say why there is nothing to look in."""
    if len(answer) > LONGEST_ANSWER:
        return Extracted(code=None, rule=f"no_code: longer than {LONGEST_ANSWER // 1024} KiB")
    text = unwrapped(THINKING.sub("", normalised(answer)))
    if UNCLOSED_THINKING.search(text):
        return Extracted(code=None, rule="no_code: unclosed reasoning (rule 11)")
    return text


def candidate_of(answer: str, entry_point: str | None, language: str = PYTHON) -> Candidate:
    """Make a candidate of an answer: its text, its code and how that was found."""
    is_python = language == PYTHON
    found = extract(answer, entry_point) if is_python else extract_other(answer, language)
    return Candidate(
        text=answer,
        code=found.code,
        extraction=found.rule,
        warnings=found.warnings,
        entry_point=entry_point,
        language=language,
        tag=found.tag,
    )


def normalised(answer: str) -> str:
    """Unify line ends and drop the byte order mark (rule 6)."""
    return answer.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")


def unwrapped(text: str) -> str:
    """Take the code out of a JSON object or an XML element that wraps it (rule 14)."""
    inner = text.strip()
    if inner.startswith("{") and inner.endswith("}"):
        try:
            held = json.loads(inner)
        except (ValueError, RecursionError):
            return text
        code = held.get("code")
        return code if isinstance(code, str) else text
    element = CODE_ELEMENT.fullmatch(inner)
    return element["code"] if element else text


def from_fences(fences: tuple[Fence, ...], entry_point: str | None) -> Extracted | None:
    """Apply the rules for fenced code."""
    python = [fence for fence in fences if fence.tag in LANGUAGES]
    closed = [fence for fence in python if fence.is_closed]
    if len(fences) == 1 and closed:
        return made("1:single-fence", closed[0].content, entry_point)
    if closed:
        found = from_several([readable(fence.content) for fence in closed], entry_point)
        if found is not None:
            return found
    for fence in reversed(python):
        if not fence.is_closed:
            return from_unclosed(fence.content, entry_point)
    for fence in reversed(fences):
        if is_mistagged(fence, entry_point):
            rule, warning = "4:wrong-tag", f"the code is fenced as `{fence.tag}`"
            return made(rule, fence.content, entry_point, warning)
    return None


def from_several(blocks: list[str], entry_point: str | None) -> Extracted | None:
    """Choose among closed Python fences: the last whole one, or several that build on each other.

    Answers improve downwards, so the last wins.
    """
    whole = [block for block in blocks if parses(block) and not is_only_checks(block)]
    if not whole:
        broken = [block for block in blocks if not parses(block)]
        meant = [block for block in broken if f"def {entry_point}" in block] or broken
        return made("2:last-fence", meant[-1], entry_point) if meant else None
    defining = [block for block in whole if entry_point in defined_names(block)]
    chosen = (defining or whole)[-1]
    if entry_point is not None and not defining:
        return made("2:last-fence", chosen, entry_point)
    helpers = needed_before(chosen, whole[: whole.index(chosen)])
    if helpers:
        joined = "\n\n".join([*helpers, chosen])
        if parses(joined):
            return made("3:joined-fences", joined, entry_point)
    return made("2:last-fence", chosen, entry_point)


def needed_before(chosen: str, earlier: list[str]) -> list[str]:
    """Find the earlier blocks, in order, that define a name which a later kept one only uses."""
    kept: list[str] = []
    missing = used_names(chosen) - defined_names(chosen)
    for block in reversed(earlier):
        defined = defined_names(block)
        if defined & missing:
            kept.insert(0, block)
            missing = (missing - defined) | (used_names(block) - defined)
    return kept


def from_unclosed(content: str, entry_point: str | None) -> Extracted | None:
    """Take a fence that runs to the end; cut an unfinished last statement if it is not the one."""
    rule, text = "5:unclosed-fence", readable(content.rstrip() + "\n")
    if parses(text):
        return made(rule, text, entry_point, "the fence is not closed")
    shorter = parsing_head(text.split("\n"))
    if shorter is None or not names_it(entry_point)(shorter):
        return None
    return made(rule, shorter, entry_point, "the answer is cut off after this code")


def is_mistagged(fence: Fence, entry_point: str | None) -> bool:
    """Whether a fence of another name holds the Python that was asked for."""
    if fence.tag not in WRONG_TAGS or not fence.is_closed or not parses(fence.content):
        return False
    names = defined_names(fence.content)
    return entry_point in names if entry_point else bool(names)


def from_plain_text(text: str, entry_point: str | None) -> Extracted | None:
    """Apply rule 7: the whole text, else the longest run of lines that is a program."""
    good = names_it(entry_point)
    whole = readable(text)
    if parses(whole) and good(whole):
        return made("7:no-fence", whole, entry_point)
    lines = whole.split("\n")
    starts = [n for n, line in enumerate(lines) if FIRST_LINE_OF_CODE.match(line)]
    for start in starts[:MOST_STARTS]:
        run = parsing_head(lines[start:])
        if run is not None and good(run):
            return made("7:no-fence", run, entry_point, "code without a fence, among prose")
    return None


def from_body(
    fences: tuple[Fence, ...], text: str, stub: str, entry_point: str | None
) -> Extracted | None:
    """Apply rule 8: the prompt's signature with the answer as its body."""
    body = fences[-1].content if fences else text
    if not body.strip():
        return None
    joined = f"{stub.rstrip()}\n{textwrap.indent(textwrap.dedent(body), '    ')}"
    if not parses(joined) or not names_it(entry_point)(joined):
        return None
    return made("8:body-of-the-stub", joined, entry_point)


def names_it(entry_point: str | None) -> Callable[[str], bool]:
    """Make a test for code that defines the entry point, or anything where none is known."""

    def does(code: str) -> bool:
        names = defined_names(code)
        return entry_point in names if entry_point else bool(names)

    return does


def readable(content: str) -> str:
    """Repair what keeps code from parsing: a transcript's prompts (10), typographic marks (6)."""
    if PROMPT.search(content) and not parses(content):
        lines = (PROMPT.match(line) for line in content.split("\n"))
        typed = "\n".join(line["typed"] or "" for line in lines if line) + "\n"
        return typed if parses(typed) else content
    plain = content.translate(SMART)
    return plain if plain != content and not parses(content) and parses(plain) else content


def made(rule: str, content: str, entry_point: str | None, *warnings: str) -> Extracted | None:
    """Hand the code out with what is odd about it; a syntax error is evidence, not silence."""
    code = readable(content)
    if not code.strip():
        return None
    notes = list(warnings)
    if not parses(code):
        return Extracted(code=ended(code), rule=rule, warnings=(*notes, "it does not parse"))
    if code != content:
        notes.append("typographic marks or a transcript's prompts were replaced (rules 6, 10)")
    if entry_point and entry_point not in defined_names(code):
        notes.append(f"`{entry_point}` is not defined at the top level")
    return Extracted(code=ended(code), rule=rule, warnings=tuple(notes))


def ended(code: str) -> str:
    """End the last line."""
    return code if code.endswith("\n") else code + "\n"
