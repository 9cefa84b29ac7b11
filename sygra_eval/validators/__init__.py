"""The built-in validators, and how code is taken from an answer.

`candidate_of` applies the rules of extraction (`extract`, over `fences` and `syntax`). A
validator takes the candidate and a context and gives one verdict: `python_compiles` has
`inside_compile` run in the sandbox; `unit_tests` reads the row's tests (`row_tests`), has
`inside_tests` run them in the candidate's process, and believes only the whole sequence of
outcomes on the result pipe (`outcomes`). `running` keeps the host's faults from being the
candidate's. `mutation` asks how strong the row's tests are, with the programs of `mutants`;
`stable` asks whether they say the same again.
"""

from sygra_eval.validators.extract import Extracted, candidate_of, extract
from sygra_eval.validators.python_compiles import python_compiles
from sygra_eval.validators.unit_tests import unit_tests
from sygra_eval.validators.unit_tests_config import UnitTestsConfig

__all__ = [
    "Extracted",
    "UnitTestsConfig",
    "candidate_of",
    "extract",
    "python_compiles",
    "unit_tests",
]
