"""Blocks of a node that say which model is asked, and how."""

from collections.abc import Mapping
from typing import Any

from sygra_eval.sygra.shim.exceptions import ValidationError

_OF_MODEL = ("structured_output", "input_type", "output_type", "model_type", "url", "model")
"""Words of the library that are no parameters of a request."""


class ModelConfigBuilder:
    """Makes such blocks."""

    @staticmethod
    def from_name(model_name: str, **kwargs: Any) -> dict[str, Any]:
        """Return the block of an alias; further words are parameters of its requests."""
        parameters = {**kwargs.pop("parameters", {}), **kwargs}
        block: dict[str, Any] = {"name": model_name}
        for name in _OF_MODEL:
            if name in parameters:
                block[name] = parameters.pop(name)
        parameters.pop("chat_history", None)  # of the node
        return {**block, "parameters": parameters} if parameters else block

    @staticmethod
    def validate_config(model_config: Mapping[str, Any]) -> dict[str, Any]:
        """Return a block that names its model.

        :raises ValidationError: When it does not.
        """
        if not isinstance(model_config, Mapping) or not model_config.get("name"):
            raise ValidationError(f"a model needs its `name`: {model_config!r}")
        return dict(model_config)


def block_of(model: str | Mapping[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Return the block of an alias or of one that is spelled out."""
    if isinstance(model, str):
        return ModelConfigBuilder.from_name(model, **kwargs)
    block = ModelConfigBuilder.validate_config(model)
    return ModelConfigBuilder.from_name(**{"model_name": block.pop("name"), **block, **kwargs})
