"""Makes the browser's types of what the server tells: `python -m sygra_eval.studio.browser_types`.

Written is `ui/src/api/types.ts`, one type a shape; a test fails where it differs from the shapes.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sygra_eval.studio.app import create_app
from sygra_eval.studio.security import Door
from sygra_eval.studio.workspace import Workspace

PLACE = Path(__file__).parent / "ui" / "src" / "api" / "types.ts"
_HEAD = (
    "// Made by `python -m sygra_eval.studio.browser_types` from the server's shapes.\n"
    "// Not to be edited.\n"
)
_PLAIN = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}
_OF_FASTAPI = frozenset({"HTTPValidationError", "ValidationError"})


def typescript() -> str:
    """Return the text of the file."""
    app = create_app(Workspace.of(Path(__file__).parent), Door(0))
    shapes: Mapping[str, Any] = app.openapi().get("components", {}).get("schemas", {})
    return _HEAD + "".join(
        f"\nexport type {name} = {_type(shapes[name])};\n"
        for name in sorted(shapes)
        if name not in _OF_FASTAPI
    )


def _type(shape: Mapping[str, Any]) -> str:
    if "$ref" in shape:
        return str(shape["$ref"]).rpartition("/")[2]
    if "const" in shape:
        return _literal(shape["const"])
    if "enum" in shape:
        return " | ".join(_literal(one) for one in shape["enum"])
    for any_of in ("anyOf", "oneOf"):
        if any_of in shape:
            return " | ".join(dict.fromkeys(_type(one) for one in shape[any_of]))
    match shape.get("type"):
        case "array" if "prefixItems" in shape:
            return f"[{', '.join(_type(one) for one in shape['prefixItems'])}]"
        case "array":
            return f"Array<{_type(shape.get('items', {}))}>"
        case "object" if "properties" in shape:
            return "{\n" + "".join(_fields(shape)) + "}"
        case "object":
            of = shape.get("additionalProperties")
            return f"Record<string, {_type(of) if isinstance(of, Mapping) else 'unknown'}>"
        case str(plain):
            return _PLAIN[plain]
    return "unknown"


def _fields(shape: Mapping[str, Any]) -> Iterator[str]:
    """Yield each field; the server always tells all of them, what it is told may lack some."""
    required = set(shape.get("required", ()))
    for name, of in shape["properties"].items():
        optional = "" if name in required else "?"
        inner = _type(of).replace("\n", "\n  ")
        yield f"  {name}{optional}: {inner};\n"


def _literal(value: object) -> str:
    return json.dumps(value)


if __name__ == "__main__":
    PLACE.parent.mkdir(parents=True, exist_ok=True)
    PLACE.write_text(typescript(), encoding="utf-8")
