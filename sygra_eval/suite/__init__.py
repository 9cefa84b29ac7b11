"""The suite document."""

from sygra_eval.suite.prompt import Prompt
from sygra_eval.suite.template import Template, UnknownVariable

__all__ = ["Prompt", "Template", "UnknownVariable"]
