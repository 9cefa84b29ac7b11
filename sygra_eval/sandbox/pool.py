"""The zygotes of a sandbox, by what they are loaded with; never more idle ones than can be used."""

import asyncio
from dataclasses import replace
from pathlib import Path

from sygra_eval.sandbox.packages import Prefix, make_prefix
from sygra_eval.sandbox.programs import allowing
from sygra_eval.sandbox.zygote import Kind, Lockup, Zygote, boot
from sygra_eval.values import Execution

SPARE = 3


class ZygotePool:
    """Hands out warm processes and takes them back.

    A forked child has its zygote's hash seed, packages and walls, so each kind needs its own. A
    pair of programs holds two; that many for each slot, and a few spare ones, are kept before idle
    ones of another kind go, the longest unused first.
    """

    def __init__(self, lockup: Lockup, base: Path) -> None:
        self.lockup, self.base = lockup, base
        self.most = 2 * lockup.slots + SPARE
        self.idle: list[Zygote] = []
        self.busy: set[Zygote] = set()
        self.is_closed = False
        self._booting = 0
        self._prefixes: dict[tuple[str, ...], Prefix] = {}
        self._one_at_a_time = asyncio.Lock()

    async def take(self, execution: Execution) -> Zygote:
        """Give a zygote of the execution's kind, booted where none is idle.

        :raises ZygoteLost: When none can be had.
        :raises PackageMissing: When a package is not there to be shown.
        """
        kind = Kind(execution.hash_seed, execution.packages, execution.allow)
        for position in range(len(self.idle) - 1, -1, -1):
            if self.idle[position].kind == kind:
                zygote = self.idle.pop(position)
                break
        else:
            zygote = await self._booted(kind)
        self.busy.add(zygote)
        return zygote

    def put_back(self, zygote: Zygote) -> None:
        """Keep a zygote for the next execution, unless it has served its time."""
        self.busy.discard(zygote)
        if zygote.is_due or self.is_closed:
            zygote.retire()
        else:
            self.idle.append(zygote)

    async def close(self) -> None:
        """Let the idle ones leave."""
        while self.idle:
            await self.idle.pop().end()

    async def _booted(self, kind: Kind) -> Zygote:
        prefix = await self._prefix(kind.packages)
        while self.idle and len(self.idle) + len(self.busy) + self._booting >= self.most:
            self.idle.pop(0).retire()
        self._booting += 1
        try:
            zygote = await boot(self._lockup_for(kind, prefix))
        finally:
            self._booting -= 1
        zygote.kind = kind
        return zygote

    async def _prefix(self, packages: tuple[str, ...]) -> Prefix:
        if not packages:
            return Prefix()
        async with self._one_at_a_time:
            if packages not in self._prefixes:
                self._prefixes[packages] = await asyncio.to_thread(make_prefix, self.base, packages)
            return self._prefixes[packages]

    def _lockup_for(self, kind: Kind, prefix: Prefix) -> Lockup:
        lockup = replace(allowing(self.lockup, kind.allow), hash_seed=kind.hash_seed)
        if not prefix.folder:
            return lockup
        return replace(
            lockup,
            packages=prefix.folder,
            readable=(*lockup.readable, prefix.folder),
            preload=(*lockup.preload, *prefix.modules),
        )
