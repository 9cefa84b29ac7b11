"""A model's own chat template, as it comes with its weights, for `api: completions`.

It is written in Jinja and rendered in Jinja's sandbox: what it may touch are the messages, which
are values to it and never templates themselves. There is no clock and no chance in it, so that a
prompt is the same when a run is resumed. The token that begins a text is left out, because a server
that takes plain texts puts it there itself.
"""

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

from sygra_eval.values import CallFailed, Message, UsageError

FILES = ("chat_template.jinja", "tokenizer_config.json")
MOST_BYTES = 4 * 1024 * 1024


class ChatTemplate:
    """What makes one text of a conversation.

    :ivar eos_token: What ends a turn, where the tokenizer's configuration says it.
    """

    def __init__(
        self, source: str, *, eos_token: str = "", where: str = "the chat template"
    ) -> None:
        self.source = source
        self.eos_token = eos_token
        self._where = where

    @classmethod
    def read(cls, path: Path) -> "ChatTemplate":
        """Read a `.jinja` file, a `tokenizer_config.json`, or the model's folder with either.

        :raises UsageError: When there is none, or it is none.
        """
        if path.is_dir():
            found = [path / name for name in FILES if (path / name).is_file()]
            if not found:
                raise UsageError(f"{path} holds no chat template: neither {' nor '.join(FILES)}")
            beside = _config_in(path / FILES[1]) if (path / FILES[1]).is_file() else {}
        else:
            found = [path]
            beside = _config_in(path.parent / FILES[1]) if path.name == FILES[0] else {}
        text = _text_in(found[0])
        config = _config_in(found[0]) if found[0].suffix == ".json" else beside
        source = _source_in(config, found[0]) if found[0].suffix == ".json" else text
        template = cls(source, eos_token=_token(config.get("eos_token")), where=str(found[0]))
        template._compiled  # noqa: B018 - so that it is refused now, if it is none
        return template

    @property
    def digest(self) -> str:
        """Return what tells two templates apart: answers to one are no answers to another."""
        return hashlib.sha256(f"{self.eos_token}\0{self.source}".encode()).hexdigest()[:12]

    def text_of(self, messages: tuple[Message, ...]) -> str:
        """Return the text from which the model goes on.

        :raises CallFailed: When the template refuses these messages.
        """
        from jinja2 import TemplateError

        try:
            text: str = self._compiled.render(
                messages=[message.as_dict() for message in messages],
                add_generation_prompt=True,
                bos_token="",
                eos_token=self.eos_token,
                tools=None,
                raise_exception=_refuse,
            )
        except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise CallFailed("bad_request", f"{self._where} refuses the prompt: {error}") from error
        return text

    @cached_property
    def _compiled(self) -> Any:
        # As Hugging Face's tokenizers render it. It takes time to import, and few models need it.
        from jinja2 import TemplateError
        from jinja2.sandbox import ImmutableSandboxedEnvironment

        environment = ImmutableSandboxedEnvironment(  # a prompt is no page: nothing is escaped
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,
            extensions=["jinja2.ext.loopcontrols"],
        )
        environment.filters["tojson"] = _as_json
        try:
            return environment.from_string(self.source)
        except TemplateError as error:
            raise UsageError(f"{self._where} is no chat template: {error}") from error


def _as_json(value: object, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _refuse(why: str) -> NoReturn:
    raise ValueError(why)


def _text_in(path: Path) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UsageError(f"{path} is larger than {MOST_BYTES // 2**20} MiB: is it a template?")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the chat template {path} cannot be read: {error}") from error


def _config_in(path: Path) -> Mapping[str, Any]:
    """Return a tokenizer's configuration; nothing where there is none."""
    if not path.is_file():
        return {}
    try:
        config = json.loads(_text_in(path))
    except ValueError as error:
        raise UsageError(f"{path} is no JSON: {error}") from error
    return config if isinstance(config, dict) else {}


def _source_in(config: Mapping[str, Any], path: Path) -> str:
    """Return the template of a configuration; of several that are named the default one."""
    given = config.get("chat_template")
    if isinstance(given, list):
        named = {one.get("name"): one.get("template") for one in given if isinstance(one, dict)}
        given = named.get("default")
    if not isinstance(given, str):
        told = f"{path} holds no chat template; give `chat_template` another file, or write"
        raise UsageError(f"{told} a `template`")
    return given


def _token(given: object) -> str:
    if isinstance(given, dict):
        given = given.get("content")
    return given if isinstance(given, str) else ""
