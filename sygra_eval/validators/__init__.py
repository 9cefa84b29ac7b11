"""The built-in validators, and how code is taken from an answer.

`candidate_of` applies the rules of extraction (`extract`, over `fences` and `syntax`). A
validator takes the candidate and a context and gives one verdict: `python_compiles` has
`inside_compile` run in the sandbox. `unit_tests` reads the row's tests (`row_tests`) and splits
them (`split`, over `statements`, `calls` and `expressions`, which read an allow-list of Python):
their calls go to `inside_driver` as `typed_values`, the answers come back and are decided out here
(`driver`, `answered`). What cannot be split runs in one box and the candidate in another
(`two_boxes`, `split_mode`, over `row_files`; inside are `inside_tester` with its stand-ins and
`inside_candidate`); the little that needs both in one process is cooperative (`inside_tests`,
`outcomes`). Tests may also be cases of standard input and output (`stdio_cases`). `differential`
drives a reference and the candidate on the same inputs, which `mutated_inputs` makes. `properties`
tries what is said of a function (`properties_rules`) on inputs that hypothesis draws in a child
(`strategies`, `generated_inputs`, `shrinking`, `inside_strategies`); `time_growth` fits how its CPU
time grows. `running` keeps the host's faults from being the candidate's. The others have a file
each: those of the answer's text, `doctests`, and the tools that only read code (`lint`,
`type_check`, `security` over `tools`), each in a bounded `child`.
`javascript_tests` does for JavaScript what `unit_tests` does for Python: `javascript_statements`
(over `javascript_literals`) splits its tests, `inside_javascript.js` calls the answer in Node, and
`javascript_driver` decides over `javascript_values`. `shell` has `shell_check` read a script and
`inside_shell` run it. `other_languages` finds such code in answers.
`mutation` asks how strong the row's tests are, with the programs of `mutants`; `stable` asks
whether they say the same again; `probes` tries the tests on programs that must not pass, before
anything is spent on the row. `judge` asks a model (`judge_votes`, over `judge_prompt` and
`judge_reply`), after `judge_canaries` has tried to bribe it.
`fitting` checks a node's JSON by the rules of `json_schema`, mostly without a child.
docs/validators.md says of each what it takes and what passes.
"""

from sygra_eval.validators.differential import differential
from sygra_eval.validators.differential_config import DifferentialConfig
from sygra_eval.validators.extract import Extracted, candidate_of, extract
from sygra_eval.validators.fitting import Fit, fit_of
from sygra_eval.validators.language import language_of
from sygra_eval.validators.probes import Probed, columns_of, defines_something, probed, tests_of
from sygra_eval.validators.python_compiles import python_compiles
from sygra_eval.validators.secrets import secret_kind
from sygra_eval.validators.unit_tests import unit_tests
from sygra_eval.validators.unit_tests_config import UnitTestsConfig

__all__ = [
    "DifferentialConfig",
    "Extracted",
    "Fit",
    "Probed",
    "UnitTestsConfig",
    "candidate_of",
    "columns_of",
    "defines_something",
    "differential",
    "extract",
    "fit_of",
    "language_of",
    "probed",
    "python_compiles",
    "secret_kind",
    "tests_of",
    "unit_tests",
]
