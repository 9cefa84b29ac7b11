"""Makes a row of the output of a record's last state."""

from typing import Any


class BaseOutputGenerator:
    """The output map: a field each, from a variable or a value, through a method of this class."""

    def __init__(self, config: Any = None) -> None:
        self.config = config if isinstance(config, dict) else {}
        self.output_map: dict[str, Any] = self.config.get("output_map") or {}

    def generate(self, state: Any) -> dict[str, Any] | None:
        """Return the row, or None for a record that gives none."""
        return self._build_record(state)

    def _build_record(self, state: Any) -> dict[str, Any] | None:
        return {
            name: self._resolve_field(mapping, state) for name, mapping in self.output_map.items()
        }

    def _resolve_field(self, mapping: Any, state: Any) -> Any:
        value = mapping["value"] if "value" in mapping else state.get(mapping.get("from"))
        if (transform := mapping.get("transform")) is None:
            return value
        return getattr(self, transform)(value, state)
