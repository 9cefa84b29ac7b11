"""Every hook: when it is called, what it is given, what a failure in it does.

A plugin is a module whose functions carry `@hookimpl` and one of these names. Arguments that an
implementation does not name are not passed, so a hook can grow without breaking it.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import pluggy

from sygra_eval.values import (
    CallContext,
    Candidate,
    ChatModel,
    ChatRequest,
    ChatResponse,
    Direction,
    Each,
    Executor,
    LoopView,
    MetricKind,
    ModelSpec,
    Node,
    NodeContext,
    PrepareContext,
    Prepared,
    RecordEnd,
    RowTransform,
    RunEnd,
    RunView,
    SandboxProvider,
    Source,
    SourceSpec,
    State,
    StopReason,
    StreamTransform,
    TransformSpec,
    ValidatorContext,
    Verdict,
)

PROJECT = "sygra_eval"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

NodeImplementation = Callable[[Node, State, NodeContext], Awaitable[State | None]]
ValidatorImplementation = Callable[[Candidate, ValidatorContext], Awaitable[Verdict]]
ValidatorPreparation = Callable[[PrepareContext], Awaitable[Prepared]]
Proceed = Callable[[State], Awaitable[State]]
NodeMiddleware = Callable[[State, Proceed], Awaitable[State]]


class RegisterNode(Protocol):
    """Add a node type under a name."""

    def __call__(
        self, name: str, implementation: NodeImplementation, *, config: type[Any] | None = None
    ) -> None:
        """`config` is a pydantic model of the type's own keys; it checks the suite."""
        ...


class RegisterValidator(Protocol):
    """Add a validator type under a name."""

    def __call__(
        self,
        name: str,
        implementation: ValidatorImplementation,
        *,
        config: type[Any] | None = None,
        prepare: ValidatorPreparation | None = None,
        version: str = "1",
    ) -> None:
        """`config` is a pydantic model of the type's own keys; it checks the suite.

        Raise `version` when the same candidate gets another verdict: a run keeps it, `compare` and
        `score` say where two differ.

        `prepare` is called once per run and validator of this type, before the first row; what it
        finds out comes to every verdict as `ctx.prepared`. An exception in it is the reason of an
        `error` verdict for every row, unless a model did not answer: then the run ends (exit 7).
        """
        ...


class RegisterModel(Protocol):
    """Add a model type under a name."""

    def __call__(
        self,
        name: str,
        implementation: Callable[[ModelSpec], ChatModel],
        *,
        config: type[Any] | None = None,
    ) -> None:
        """`config` is a pydantic model of the type's own keys; it checks the suite."""
        ...


class RegisterSource(Protocol):
    """Add a source type under a name."""

    def __call__(
        self,
        name: str,
        implementation: Callable[[SourceSpec], Source],
        *,
        config: type[Any] | None = None,
    ) -> None:
        """`config` is a pydantic model of the type's own keys; it checks the suite."""
        ...


class RegisterTransform(Protocol):
    """Add a transform of rows under a name."""

    def __call__(
        self,
        name: str,
        implementation: RowTransform | Callable[[TransformSpec], StreamTransform],
        *,
        config: type[Any] | None = None,
    ) -> None:
        """`config` is a pydantic model of the type's own keys; it checks the suite.

        `implementation` is a function, called with the columns of each row; or a class, made for
        each reading of the input, that looks at more than one row.
        """
        ...


class RegisterSandbox(Protocol):
    """Add a sandbox provider under its name."""

    def __call__(self, name: str, implementation: SandboxProvider) -> None:
        """Offer it to suites; the strongest that works is taken, see `SandboxProvider.strength`."""
        ...


class RegisterReporter(Protocol):
    """Add a view of a finished run under a format's name."""

    def __call__(
        self, name: str, implementation: Callable[[Any], Any], *, file: str = "", about: str = ""
    ) -> None:
        """`implementation(ctx)` returns text or bytes, or yields parts of them.

        `ctx` is a `sygra_eval.ReportContext`. `file` is the name in the run folder, by default
        `report.NAME`; `about` one line for `sygra-eval report --formats`.
        """
        ...


