"""`--model NAME=WHAT`: another model under a name of the suite."""

from pathlib import Path
from typing import Any

from sygra_eval.values import UsageError

_FORMS = "embedded, PATH.gguf, replay:RUN or URL#MODEL"


def parse_override(given: str) -> tuple[str, dict[str, Any]]:
    """Split `NAME=WHAT` and read WHAT.

    :raises UsageError: When it is of another form.
    """
    name, equals, what = given.partition("=")
    if not (name and equals and what):
        raise UsageError(f"--model {given}: write NAME=WHAT; WHAT is {_FORMS}")
    return name, override_model(what)


def override_model(what: str) -> dict[str, Any]:
    """Return the model entry that WHAT stands for, as it would stand in a suite.

    :raises UsageError: When it is none of the known forms.
    """
    if what == "embedded":
        return {"use": "embedded"}
    if what.startswith("replay:") and what != "replay:":
        run = Path(what.removeprefix("replay:"))
        return {"use": "replay", "run": str(run.absolute() if run.is_dir() else run)}
    if what.startswith(("http://", "https://")):
        url, _, model = what.partition("#")
        if not model:
            raise UsageError(f"--model …={what}: say which model, as in `{url}#MODEL`")
        return {"use": "openai", "base_url": url, "model": model}
    if what.endswith(".gguf"):
        return {"use": "embedded", "model": str(Path(what).absolute())}
    raise UsageError(f"--model …={what}: WHAT is {_FORMS}")
