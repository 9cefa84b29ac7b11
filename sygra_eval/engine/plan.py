"""What a run was asked to do, kept in its journal so that a resumed run does the same."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from sygra_eval.engine.options import RunOptions
from sygra_eval.engine.selecting import Selection, selection_from_json
from sygra_eval.engine.target import Target, most_rows, target_of
from sygra_eval.journal import Durability, open_readonly
from sygra_eval.models import Gateway, has_json_mode
from sygra_eval.plugins import Plugins
from sygra_eval.suite import Suite
from sygra_eval.values import Budget, Source, UsageError

ROWS_PER_SHARD = 8
"""Few, as every worker should have a shard in hand and what falls with a worker is a shard."""


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
    accepts_no_sandbox: bool
    isolation: str
    labels: Mapping[str, str]  # what each model of the suite is, for people
    recorded: Mapping[str, Mapping[str, object]]  # its identity and parameters, for `replay`
    budget: Budget  # what was asked for beside the suite's
    strict_model: bool = False
    target: Target | None = None
    durability: Durability = Durability.NORMAL
    rows_per_shard: int = ROWS_PER_SHARD
    contents: Mapping[str, str] = field(default_factory=dict)  # of the plugins, by name
    selection: Selection = field(default_factory=Selection)
    max_failures: int | None = None
    is_strict: bool = False
    scored: str = ""  # the run or file whose candidates were judged again
    partial: str = ""  # why that has not all rows of its source
    versions: Mapping[str, str] = field(default_factory=dict)  # of the validators, by name

    @property
    def most_rows(self) -> int | None:
        """The most rows of the input that are this run's; None for all."""
        return most_rows(self.limit, self.target)

    def as_mapping(self) -> dict[str, str]:
        """Return the rows of the journal's `run` table."""
        return {
            "suite": self.suite,
            "suite_sha256": self.suite_sha256,
            "suite_path": str(self.suite_path),
            "suite_folder": str(self.suite_folder),
            "input_fingerprint": self.input_fingerprint,
            "isolation": self.isolation,
            "labels": json.dumps(dict(self.labels), sort_keys=True),
            "models": json.dumps(dict(self.recorded), sort_keys=True),
            "asked": json.dumps(
                {
                    "seed": self.seed,
                    "limit": self.limit,
                    "models": dict(self.models),
                    "plugins": list(self.plugins),
                    "accepts_no_sandbox": self.accepts_no_sandbox,
                    "budget": asdict(self.budget),
                    "strict_model": self.strict_model,
                    "target": None if self.target is None else asdict(self.target),
                    "durability": self.durability.value,
                    "rows_per_shard": self.rows_per_shard,
                    "contents": dict(self.contents),
                    "selection": self.selection.as_json(),
                    "max_failures": self.max_failures,
                    "is_strict": self.is_strict,
                    **({"versions": dict(self.versions)} if self.versions else {}),
                    **({"scored": self.scored} if self.scored else {}),
                    **({"partial": self.partial} if self.partial else {}),
                },
                sort_keys=True,
            ),
        }

    def refuse_unrepeated(self, options: RunOptions) -> None:
        """Refuse a resume that does not itself ask for what runs code or drops protection.

        A run folder is data and may be a stranger's: what it says must not be enough.
        """
        missing = [f"-p {name}" for name in self.plugins if name not in options.plugins]
        if self.accepts_no_sandbox and not options.accepts_no_sandbox:
            missing.append("--unsafe-no-sandbox")
        if missing:
            raise UsageError(
                f"this run was started with {' '.join(missing)}; say so again to resume it"
            )

    def refuse_other_suite(self, suite: Suite) -> None:
        """Refuse a suite in the run's folder that is not the one it began with."""
        if suite.sha256 != self.suite_sha256:
            raise UsageError(
                f"{suite.path} is no longer the suite that this run began with; go on with a "
                f"changed suite by `--suite PATH`, or run it anew: sygra-eval run {self.suite_path}"
            )


def plan_of(
    suite: Suite, source: Source, options: RunOptions, gateway: Gateway, *, isolation: str
) -> Plan:
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
        accepts_no_sandbox=options.accepts_no_sandbox,
        isolation=isolation,
        budget=options.budget,
        strict_model=options.strict_model,
        target=target_of(suite, options),
        durability=options.durability,
        selection=options.selection,
        max_failures=options.max_failures,
        is_strict=options.is_strict,
        partial=options.partial,
        labels={name: model.label for name, model in gateway.models.items()},
        recorded={
            name: {
                "identity": model.identity,
                "parameters": dict(suite.models[name].parameters),
                "has_json_mode": has_json_mode(model),
            }
            for name, model in gateway.models.items()
        },
    )


def with_code_of(plan: Plan, suite: Suite, plugins: Plugins) -> Plan:
    """Return a plan that says whose code a run goes by: its plugins', and its validators'."""
    types = plugins.of("validators")
    versions = {spec.name: types[spec.use].version for spec in suite.validators}
    return replace(plan, contents=plugins.contents, versions=versions)


def suite_folder_of(folder: Path) -> Path:
    """Return where a run's suite stood, which is where its plugins are looked for.

    :raises UsageError: When the folder is no run.
    """
    return read_plan(folder).suite_folder


def suite_path_of(folder: Path) -> Path:
    """Return where a run's suite stood.

    :raises UsageError: When the folder is no run.
    """
    return read_plan(folder).suite_path


def recorded_models(folder: Path) -> Mapping[str, Mapping[str, object]]:
    """Return what a run's models were, by the suite's names: identity and parameters.

    :raises UsageError: When the folder is no run.
    """
    return read_plan(folder).recorded


def target_in(rows: Mapping[str, str]) -> Target | None:
    """Return what the plan rows of a journal ask for; older journals say nothing of it."""
    asked = json.loads(rows["asked"]).get("target")
    return None if asked is None else Target(**asked)


def repeats_in(rows: Mapping[str, str]) -> int:
    """Return how often the plan rows of a journal say that each row of the source is run."""
    repeat = (json.loads(rows["asked"]).get("selection") or {}).get("repeat", 1)
    return repeat if isinstance(repeat, int) and repeat > 0 else 1


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
        accepts_no_sandbox=asked["accepts_no_sandbox"],
        isolation=rows["isolation"],
        labels=json.loads(rows["labels"]),
        recorded=json.loads(rows.get("models", "{}")),
        budget=Budget(**asked.get("budget", {})),
        strict_model=asked.get("strict_model", False),
        target=target_in(rows),
        durability=Durability(asked.get("durability", Durability.NORMAL)),
        rows_per_shard=asked.get("rows_per_shard", ROWS_PER_SHARD),
        contents=asked.get("contents", {}),
        selection=selection_from_json(asked.get("selection", {})),
        max_failures=asked.get("max_failures"),
        is_strict=asked.get("is_strict", False),
        scored=asked.get("scored", ""),
        partial=asked.get("partial", ""),
        versions=asked.get("versions", {}),
    )
