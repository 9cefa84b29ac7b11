"""Ends what a run opened, wherever it was opened."""

from sygra_eval.sygra import compiled, importing


def end_all() -> None:
    """Close the session of this process, if one is open."""
    compiled.forget()
    importing.close_all()
