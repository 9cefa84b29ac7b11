"""Executes untrusted code; knows nothing of suites or models.

`start_sandbox` picks a provider and proves it (`choice`, `providers`, `canaries`). The sandbox it
hands out (`cold`) gives each execution a private folder (`folders`) and a process of its own
(`process`), which locks itself up by `launcher` with the filter of `syscalls` before it runs the
program. Limits are scaled to the machine beforehand (`calibration`).
"""

from sygra_eval.sandbox.calibration import machine_factor, scaled_limits
from sygra_eval.sandbox.choice import start_sandbox
from sygra_eval.sandbox.providers import NoneProvider, ReducedProvider

__all__ = [
    "NoneProvider",
    "ReducedProvider",
    "machine_factor",
    "scaled_limits",
    "start_sandbox",
]
