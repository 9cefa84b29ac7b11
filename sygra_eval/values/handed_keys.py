"""The name that rooms share for keys which were handed to a process after it began."""

from typing import Final

KEYS_TAKEN: Final = "SYGRA_EVAL_KEYS_TAKEN"
"""The environment variable that names the variables which hold such keys, with commas."""
