"""Registers the model types that come with us, by the hook that a plugin uses."""

from sygra_eval.hookspecs import RegisterModel, hookimpl
from sygra_eval.models.azure import AzureConfig, AzureModel
from sygra_eval.models.embedded import EmbeddedConfig, EmbeddedModel
from sygra_eval.models.litellm_model import LitellmConfig, LitellmModel
from sygra_eval.models.ollama import OllamaConfig, OllamaModel
from sygra_eval.models.openai import OpenAIConfig, OpenAIModel
from sygra_eval.models.replay import ReplayConfig, ReplayModel
from sygra_eval.models.vllm import VllmConfig, VllmModel


@hookimpl
def sygra_register_models(register: RegisterModel) -> None:
    """Add the servers, `litellm` for all other providers, `embedded` and `replay`."""
    register("openai", OpenAIModel, config=OpenAIConfig)
    register("azure", AzureModel, config=AzureConfig)
    register("vllm", VllmModel, config=VllmConfig)
    register("ollama", OllamaModel, config=OllamaConfig)
    register("litellm", LitellmModel, config=LitellmConfig)
    register("embedded", EmbeddedModel, config=EmbeddedConfig)
    register("replay", ReplayModel, config=ReplayConfig)
