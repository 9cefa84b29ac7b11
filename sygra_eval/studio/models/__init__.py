"""Models in Studio: their forms, their file, what is known of them, and their tests.

`forms` makes a form of each model type from what the code validates; `listing` reads the folder's
models, `checking` says what is wrong with one by its fields, and both run where `reading` lets
them (`operations`): in the server, or in a `child` where the folder has plugins of its own.
`editing` changes one model of `models.yaml`: `splice` in its text, `file` on the disk. `trying`
runs the tests, whose steps turn `lights`.
"""

from sygra_eval.studio.models.editing import (
    Draft,
    NotValid,
    drafted,
    removed,
    written,
)
from sygra_eval.studio.models.file import CannotWrite, ChangedOnDisk, read_models_file
from sygra_eval.studio.models.listing import key_of
from sygra_eval.studio.models.reading import ask
from sygra_eval.studio.models.splice import CannotSplice
from sygra_eval.studio.models.trying import ModelTest, ModelTests, ask_child, lines_of_child

__all__ = [
    "CannotSplice",
    "CannotWrite",
    "ChangedOnDisk",
    "Draft",
    "ModelTest",
    "ModelTests",
    "NotValid",
    "ask",
    "ask_child",
    "drafted",
    "key_of",
    "lines_of_child",
    "read_models_file",
    "removed",
    "written",
]
