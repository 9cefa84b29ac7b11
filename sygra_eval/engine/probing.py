"""Tries a row's tests before its first call, once: what came of it is journalled like a verdict."""

import hashlib
from dataclasses import replace

from sygra_eval.engine.canaries import is_canary
from sygra_eval.engine.judging import limits_within
from sygra_eval.engine.setting import Setting
from sygra_eval.suite import Probes
from sygra_eval.validators import Probed, columns_of, defines_something, probed, tests_of
from sygra_eval.values import (
    Evidence,
    InfrastructureError,
    Row,
    Stage,
    Status,
    ValidatorContext,
    ValidatorSpec,
    Verdict,
)

PROBES = "probes"
WEAK = "weak tests: "
BAD_REFERENCE = "the reference fails: "
_OF_THE_REFERENCE = "reference_fails"


async def try_tests(row: Row, setting: Setting, entry_point: str | None) -> str | None:
    """Return why a row's tests are weak; empty where they are not, None where none were tried.

    Tests that a node is to make are not there yet, and those of a canary are wrong on purpose.

    :raises InfrastructureError: When the tests cannot be used, the suite refuses a row whose
        reference fails them, or this host cannot run them.
    """
    suite, sandbox = setting.suite, setting.sandbox
    specs = tests_of(suite.validators)
    is_asked = suite.probes is not Probes.OFF and sandbox is not None and bool(specs)
    if not is_asked or is_canary(suite, row.columns):
        return None
    if not columns_of(specs) <= row.columns.keys():
        return None
    found = await _found(row, setting, specs, entry_point)
    if found.reference:
        if suite.probes is Probes.REFUSE:
            raise InfrastructureError(f"bad_input: {row.origin}: {BAD_REFERENCE}{found.reference}")
        return BAD_REFERENCE + found.reference
    return found.weak and WEAK + found.weak


async def _found(
    row: Row, setting: Setting, specs: tuple[ValidatorSpec, ...], entry_point: str | None
) -> Probed:
    """Take what the journal has, else try."""
    key = hashlib.blake2b(f"{PROBES}\0{row.id}".encode("utf-8", "surrogatepass"), digest_size=16)
    journalled = setting.journal.execution(key.digest())
    if journalled is not None:
        return _from_verdict(journalled)
    assert setting.sandbox is not None, "asked only where one was started"  # noqa: S101
    ctx = ValidatorContext(
        validator=specs[0],
        columns=row.columns,
        stage=Stage.FINAL,
        sandbox=setting.sandbox,
        limits=limits_within(setting.suite.sandbox.timeout_s),
        seed=setting.suite.seed,
    )
    found = await probed(ctx, specs, entry_point=entry_point, reference=_reference(row, setting))
    if found.fault:
        raise InfrastructureError(f"the tests cannot be tried: {found.fault}")
    if found.unusable:
        raise InfrastructureError(f"bad_input: {row.origin}: {found.unusable}")
    await setting.journal.commit_execution(key.digest(), row.id, _to_verdict(found))
    return found


def _reference(row: Row, setting: Setting) -> str | None:
    """Return the program that must pass: of the column that a validator names, or `reference`.

    Where nobody names it, a text that defines nothing is something else of that name.
    """
    named = (getattr(spec.config, "reference", None) for spec in setting.suite.validators)
    for column in (column for column in named if isinstance(column, str)):
        program = row.columns.get(column)
        if isinstance(program, str) and program.strip():
            return program
    program = row.columns.get("reference")
    return program if isinstance(program, str) and defines_something(program) else None


def _to_verdict(found: Probed) -> Verdict:
    measures = {_OF_THE_REFERENCE: 1.0} if found.reference else {}
    why = found.reference or found.weak
    return Verdict(
        validator=PROBES,
        status=Status.FAIL if why else Status.PASS,
        reason=why or "no program that must not pass does",
        evidence=Evidence(measures=measures),
        is_required=False,
    )


def _from_verdict(verdict: Verdict) -> Probed:
    found = Probed() if verdict.status is Status.PASS else Probed(weak=verdict.reason)
    is_reference = verdict.evidence is not None and _OF_THE_REFERENCE in verdict.evidence.measures
    return replace(found, weak="", reference=verdict.reason) if is_reference else found
