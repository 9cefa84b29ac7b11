"""One call as it was asked and answered, and what repeats it: a line of curl, a test."""

import json
import shlex
from collections.abc import Mapping
from typing import Any

from sygra_eval.engine import JOURNAL, Asked, asked_in, source_row, suite_document
from sygra_eval.journal import JournalReader, open_readonly, response_to_json
from sygra_eval.studio.rows.index import Index
from sygra_eval.studio.rows.texts import Text, Texts
from sygra_eval.studio.told import Told
from sygra_eval.studio.workspace import NotThere
from sygra_eval.values import Row, SygraEvalError

_CHAT = frozenset({"openai", "vllm"})
_MOST_COPIED = 200_000


class MessageTold(Told):
    """One turn of a prompt."""

    role: str
    content: Text


class CallTold(Told):
    """One call.

    :ivar label: Where it was asked from, and who.
    :ivar messages: The rendered prompt; empty where it cannot be found out.
    :ivar is_proven: The prompt's hash is the one in the journal, so it is the one that was sent.
    :ivar prompt_is: How sure the prompt is, in a sentence.
    :ivar request: As JSON in OpenAI's form; `response` as the journal keeps it.
    :ivar curl: Sends it again, its key named as a variable; null for what curl does not reach.
    :ivar test: A test in pytest that asks the same of the model.
    """

    number: int
    row: str
    label: str
    messages: list[MessageTold]
    is_proven: bool
    prompt_is: str
    answer: Text
    request: Text | None
    response: Text
    curl: str | None
    test: str | None


def call_of(index: Index, number: int, texts: Texts) -> CallTold:
    """Tell a call.

    :raises NotThere: When there is none of this number.
    """
    with open_readonly(index.folder / JOURNAL) as reader:
        call = reader.call(number)
        if call is None:
            raise NotThere("this run has no such call, or it is damaged")
        asked, why = _asked(index, reader, call.site.record, number)
    place = ("calls", number)
    models = suite_document(index.folder).get("models") or {}
    name = asked.model if asked is not None else call.model
    entry = models.get(name) if isinstance(models, Mapping) else None
    body = _body(asked, entry)
    response = json.dumps(response_to_json(call.response), ensure_ascii=False, indent=2)
    return CallTold(
        number=number,
        row=call.site.record,
        label=f"{call.site.node}, round {call.site.visit}, draft {call.site.sample + 1}, by {name}",
        messages=[
            MessageTold(
                role=message.role,
                content=texts.told(message.content, *place, "messages", at),
            )
            for at, message in enumerate(asked.request.messages if asked is not None else ())
        ],
        is_proven=asked is not None and asked.is_proven,
        prompt_is=why,
        answer=texts.told(call.response.text, *place, "answer"),
        request=None
        if body is None
        else texts.told(json.dumps(body, ensure_ascii=False, indent=2), *place, "request"),
        response=texts.told(response, *place, "response"),
        curl=_curl(body, entry),
        test=_test(number, call.site.record, body, entry),
    )


def _asked(
    index: Index, reader: JournalReader, record: str, number: int
) -> tuple[Asked | None, str]:
    """Find the prompt out again, and say how sure it is."""
    end = reader.find(record)
    row = source_row(end, index.folder) if end is not None else None
    if not isinstance(row, Row):
        return None, "The prompt is shown once the row has ended: the journal keeps its hash alone."
    try:
        found = asked_in(index.folder, reader, row, index.numbers_of(record, reader))
    except SygraEvalError as error:
        return None, f"The prompt cannot be made again here: {error}"
    asked = found.get(number)
    if asked is None:
        return None, (
            "The prompt cannot be made again: a validator or a plugin asked, or a node that needs"
            " code of its own."
        )
    if asked.is_proven:
        return asked, "This is what was sent: its hash is the one in the journal."
    return asked, (
        "The prompt was made again, and its hash is not the one in the journal: it may have been"
        " shortened, changed by a plugin, or asked in another form."
    )


def _body(asked: Asked | None, entry: object) -> dict[str, Any] | None:
    if asked is None:
        return None
    model = entry.get("model", asked.model) if isinstance(entry, Mapping) else asked.model
    messages = [message.as_dict() for message in asked.request.messages]
    return {"model": model, "messages": messages, **asked.request.parameters}


def _curl(body: Mapping[str, Any] | None, entry: object) -> str | None:
    """Return the command; no key is in it, only the name of the variable that holds it."""
    if body is None or not isinstance(entry, Mapping) or entry.get("use") not in _CHAT:
        return None
    base, key = entry.get("base_url"), entry.get("api_key_env")
    if not isinstance(base, str):
        return None
    data = json.dumps(body, ensure_ascii=False)
    if len(data) > _MOST_COPIED:
        return None
    lines = [
        f"curl {shlex.quote(base.rstrip('/') + '/chat/completions')}",
        "-H 'Content-Type: application/json'",
    ]
    if isinstance(key, str) and key.isidentifier():
        lines.append(f'-H "Authorization: Bearer ${key}"')
    return " \\\n  ".join([*lines, f"--data-raw {shlex.quote(data)}"])


def _test(number: int, record: str, body: Mapping[str, Any] | None, entry: object) -> str | None:
    """Return a test that asks the same and looks at the answer; it needs nothing of ours."""
    if body is None or _curl(body, entry) is None or not isinstance(entry, Mapping):
        return None
    key = entry.get("api_key_env")
    header = f'{{"Authorization": f"Bearer {{os.environ[{key!r}]}}"}}' if key else "{}"
    return f"""# Call {number} of row {record!a}, asked again.
import json
import os
import urllib.request

BODY = json.loads({json.dumps(body)!r})


def test_the_model_answers_this_prompt():
    request = urllib.request.Request(
        {entry["base_url"].rstrip("/") + "/chat/completions"!r},
        json.dumps(BODY).encode(),
        {{"Content-Type": "application/json"}} | {header},
    )
    with urllib.request.urlopen(request, timeout=120) as reply:
        answer = json.load(reply)["choices"][0]["message"]["content"]

    assert answer.strip()  # say here what a right answer holds
"""
