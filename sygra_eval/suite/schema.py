"""The sections of a suite as this version understands them; own keys of types are checked apart.

Every key that `design.md` names but this version lacks stands in `UNSUPPORTED`, so that a suite
of a later version gets an honest answer and not a spelling hint.
"""

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    field_validator,
    model_validator,
)
from pydantic.errors import PydanticUserError
from pydantic_core import PydanticCustomError

from sygra_eval.suite.agreement import AgreementSection
from sygra_eval.suite.gate_schema import GateSection

NAME_PATTERN = r"^[A-Za-z0-9_.-]+$"
Name = Annotated[str, Field(pattern=NAME_PATTERN)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
MAX_VISITS = 25


class Section(BaseModel):
    """A mapping with no keys but its own, and no guessing of types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class TypedSection(BaseModel):
    """A mapping that names a registered type; the other keys are that type's own."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    @property
    def own(self) -> dict[str, Any]:
        """The keys that belong to the type."""
        return dict(self.model_extra or {})


class BudgetSection(Section):
    """What a run may spend over all its starts."""

    usd: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    tokens: int | None = Field(default=None, ge=1)
    calls: int | None = Field(default=None, ge=1)
    time: Seconds | None = None


class SuiteSection(Section):
    """What the suite is called and how chance begins."""

    name: Name
    tags: list[Name] = []
    seed: int = 0
    description: str = ""
    cache: Literal["off", "read", "read-write"] = "off"
    budget: BudgetSection = BudgetSection()
    strict_model: bool = False
    record_timeout: Seconds | None = None
    repeat: int = Field(default=1, ge=1, le=1_000)
    max_errors: float = Field(default=0.05, ge=0, le=1, allow_inf_nan=False)
    variant: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.+/=,-]+$")

    @field_validator("cache", mode="before")
    @classmethod
    def _off_is_a_word(cls, value: object) -> object:
        """Take the bare `off`, which YAML reads as false, for the word."""
        return "off" if value is False else value


class PriceSection(Section):
    """US dollars per million tokens."""

    input: float = Field(ge=0, allow_inf_nan=False)
    output: float = Field(ge=0, allow_inf_nan=False)
    cached_input: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    reasoning: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    batch_input: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    batch_output: float | None = Field(default=None, ge=0, allow_inf_nan=False)


FAILURES = (
    "rate_limited",
    "overloaded",
    "server_error",
    "connection",
    "timeout",
    "bad_body",
    "empty",
    "quota",
    "refused_key",
    "not_found",
    "certificate",
    "expired",
    "too_long",
    "refused",
    "bad_request",
)
"""Kinds of failure that a call may end with; the last three are the prompt's own as a rule."""


class FallbackSection(Section):
    """Who answers when a model does not, and for which failures."""

    to: str | list[str]
    on: list[Literal[FAILURES]] = list(FAILURES[:11])  # type: ignore[valid-type]


class BatchSection(Section):
    """How the calls of a model with `mode: batch` are gathered."""

    window: str = Field(default="24h", pattern=r"^[1-9][0-9]{0,3}[hd]$")
    wait: Seconds = 5.0
    poll: Seconds = 5.0
    max_requests: int = Field(default=50_000, ge=1, le=100_000)
    max_bytes: int = Field(default=100_000_000, ge=1_000, le=200_000_000)


class ModelSection(TypedSection):
    """A language model under the name that nodes use."""

    use: str
    parameters: dict[str, Any] = {}
    max_concurrency: int | None = Field(default=None, ge=1)
    rpm: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    tpm: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    timeout: Seconds | None = None
    price: PriceSection | str | None = None
    fallback: FallbackSection | str | None = None
    on_length: Literal["keep", "accept", "raise_max_tokens", "fail"] = "keep"
    on_too_long: Literal["fail", "truncate"] = "fail"
    on_repetition: Literal["fail", "keep"] = "fail"
    mode: Literal["live", "batch"] = "live"
    batch: BatchSection | None = None


class TransformSection(TypedSection):
    """What is done to rows on their way to the graph."""

    use: str
    where: str | None = None


class SampleSection(Section):
    """So many of the rows, each as likely as any other; the seed is by default the suite's."""

    rows: int = Field(ge=1)
    seed: int | None = None


class SourceSection(TypedSection):
    """Where rows come from, and what is taken of them: `where`, `sample`, `columns`, `rename`.

    These follow each other in this order, so that all of them name columns as the source does;
    `transforms` come after them. `alias`, `join_type`, `primary_key` and `join_key` are for one of
    several sources.
    """

    type: str
    where: str | None = None
    sample: SampleSection | None = None
    columns: list[str] | None = Field(default=None, min_length=1)
    rename: dict[str, str] = {}
    transforms: list[TransformSection] = []
    alias: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    join_type: Literal["primary", "column", "sequential", "random", "cross", "vstack"] | None = None
    primary_key: str | None = None
    join_key: str | None = None


