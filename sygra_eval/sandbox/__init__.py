"""Executes untrusted code; knows nothing of suites or models.

`start_sandbox` picks a provider and proves it (`choice`, `providers`, `canaries`). The sandbox it
hands out (`warm`) keeps loaded processes (`zygote`, a few of each kind in `pool`) that fork a child
for each execution, with a private folder (`folders`) and pipes of its own (`program`, `streams`);
`words` says how it ended. Two programs may talk to each other (`peers`), and have packages beside
the standard library (`packages`; `packaged` gives every program those of the suite).
What runs on the other side lies in `inside/`: there a child locks itself up, with the filter of
`syscalls`, before it runs the program. Limits are scaled to the machine beforehand (`calibration`);
`examine` tells layer by layer what a host grants (`doctor`).
"""

from sygra_eval.sandbox.calibration import machine_factor, scaled_limits
from sygra_eval.sandbox.choice import start_sandbox
from sygra_eval.sandbox.containers import ContainerProvider
from sygra_eval.sandbox.doctor import Examination, examine
from sygra_eval.sandbox.programs import program_at
from sygra_eval.sandbox.providers import (
    PRELOAD,
    BoxProvider,
    BoxSharedProvider,
    NoneProvider,
    ReducedProvider,
)

__all__ = [
    "PRELOAD",
    "BoxProvider",
    "BoxSharedProvider",
    "ContainerProvider",
    "Examination",
    "NoneProvider",
    "ReducedProvider",
    "examine",
    "machine_factor",
    "program_at",
    "scaled_limits",
    "start_sandbox",
]
