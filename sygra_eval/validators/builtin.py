"""Registers the built-in validators through the hook that a plugin would use."""

from sygra_eval.hookspecs import RegisterValidator, hookimpl
from sygra_eval.validators.mutation import MutationConfig, mutation
from sygra_eval.validators.python_compiles import python_compiles
from sygra_eval.validators.stable import StableConfig, stable
from sygra_eval.validators.unit_tests import unit_tests
from sygra_eval.validators.unit_tests_config import UnitTestsConfig


@hookimpl
def sygra_register_validators(register: RegisterValidator) -> None:
    """Add the validators of code: that it compiles, passes its tests, and how strong those are."""
    register("python_compiles", python_compiles)
    register("unit_tests", unit_tests, config=UnitTestsConfig)
    register("mutation", mutation, config=MutationConfig)
    register("stable", stable, config=StableConfig)