class RegisterExecutor(Protocol):
    """Add a way to settle the rows of a run under a name."""

    def __call__(self, name: str, implementation: Executor) -> None:
        """`sygra-eval run --executor NAME` takes it."""
        ...


class RegisterMetric(Protocol):
    """Add a metric under a name."""

    def __call__(
        self,
        name: str,
        measure: Callable[..., Any],
        *,
        kind: MetricKind,
        direction: Direction = Direction.NONE,
        version: int = 1,
        each: Each | None = None,
        bounds: tuple[float, float] | None = None,
        columns: tuple[str, ...] = (),
        sees_verdicts: bool = True,
    ) -> None:
        """`measure(row)` returns a row's value, `measure(rows)` of a `set` the figure itself.

        None is a row without a value (skipped); an exception is an error of the metric for this
        row, which is counted apart and never as 0. `kind` and `direction` may be their words. A
        `set` says which `columns` it looks at, and with `sees_verdicts=False` that it looks at no
        verdicts, so that its rows take less memory.
        """
        ...


class Hooks:
    """The specifications, in the order in which a run reaches them."""

    @hookspec
    def sygra_register_nodes(self, register: RegisterNode) -> None:
        """Add node types. Called once per loaded suite, before the suite is checked.

        A name that two plugins register is refused with both plugins named (exit code 4).
        """

    @hookspec
    def sygra_register_validators(self, register: RegisterValidator) -> None:
        """Add validator types. Called once per loaded suite, before the suite is checked.

        With `prepare=FUNCTION` a validator is asked once per run before the first row, as to test
        the model that it is going to ask: `async (ctx: PrepareContext) -> Prepared`. `version="2"`
        says that the same candidate gets another verdict than from the version before.
        """

    @hookspec
    def sygra_register_models(self, register: RegisterModel) -> None:
        """Add model types. Called once per loaded suite; a factory only when a model is used."""

    @hookspec
    def sygra_register_sources(self, register: RegisterSource) -> None:
        """Add source types. Called once per loaded suite, before the suite is checked.

        The factory is called for each reading of the suite's rows: for the look at the first row,
        for the run, for a resume. Beside `rows()` and `fingerprint()` its source may have

        - `check()`, which yields a `Problem` for what is wrong before a row is read;
        - `async keep_in(folder)`, called once when the run has its folder and no row is taken up
          yet: puts into the folder what a resume could not get again. A resume finds the folder in
          `SourceSpec.kept_in`. An exception ends the run before anything is spent (exit code 4).
          `sygra_eval.data.Spool` does that for rows that can be read only once;
        - `first_row_s`, the seconds within which the first row has to come when the suite is
          checked (60).
        """

    @hookspec
    def sygra_register_transforms(self, register: RegisterTransform) -> None:
        """Add transforms of rows, which stand between the sources and the graph.

        Called once per loaded suite, before the suite is checked. A function
        `(columns, transform: TransformSpec)` is called for each row and returns other columns, a
        list of them (each a row of its own), or None, which drops the row. An exception makes a
        bad row of that one, with the transform and its plugin named, and ends nothing else;
        `UnusableRow` is for what is wrong with the row. A class is for what looks at several rows:
        it is made for each reading, `take(row)` is called for each row and `finish()` at the end;
        both yield rows that they were given, `NewRow`s, or `DroppedRow`s. The input is read more
        than once, so the same rows have to give the same rows.
        """

    @hookspec
    def sygra_register_sandboxes(self, register: RegisterSandbox) -> None:
        """Add sandbox providers. One is started only when the suite has validators.

        Of those that work on this host the strongest is taken, see `SandboxProvider.strength`.
        """

    @hookspec
    def sygra_register_reporters(self, register: RegisterReporter) -> None:
        """Add report formats. Called once per loaded suite; a format only when its view is asked.

        A format is a pure view of one `ReportContext`: the report as data, the rows, the run's
        folder, how it is wanted (docs/reports.md). It returns its text or yields it in parts.
        A run folder's `report.md`, `report.json` and `README.md` are what the formats `markdown`,
        `json` and `card` say; another NAME in the suite's `report: {formats: [NAME]}` is
        written to its `file`, by default `report.NAME`, and `sygra-eval report RUN --as NAME`
        prints any of them. An exception in one, or something else than text, costs its own
        file alone: it is told with the plugin's name, the data and the other reports are written,
        and the run ends with exit code 7; a resume calls no model and writes the files again.
        """

    @hookspec
    def sygra_register_executors(self, register: RegisterExecutor) -> None:
        """Add executors: where the rows of a run are settled. Called once per loaded suite.

        `local` settles them in this process, `procs` in child processes of this host; another is
        named by `--executor NAME`. What an executor has to do, and what is done for it, stands at
        `sygra_eval.values.executing`. An exception in it ends the run, which can be resumed.
        """

    @hookspec
    def sygra_register_metrics(self, register: RegisterMetric) -> None:
        """Add metrics: figures of a finished run, for `sygra-eval compare` and `bless`.

        Called when plugins are loaded; a metric only when figures of a run are asked for. It sees
        one finished row (or, of kind `set`, all of them) and returns its value. A metric that
        breaks on a row gives that row an error with the text, which is left out and counted.
        """

    @hookspec
    def sygra_run_started(self, run: RunView) -> None:
        """Observe the start of a run, after the preflight and before the first row.

        A failure is logged and changes nothing.
        """

    @hookspec(firstresult=True)
    async def sygra_run_node(self, node: Node, state: State, ctx: NodeContext) -> State | None:
        """Run one node for one record.

        Called once per visit. The type's registered implementation answers last, so that a
        plugin can replace any node. An exception ends this record as `failed`, names the node,
        and touches no other record.

        :param state: The record's variables, read-only.
        :param ctx: Models, judge, chance; what a node returns is journalled.
        :returns: Variables to add, by name; `None` leaves the node to the next implementation.
        """

    @hookspec
    def sygra_wrap_node(self, node: Node, ctx: NodeContext) -> NodeMiddleware | None:
        """Wrap one visit of a node in plain Python: time it, retry it, fake it, trace it.

        Called once per visit. pluggy's own wrappers see a coroutine where a hook is async, so
        this is the way instead of `@hookimpl(wrapper=True)`.

        :returns: `async (state, proceed) -> additions`, which may await `proceed(state)` any
            number of times; or None. The plugin registered last is the outermost.
        """

    @hookspec(firstresult=True)
    async def sygra_before_call(
        self, request: ChatRequest, ctx: CallContext
    ) -> ChatResponse | None:
        """Answer a call in the place of its model, as from a store of one's own.

        Called before a model is asked, and not for what the journal answers. The answer is
        journalled with the plugin's name (`from_plugin`); it costs nothing, counts for no budget,
        and is kept in no cache. An exception ends the record as `failed` and names the plugin;
        in a validator's call it is an `error` verdict.

        :param request: Messages and parameters as they would be sent; no key is part of them.
        :param ctx: Which model of the suite, and for which record, node, visit and sample.
        :returns: The answer, or None to let the model be asked.
        """

    @hookspec
    def sygra_call_delta(self, call: CallContext, text: str) -> None:
        """Observe a piece of an answer's text as it comes, where a model has `stream: true`.

        Called often, and on the loop that all calls share: be quick. What is seen so may come to
        nothing: when an attempt fails in its middle, the next one begins anew with a higher
        `call.attempt`. Reasoning that the server sends apart is not part of it. A failure is told
        once and changes nothing.
        """

    @hookspec
    def sygra_after_call(
        self, request: ChatRequest, response: ChatResponse, ctx: CallContext
    ) -> None:
        """Observe a call's answer, after it was journalled; a failure is told once, never fatal.

        Called for answers of models, caches and plugins (`response.from_plugin`), once for each
        call, and not for what the journal answers when a run is resumed.
        """

    @hookspec(firstresult=True)
    async def sygra_loop_should_stop(self, loop: LoopView) -> StopReason | None:
        """Stop a loop by a rule of one's own. Called after each round's critique.

        :returns: The reason to record, or None to go on. It never decides the outcome: the
            validators do.
        """

    @hookspec
    def sygra_record_finished(self, record: RecordEnd) -> None:
        """Observe one record's end, after it was journalled. A failure is logged, not fatal."""

    @hookspec
    def sygra_run_finished(self, run: RunEnd) -> None:
        """Observe the end of a run, when its files are written. A failure is logged."""
