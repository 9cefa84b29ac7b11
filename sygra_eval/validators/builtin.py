"""Registers the built-in validators through the hook that a plugin would use."""

from sygra_eval.hookspecs import RegisterValidator, hookimpl
from sygra_eval.validators.differential import differential
from sygra_eval.validators.differential_config import DifferentialConfig
from sygra_eval.validators.python_compiles import python_compiles
from sygra_eval.validators.unit_tests import unit_tests
from sygra_eval.validators.unit_tests_config import UnitTestsConfig


@hookimpl
def sygra_register_validators(register: RegisterValidator) -> None:
    """Add `python_compiles`, `differential` and `unit_tests`."""
    register("python_compiles", python_compiles)
    register("differential", differential, config=DifferentialConfig)
    register("unit_tests", unit_tests, config=UnitTestsConfig)
