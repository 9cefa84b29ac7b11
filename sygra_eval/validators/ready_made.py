"""Judges' programs for the sandbox, compiled once out here instead of in every execution.

Compiling `inside_driver` and `typed_values` takes longer than most answers run. The code travels as
text in a small starter; an interpreter of another version finds the sources beside it and uses
those. Only texts of this package are ever compiled here, never an answer.
"""

import marshal
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from importlib.util import MAGIC_NUMBER
from pathlib import Path

ENTRY = "start.py"
STARTER = """\
import marshal, binascii, _frozen_importlib_external
READY = {{}}
if _frozen_importlib_external.MAGIC_NUMBER == {magic!r}:
    READY.update(marshal.loads(binascii.a2b_base64("{code}")))
if {main!r} not in READY:
    with open({main!r}, "rb") as file:
        READY[{main!r}] = compile(file.read(), {main!r}, "exec", dont_inherit=True)
exec(READY[{main!r}], globals())
"""


@cache
def ready_made(*names: str) -> Mapping[str, str]:
    """Give the files with which `ENTRY` runs the first of these modules of ours.

    It finds the others compiled in its global `READY`, by their file names; where they are not
    there, it has to read and compile them itself.
    """
    sources = {f"{name}.py": source_of(name) for name in names}
    code = marshal.dumps(
        {file: compile(text, file, "exec", dont_inherit=True) for file, text in sources.items()}
    )
    starter = STARTER.format(
        magic=MAGIC_NUMBER, main=f"{names[0]}.py", code=b64encode(code).decode("ascii")
    )
    return {ENTRY: starter, **sources}


def source_of(name: str) -> str:
    """Read a module of this package, as text."""
    return Path(__file__).with_name(f"{name}.py").read_text("utf-8")
