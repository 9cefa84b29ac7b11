"""`python -m sygra_eval` is the command `sygra-eval`."""

from sygra_eval.cli import main

main()
