"""Names of an export: variables of SyGra's state, classes of its Python, models of its catalogue.

A name of a suite never becomes Python as it stands: what is written is made of letters, digits and
`_`, behind a word of ours.
"""

import re
from dataclasses import dataclass, field

TAKEN_BY_SYGRA = frozenset(
    {"messages", "__chat_history__", "execution_error", "tool_calls", "_agent_prompt", "self"}
)
"""Variables that SyGra's state has a use of its own for; `self` it hands on as a keyword."""

PLAIN = re.compile(r"[^\W\d]\w*(->\w+)?")
"""What a placeholder of SyGra may be called."""


def plain_word(text: str) -> str:
    """Return a text as a piece of an identifier."""
    return re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")[:40] or "x"


@dataclass(slots=True)
class Names:
    """What is called how; none is given twice."""

    variables: set[str] = field(default_factory=lambda: set(TAKEN_BY_SYGRA))
    classes: set[str] = field(default_factory=lambda: {"TaskExecutor"})
    nodes: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)

    def variable(self, wanted: str) -> str:
        """Return a variable of the state that nothing else uses."""
        return _free(plain_word(wanted) if not PLAIN.fullmatch(wanted) else wanted, self.variables)

    def one_class(self, kind: str, name: str) -> str:
        """Return a class's name: a word of ours, and what is left of the suite's name."""
        return _free(f"{kind}_{plain_word(name)}", self.classes)

    def node(self, wanted: str) -> str:
        """Return a node's name."""
        return _free(wanted, self.nodes)

    def file(self, wanted: str) -> str:
        """Return the name of a module or folder of the task."""
        word = plain_word(wanted)
        return _free(f"n{word}" if word[0].isdigit() else word, self.files)


def _free(wanted: str, taken: set[str]) -> str:
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}_{number}"
    taken.add(name)
    return name