class DataSection(Section):
    """The input, from one source or from several that are joined.

    `id_column` and `source.id` mean the same where there is one source; of several it names the
    joined rows. `transforms` are of the rows once they are joined.
    """

    source: SourceSection | Annotated[list[SourceSection], Field(min_length=1)]
    id_column: str | None = None
    transforms: list[TransformSection] = []


class NodeSection(TypedSection):
    """A step of the graph."""

    node_type: str


class EdgeSection(Section):
    """Which step follows which; `START` and `END` are implicit nodes.

    Of several edges from one node, the first one whose `when` holds is taken, in the document's
    order; the one without a `when` is taken when none does. After `max` times it is closed.
    """

    from_: str = Field(alias="from")
    to: str
    when: str | None = None
    max: int | None = Field(default=None, ge=1)


class GraphSection(Section):
    """The steps from `START` to `END`: one after the other, in branches, or in cycles.

    A record visits a node at most `max_visits` times. Without this section the rows themselves are
    judged, see `CandidateSection`.
    """

    nodes: dict[Name, NodeSection] = Field(min_length=1, max_length=1_000)
    edges: list[EdgeSection] = Field(min_length=1, max_length=10_000)
    max_visits: int = Field(default=MAX_VISITS, ge=1, le=10_000)


class CandidateSection(Section):
    """What is judged where there is no graph: templates over the columns, as in prompts.

    `code` is taken as it stands; from `text` the code is extracted, as from a model's answer.
    """

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["text"]}, {"required": ["code"]}]}
    )

    text: str | None = None
    code: str | None = None
    entry_point: str | None = None
    language: Literal["python"] = "python"

    @model_validator(mode="after")
    def names_one_thing(self) -> "CandidateSection":
        """Refuse two candidates, and none."""
        if (self.text is None) == (self.code is None):
            raise PydanticCustomError("wrong-value", "needs either `text` or `code`")
        return self


class SandboxSection(Section):
    """The least isolation that this suite accepts for the code it runs."""

    require: str = "reduced"
    isolation: str | None = None
    image: str | None = None
    i_accept_the_risk: bool = False
    timeout: Seconds = 5.0
    packages: list[str] = []
    allow: list[Literal["processes"]] = []
    i_accept_no_cgroup: bool = False


class ValidatorSection(TypedSection):
    """A judge of every candidate."""

    use: str
    name: Name | None = None
    required: bool | None = None


class GuardrailSection(TypedSection):
    """A validator of prompts (`at: input`) or replies (`at: output`).

    `node` is a node's path, with a step where only that is meant (`solve/draft`); without it every
    call of a node is looked at. `record` keeps the verdict and goes on, `block` ends the row.
    """

    use: str
    name: Name | None = None
    at: Literal["input", "output"]
    node: str | None = Field(default=None, min_length=1)
    on_fail: Literal["record", "block"] = "record"


Grade = Literal[
    "tests", "tests + hidden", "differential", "properties + differential + mutation + stable"
]
"""Evidence that a suite can ask for, from the weakest to the strongest."""


def _off(value: object) -> object:
    return "off" if value is False else value  # how YAML reads the word


ProbesMode = Annotated[
    Literal["mark", "refuse", "off"],
    BeforeValidator(_off, json_schema_input_type=Literal["mark", "refuse", "off", False]),
]
"""In a suite: `probes: mark`, `refuse` or `off`."""


class QualitySection(Section):
    """What `verified` means here. If no validator is marked `required`, all of them are.

    `truth` names a column that says `right` or `wrong` of each row; the report then counts how
    often the validators erred. `canary` names a column that is true in rows whose tests contradict
    their text: none of them is verified data, and one that would be raises an alarm. `probes` says
    what becomes of a row whose tests a program passes that must not. `measured` names a file with
    the line that `sygra-eval verify --truth FILE --json` printed of the suite's validators.
    `cluster` names a column: rows with one value in it go together where figures are given an
    interval, as those of one source question do. `target_verified` ends the run with the first so
    many verified rows of the input, and `max_candidates` is the most rows that are tried for them.
    `gates` decide how the run ends, see `GateSection`; `agreement` names raters whose agreement is
    measured, see `AgreementSection`.
    """

    candidate: str | None = None
    validators: list[ValidatorSection] = []
    grade: Grade | None = None
    truth: str | None = None
    canary: str | None = None
    cluster: str | None = None
    probes: ProbesMode = "mark"
    measured: str | None = None
    target_verified: int | None = Field(default=None, ge=1)
    max_candidates: int | None = Field(default=None, ge=1)
    gates: list[GateSection] = []
    agreement: dict[str, AgreementSection] = {}


class OutputColumn(Section):
    """A further column: a variable, or a fixed value, which wins where both are given."""

    from_: str | None = Field(default=None, alias="from")
    value: Any = None


