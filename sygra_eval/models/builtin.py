"""Registers the model types that come with us, by the hook that a plugin uses."""

from sygra_eval.hookspecs import RegisterModel, hookimpl
from sygra_eval.models.embedded import EmbeddedConfig, EmbeddedModel
from sygra_eval.models.openai import OpenAIConfig, OpenAIModel


@hookimpl
def sygra_register_models(register: RegisterModel) -> None:
    """Add `openai` and `embedded`."""
    register("openai", OpenAIModel, config=OpenAIConfig)
    register("embedded", EmbeddedModel, config=EmbeddedConfig)
