"""Registers the built-in validators through the hook that a plugin would use."""

from sygra_eval.hookspecs import RegisterValidator, hookimpl
from sygra_eval.validators.bug_fix import (
    FailsTestsConfig,
    SmallChangeConfig,
    fails_tests,
    small_change,
)
from sygra_eval.validators.differential import differential
from sygra_eval.validators.differential_config import DifferentialConfig
from sygra_eval.validators.doctests import DoctestConfig, doctest
from sygra_eval.validators.exact import ExactConfig, exact
from sygra_eval.validators.injection import injection
from sygra_eval.validators.javascript_tests import JavascriptTestsConfig, javascript_tests
from sygra_eval.validators.json_schema import JsonSchemaConfig, json_schema
from sygra_eval.validators.judge import judge
from sygra_eval.validators.judge_canaries import prepare_judge
from sygra_eval.validators.judge_config import JudgeConfig
from sygra_eval.validators.language import LanguageConfig, language
from sygra_eval.validators.length import LengthConfig, length
from sygra_eval.validators.lint import LintConfig, lint
from sygra_eval.validators.mutation import MutationConfig, mutation
from sygra_eval.validators.personal_data import PersonalDataConfig, personal_data
from sygra_eval.validators.properties import properties
from sygra_eval.validators.properties_config import PropertiesConfig
from sygra_eval.validators.python_compiles import python_compiles
from sygra_eval.validators.refusal import refusal
from sygra_eval.validators.regex import RegexConfig, regex
from sygra_eval.validators.scores import (
    ClassifyConfig,
    RewardConfig,
    ScoreConfig,
    classify,
    reward,
    score,
)
from sygra_eval.validators.secrets import SecretsConfig, secrets
from sygra_eval.validators.security import SecurityConfig, security
from sygra_eval.validators.shell import ShellConfig, shell
from sygra_eval.validators.similar import SimilarConfig, similar
from sygra_eval.validators.stable import StableConfig, stable
from sygra_eval.validators.time_growth import time_growth
from sygra_eval.validators.time_growth_config import TimeGrowthConfig
from sygra_eval.validators.type_check import TypesConfig, types
from sygra_eval.validators.unit_tests import unit_tests
from sygra_eval.validators.unit_tests_config import UnitTestsConfig


@hookimpl
def sygra_register_validators(register: RegisterValidator) -> None:
    """Add the validators of docs/validators.md."""
    register("python_compiles", python_compiles)
    register("differential", differential, config=DifferentialConfig)
    register("properties", properties, config=PropertiesConfig)
    register("time_growth", time_growth, config=TimeGrowthConfig)
    register("unit_tests", unit_tests, config=UnitTestsConfig)
    register("fails_tests", fails_tests, config=FailsTestsConfig)
    register("small_change", small_change, config=SmallChangeConfig)
    register("javascript_tests", javascript_tests, config=JavascriptTestsConfig)
    register("shell", shell, config=ShellConfig)
    register("mutation", mutation, config=MutationConfig)
    register("stable", stable, config=StableConfig)
    register("judge", judge, config=JudgeConfig, prepare=prepare_judge)
    register("reward", reward, config=RewardConfig)
    register("score", score, config=ScoreConfig)
    register("classify", classify, config=ClassifyConfig)
    register("similar", similar, config=SimilarConfig)
    register_texts_and_tools(register)


def register_texts_and_tools(register: RegisterValidator) -> None:
    """Add what judges the answer's text, its docstrings, and its code by other tools."""
    register("exact", exact, config=ExactConfig)
    register("regex", regex, config=RegexConfig)
    register("json_schema", json_schema, config=JsonSchemaConfig)
    register("length", length, config=LengthConfig)
    register("language", language, config=LanguageConfig)
    register("secrets", secrets, config=SecretsConfig)
    register("personal_data", personal_data, config=PersonalDataConfig)
    register("refusal", refusal)
    register("injection", injection, version="2")
    register("doctest", doctest, config=DoctestConfig)
    register("lint", lint, config=LintConfig)
    register("types", types, config=TypesConfig)
    register("security", security, config=SecurityConfig)
