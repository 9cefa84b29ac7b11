"""A suite whose rows pass through rounds, over a scripted endpoint that writes as slowly as asked.

Odd rows are wrong at first and right when revised, `sum-3` is never right, and the critic stops a
loop as soon as the tests pass.
"""

import json
from pathlib import Path

from sygra_eval.testing.endpoint import ScriptedEndpoint
from sygra_eval.testing.replies import completion

ROWS = 24
NEVER = "sum-3"
_SUITE = """\
suite: {name: rounds, description: Sums that are wrong at first}
models:
  author: {use: openai, base_url: "URL", model: scripted, max_concurrency: 3, stream: true}
data_config: {source: {type: disk, file_path: rows.jsonl, id: id}}
graph_config:
  nodes:
    solve:
      node_type: critique_loop
      draft: {model: author, prompt: [{user: "DRAFT {id}: {question}"}]}
      critique: {model: author, prompt: [{user: "CRITIQUE {id}: {candidate} {evidence}"}]}
      revise: {model: author, prompt: [{user: "REVISE {id}: {question} {critique}"}]}
      until: {sentinel: NO MORE FEEDBACK, accepted_by: [unit_tests]}
      max_rounds: 2
      output: answer
  edges: [{from: START, to: solve}, {from: solve, to: END}]
quality:
  validators:
    - {use: python_compiles, required: true}
    - {use: unit_tests, from: tests, required: true}
"""
_RIGHT = "```python\ndef add(a, b):\n    return a + b\n```"
_WRONG = "```python\ndef add(a, b):\n    return a - b\n```"


def write_suite(folder: Path, url: str) -> Path:
    """Write the suite and its rows; `url` is where its model is asked."""
    rows = [
        {"id": f"sum-{number}", "question": "Add two numbers.", "tests": "assert add(2, 3) == 5"}
        for number in range(ROWS)
    ]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    path = folder / "rounds.yaml"
    path.write_text(_SUITE.replace("URL", url))
    return path


def answers(endpoint: ScriptedEndpoint, *, seconds: float = 0.0) -> None:
    """Let the endpoint answer; `seconds` is what each answer takes."""

    def reply(body):
        prompt = body["messages"][-1]["content"]
        what, _, rest = prompt.partition(" ")
        row = rest.partition(":")[0]
        if what == "CRITIQUE":
            text = "NO MORE FEEDBACK" if "FAILED" not in prompt else "- it subtracts: use +"
        elif what == "DRAFT":
            text = _WRONG if int(row.removeprefix("sum-")) % 2 else _RIGHT
        else:
            text = _WRONG if row == NEVER else _RIGHT
        return completion(text, delay_s=seconds)

    endpoint.answers_with(reply)
