"""Ends what a run opened, wherever it was opened."""

import sys

from sygra_eval.sygra import importing

_COMPILED = "sygra_eval.sygra.compiled"


def end_all() -> None:
    """Close the session of this process, if one is open."""
    compiled = sys.modules.get(_COMPILED)
    if compiled is not None:  # else no task was ever begun here, and this is no time to import it
        compiled.forget()
    importing.close_all()
