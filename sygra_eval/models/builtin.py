"""Registers the model types that come with us, by the hook that a plugin uses."""

from sygra_eval.hookspecs import RegisterModel, hookimpl
from sygra_eval.models.embedded import EmbeddedConfig, EmbeddedModel
from sygra_eval.models.openai import OpenAIConfig, OpenAIModel
from sygra_eval.models.replay import ReplayConfig, ReplayModel


@hookimpl
def sygra_register_models(register: RegisterModel) -> None:
    """Add `openai`, `embedded` and `replay`."""
    register("openai", OpenAIModel, config=OpenAIConfig)
    register("embedded", EmbeddedModel, config=EmbeddedConfig)
    register("replay", ReplayModel, config=ReplayConfig)
