"""A registered transform as a stage: a plugin's code, whose failure costs one row at most."""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sygra_eval.data.flow import Places, Stage, Tally, unusable, with_columns
from sygra_eval.plugins import Registered
from sygra_eval.values import (
    BadRow,
    DroppedRow,
    NewRow,
    PluginError,
    Problem,
    Row,
    Scope,
    StreamTransform,
    TransformSpec,
    UnusableRow,
)

_END = object()


def applied(spec: TransformSpec, registered: Registered, tally: Tally) -> Stage:
    """Return the stage of a transform: a class looks at many rows, a function at one."""
    if inspect.isclass(registered.implementation):
        return _OfStream(spec, registered, tally)
    return _PerRow(spec, registered, tally)


class _Applied:
    """What both kinds have in common."""

    def __init__(self, spec: TransformSpec, registered: Registered, tally: Tally) -> None:
        self.label = f"transform: {spec.use}"
        self._named = f"transform `{spec.use}`"
        if spec.where is not None:
            self.label = f"{spec.use}: {spec.where.text}"
            self._named = f"`{self.label}`"
        self._spec, self._registered, self._tally = spec, registered, tally

    def problems(self, scope: Scope) -> Iterable[Problem]:
        """Yield what the config's own `problems(scope)` finds, and unknown names of a condition."""
        if self._spec.where is not None:
            yield from self._spec.where.problems(scope, (*self._spec.at, "where"))
        find = getattr(self._spec.config, "problems", None)
        if isinstance(self._spec.config, Mapping) or not callable(find):
            return
        try:
            for problem in find(scope):
                yield _placed(problem, self._spec)
        except Exception as error:  # noqa: BLE001 - the boundary to plugins
            yield Problem(
                code="plugin-failed",
                message=f"plugin {self._registered.plugin} failed while it checked "
                f"`{self._spec.use}`: {type(error).__name__}: {error}",
                at=self._spec.at,
            )

    def _failed(self, error: BaseException) -> str:
        """Return why a row cannot be used; what a transform says of the row needs no plugin."""
        if isinstance(error, UnusableRow):
            return f"{self._named}: {error}"
        what = f"{type(error).__name__}: {error}"
        if isinstance(error, SystemExit):
            what = f"sys.exit({error.code!r}) was called"
        return f"{self._named} of plugin {self._registered.plugin}: {what}"


class _PerRow(_Applied):
    def take(self, row: Row) -> Places:
        """Yield what the function makes of a row: the same row, several, or none."""
        try:
            made = self._registered.implementation(dict(row.columns), self._spec)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the boundary to plugins
            return (unusable(row, self._failed(error)),)
        match made:
            case Mapping():
                return (with_columns(row, made),)
            case None:
                self._tally.drop(row, self._named)
                return ()
            case list() | tuple() | Iterator():
                return self._several(row, iter(made))
        return (self._no_columns(row, made),)

    def finish(self) -> Places:
        """Yield nothing: a function holds no rows."""
        return ()

    def _several(self, row: Row, made: Iterator[Any]) -> Iterator[Row | BadRow]:
        """Yield a row for each; they are told apart by `#n` behind the id."""
        number = 0
        while True:
            one: Row | BadRow
            named = Row(id=f"{row.id}#{number + 1}", index=row.index, columns={}, origin=row.origin)
            try:
                columns = next(made, _END)
                if columns is _END:
                    break
                one = self._no_columns(named, columns)
                if isinstance(columns, Mapping):
                    one = with_columns(named, columns)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - the boundary to plugins
                one, made = unusable(named, self._failed(error)), iter(())
            number += 1
            self._tally.made += number > 1
            yield one
        if not number:
            self._tally.drop(row, self._named)

    def _no_columns(self, row: Row, made: object) -> BadRow:
        what = f"{self._named} of plugin {self._registered.plugin}"
        return unusable(row, f"{what} returned {type(made).__name__}, and no columns")


class _OfStream(_Applied):
    """Runs a stream transform; a row that it neither yields nor drops is merged into others."""

    def __init__(self, spec: TransformSpec, registered: Registered, tally: Tally) -> None:
        super().__init__(spec, registered, tally)
        try:
            self._stream: StreamTransform = registered.implementation(spec)
        except Exception as error:
            raise PluginError(self._failed(error)) from error
        self._merged = f"merged by {self._named}"

    def take(self, row: Row) -> Places:
        """Yield what the transform yields; where it raises, the row it was handed is a bad one."""
        yielded: list[Row | BadRow] = []
        self._tally.left[self._merged] += 1
        try:
            for one in self._stream.take(row):
                yielded.append(self._counted(one))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the boundary to plugins
            self._tally.made += 1
            yielded.append(unusable(row, self._failed(error)))
        return [one for one in yielded if one is not None]

    def finish(self) -> Iterator[Row | BadRow]:
        """Yield what the transform still holds; where it raises, a bad row says so."""
        try:
            for one in self._stream.finish():
                if (counted := self._counted(one)) is not None:
                    yield counted
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the boundary to plugins
            self._tally.made += 1
            named = f"{self._spec.use}:end"
            why = f"bad_input: {self._failed(error)}, at the end of the input"
            yield BadRow(id=named, index=0, origin=named, reason=why)

    def _counted(self, one: Row | NewRow | DroppedRow) -> Any:
        match one:
            case Row():
                self._tally.left[self._merged] -= 1
                return one
            case NewRow():
                self._tally.made += 1
                return Row(id=one.id, index=0, columns=one.columns, origin=one.origin)
            case DroppedRow():
                self._tally.left[self._merged] -= 1
                self._tally.drop(one.row, self._named)
                return None
        raise TypeError(f"it yielded {type(one).__name__}, and no row")


def _placed(problem: Problem, spec: TransformSpec) -> Problem:
    return Problem(
        code=problem.code,
        message=problem.message,
        at=(*spec.at, *problem.at),
        within=problem.within,
        fix=problem.fix,
        severity=problem.severity,
        is_key=problem.is_key,
    )
