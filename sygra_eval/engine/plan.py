"""What a run was asked to do, kept in its journal so that a resumed run does the same."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sygra_eval.engine.options import RunOptions
from sygra_eval.journal import open_readonly
from sygra_eval.suite import Suite
from sygra_eval.values import Source, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The plan rows of a journal."""

    suite: str
    suite_sha256: str
    suite_path: Path
    suite_folder: Path
    input_fingerprint: str
    seed: int
    limit: int | None
    models: Mapping[str, str]
    plugins: tuple[str, ...]
    is_trusted: bool
    accepts_no_sandbox: bool
    isolation: str

    def as_mapping(self) -> dict[str, str]:
        """Return the rows of the journal's `run` table."""
        return {
            "suite": self.suite,
            "suite_sha256": self.suite_sha256,
            "suite_path": str(self.suite_path),
            "suite_folder": str(self.suite_folder),
            "input_fingerprint": self.input_fingerprint,
            "isolation": self.isolation,
            "asked": json.dumps(
                {
                    "seed": self.seed,
                    "limit": self.limit,
                    "models": dict(self.models),
                    "plugins": list(self.plugins),
                    "is_trusted": self.is_trusted,
                    "accepts_no_sandbox": self.accepts_no_sandbox,
                },
                sort_keys=True,
            ),
        }

    def as_options(self, options: RunOptions) -> RunOptions:
        """Return options of a resume with what the run was first asked for."""
        return replace(
            options,
            limit=self.limit,
            plugins=self.plugins,
            accepts_no_sandbox=options.accepts_no_sandbox or self.accepts_no_sandbox,
        )

    def refuse_other(self, suite: Suite, source: Source) -> None:
        """Refuse to go on with another suite or another input than the run began with."""
        if suite.sha256 != self.suite_sha256:
            raise UsageError(
                f"{suite.path} is no longer the suite that this run began with; run the changed "
                f"suite anew: sygra-eval run {self.suite_path}"
            )
        if source.fingerprint() != self.input_fingerprint:
            raise UsageError(
                "the input has changed since this run began, so its rows would not be those that "
                f"are journalled; put it back, or run anew: sygra-eval run {self.suite_path}"
            )


def plan_of(suite: Suite, source: Source, options: RunOptions, *, isolation: str) -> Plan:
    """Return the plan of a new run."""
    return Plan(
        suite=suite.name,
        suite_sha256=suite.sha256,
        suite_path=suite.path.resolve(),
        suite_folder=suite.folder.resolve(),
        input_fingerprint=source.fingerprint(),
        seed=suite.seed,
        limit=options.limit,
        models=options.models,
        plugins=tuple(options.plugins),
        is_trusted=options.is_trusted,
        accepts_no_sandbox=options.accepts_no_sandbox,
        isolation=isolation,
    )


def read_plan(folder: Path) -> Plan:
    """Read a run's plan.

    :raises UsageError: When the folder holds no journal, or one that cannot be read.
    """
    if not (folder / "journal.db").is_file():
        raise UsageError(
            f"{folder} is not a run: it has no journal.db; `sygra-eval run` names the folder of "
            "its run at the end"
        )
    with open_readonly(folder / "journal.db") as reader:
        rows = reader.plan()
    asked = json.loads(rows["asked"])
    return Plan(
        suite=rows["suite"],
        suite_sha256=rows["suite_sha256"],
        suite_path=Path(rows["suite_path"]),
        suite_folder=Path(rows["suite_folder"]),
        input_fingerprint=rows["input_fingerprint"],
        seed=asked["seed"],
        limit=asked["limit"],
        models=asked["models"],
        plugins=tuple(asked["plugins"]),
        is_trusted=asked["is_trusted"],
        accepts_no_sandbox=asked["accepts_no_sandbox"],
        isolation=rows["isolation"],
    )
