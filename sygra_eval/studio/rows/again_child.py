"""Judges a candidate again in a process of its own: `python -m sygra_eval.studio.rows.again_child`.

A validator may be a plugin's, and the code that it runs a stranger's: neither belongs into the
server. What is asked comes as one JSON document on standard input; lines of JSON go out.
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from sygra_eval.engine import AskedAgain, judged_again
from sygra_eval.journal import plain
from sygra_eval.studio.rows.rounds import verdict_told
from sygra_eval.studio.rows.texts import MOST_CHARACTERS, Text, Texts
from sygra_eval.values import SygraEvalError, UsageError


class _Beginnings(Texts):
    """Texts that stand nowhere else, so a long one is cut and the rest cannot be asked for."""

    def told(self, text: str, *place: str | int) -> Text:
        """Tell the beginning of a text."""
        del place
        return Text(text=plain(text[:MOST_CHARACTERS]), length=len(text), of=None)


def main() -> int:
    """Do what standard input asks for."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a plugin prints is no answer
    request = json.loads(sys.stdin.buffer.read())
    try:
        asyncio.run(_judge(request, out))
    except UsageError as error:  # what a person can change stands in the diagnostics
        told = [
            f"{one.message}; {one.fix}" if one.fix else one.message for one in error.diagnostics
        ]
        _say(out, {"error": "\n".join(told) or str(error)})
    except SygraEvalError as error:
        _say(out, {"error": str(error)})
    return 0


async def _judge(request: Mapping[str, Any], out: TextIO) -> None:
    asked = AskedAgain(**request["asked"])
    async for said in judged_again(Path(request["folder"]), asked):
        told = {
            "validator": said.now.validator,
            "journalled": said.journalled.status.value,
            "agrees": said.agrees,
            "now": verdict_told(said.now, _Beginnings(), "now").model_dump(mode="json"),
        }
        _say(out, {"said": told})


def _say(out: TextIO, told: Mapping[str, Any]) -> None:
    out.write(f"{json.dumps(told)}\n")
    out.flush()


if __name__ == "__main__":
    sys.exit(main())