class OutputSection(Section):
    """Columns of the data beside the input's and the standard ones, and how its files are cut.

    With `shard_rows` an outcome's rows go into files of so many each, in a folder of its name;
    `compress` packs the JSONL files.
    """

    output_map: dict[str, OutputColumn] = {}
    shard_rows: int | None = Field(default=None, ge=1)
    compress: Literal["gz", "zst"] | None = None


class FieldSection(Section):
    """The type that a variable must have at the end."""

    name: str
    type: Literal["str", "int", "float", "bool", "list", "dict", "any"]


class SchemaSection(Section):
    """Types of variables."""

    fields: list[FieldSection] = Field(min_length=1)


class ReportSection(Section):
    """How results are shown: views that are written into the run's folder at its end.

    `max_rows` and `max_mb` bound those that show rows, see docs/reports.md.
    """

    formats: list[str] = ["terminal", "markdown"]
    max_rows: int | None = Field(default=None, ge=1)
    max_mb: float | None = Field(default=None, gt=0, le=1024, allow_inf_nan=False)


class ImagesSection(Section):
    """What prompts may show of images, see docs/models.md.

    Addresses that rows name are sent to the model's server only with `urls: send`. Files are read
    in the suite's folder and in that of the data; elsewhere only with `files: anywhere`.
    """

    urls: Literal["refuse", "send"] = "refuse"
    files: Literal["beside", "anywhere"] = "beside"
    max_mb: float = Field(default=10, gt=0, le=64, allow_inf_nan=False)


class CardSection(Section):
    """What the data card says of rights and sources."""

    license: str = "unknown"
    language: str | list[str] = "en"
    pretty_name: str = ""
    citation: str = ""
    source_licenses: str | list[str] = []
    model_licenses: dict[str, str] = {}


SECTIONS: dict[str, type[Section]] = {
    "suite": SuiteSection,
    "data_config": DataSection,
    "graph_config": GraphSection,
    "candidate": CandidateSection,
    "sandbox": SandboxSection,
    "quality": QualitySection,
    "output_config": OutputSection,
    "schema_config": SchemaSection,
    "report": ReportSection,
    "card": CardSection,
    "images": ImagesSection,
}
"""Every section but `models`, which is a mapping from name to `ModelSection`."""

TYPED_KINDS: dict[str, tuple[str, str, type[TypedSection]]] = {
    "models": ("models", "use", ModelSection),
    "sources": ("source", "type", SourceSection),
    "transforms": ("transform", "use", TransformSection),
    "nodes": ("node", "node_type", NodeSection),
    "validators": ("validator", "use", ValidatorSection),
}
"""Per kind of registered type: its singular, the key that names the type, the common keys."""

UNSUPPORTED: frozenset[tuple[str, ...]] = frozenset(
    {
        ("cache",),
        *((key,) for key in ("graph_post_process", "max_errors", "variants", "params")),
        *(("suite", key) for key in ("matrix", "extends", "cases")),
        *(("data_config", key) for key in ("sink", "resumable")),
        *(("data_config", "source", key) for key in ("transformations", "fields", "shard")),
        ("data_config", "source", "streaming"),
        *(("data_config", "source", "*", key) for key in ("transformations", "fields", "shard")),
        ("data_config", "source", "*", "streaming"),
        *(("graph_config", key) for key in ("graph_properties", "graph_state")),
        *(("graph_config", "nodes", "*", key) for key in ("pre_process", "post_process")),
        *(("graph_config", "nodes", "*", key) for key in ("chat_history", "node_state")),
        ("graph_config", "nodes", "*", "multi_llm_post_process"),
        *(("graph_config", "edges", "*", key) for key in ("condition", "path_map")),
        *(("quality", key) for key in ("skip_ok", "metrics", "dedup")),
        *(("quality", key) for key in ("decontaminate", "max_errors")),
        *(("output_config", key) for key in ("generator", "oasst_mapper", "data_quality")),
        ("output_config", "output_map", "*", "transform"),
        ("schema_config", "schema"),
        *(("schema_config", "fields", "*", key) for key in ("is_greater_than", "is_less_than")),
        ("schema_config", "fields", "*", "is_equal_to"),
    }
)
"""Paths of keys that are planned and not here yet; `*` stands for any key or index."""


def is_planned(at: tuple[str | int, ...]) -> bool:
    """Say whether a key is one that a later version is to have."""
    wild = {(*at[:i], "*", *at[i + 1 :]) for i in range(len(at))}
    return at in UNSUPPORTED or bool(wild & UNSUPPORTED)


def json_schema_of(config: Any) -> dict[str, Any]:
    """Return the JSON Schema of a type; anything goes where a plugin's type has none."""
    try:
        return TypeAdapter(config).json_schema()
    except PydanticUserError:
        return {"additionalProperties": True}
