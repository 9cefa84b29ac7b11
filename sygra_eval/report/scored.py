"""What judging candidates again came to: the verdicts that flipped, and who could not say."""

import json
from collections.abc import Iterator

from sygra_eval.engine import Scored
from sygra_eval.report.closing import closing_json
from sygra_eval.report.comparison import comparison_json, comparison_text
from sygra_eval.report.layout import wrapped


def scored_text(scored: Scored) -> str:
    """Return the comparison with the verdicts of before, for a terminal."""
    blocks = [*_unsupported(scored)]
    if scored.comparison is not None:
        blocks.insert(0, comparison_text(scored.comparison).rstrip("\n"))
    return "\n\n".join(blocks) + "\n" if blocks else ""


def scored_json(scored: Scored) -> dict[str, object]:
    """Return the line of the new run, with the comparison beside it."""
    found = scored.comparison
    code = int(scored.summary.exit_code)
    return {
        **json.loads(closing_json(scored.summary)),
        "comparison": None if found is None else comparison_json(found, exit_code=code),
        "unsupported": list(scored.unsupported),
    }


def _unsupported(scored: Scored) -> Iterator[str]:
    for name in scored.unsupported:
        yield wrapped(
            f"`{name}` asks a model, and the run kept no such answer: its verdicts are errors. "
            "Only a new run can judge by it",
            indent="  ",
        )
