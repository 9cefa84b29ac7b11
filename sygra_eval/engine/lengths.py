"""Holds the vectors of each model of a run to one length, over all its starts.

A vector that is longer or shorter than the others was made by another model behind the same name,
and no comparison with it means anything. The first answer says how long they are, in the journal.
"""

from dataclasses import dataclass, field

from sygra_eval.journal import Journal
from sygra_eval.values import CallFailed, ChatResponse, length_of_vector

EVENT = "vector_length"


@dataclass(slots=True)
class Lengths:
    """How long the vectors of a run are, by model."""

    _of: dict[str, int] = field(default_factory=dict)
    _is_read: bool = False

    def check(self, model: str, response: ChatResponse, journal: Journal) -> None:
        """Refuse an answer whose vector is of another length than the first of this model.

        :raises CallFailed: `wrong_shape`.
        :raises BadAnswer: When it is no vector.
        """
        self._read(journal)
        length = length_of_vector(response)
        first = self._of.get(model)
        if first is None:
            self._of[model] = length
            journal.event(EVENT, model=model, length=length)
        elif first != length:
            told = f"`{model}` made a vector of {length} numbers, where the first of this run has"
            advice = "does one model answer to this name? `parameters: {dimensions: …}` fixes it"
            raise CallFailed("wrong_shape", f"{told} {first}: {advice}")

    def _read(self, journal: Journal) -> None:
        """Take what earlier starts found."""
        if self._is_read:
            return
        self._is_read = True
        for event in journal.reader.events():
            if event.kind == EVENT:
                self._of.setdefault(str(event.data["model"]), int(str(event.data["length"])))
