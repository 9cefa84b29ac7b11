"""Entries that name a registered type: nodes, validators, models, sources; their own keys.

A config model may bring checks and facts of its own, all of them optional: `problems(scope)`
yields what is wrong with names in it, `outputs()` are the variables that a node adds, and
`candidate_output()` is the one of them that is judged unless the suite says otherwise. Of the last
node `text_output()` is, where it adds several and one of them is the text of all. `mappings()` says
of those that are no text which keys they have.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from sygra_eval.plugins import Plugins, Registered
from sygra_eval.suite.complaints import complain
from sygra_eval.suite.document import At, Document
from sygra_eval.suite.nearest import nearest
from sygra_eval.suite.repair import mended
from sygra_eval.suite.schema import TYPED_KINDS, TypedSection
from sygra_eval.suite.walk import Graph
from sygra_eval.values import Problem, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedEntry:
    """An entry of the document whose type is known and whose own keys fit it.

    :ivar section: The keys that all types of its kind have.
    :ivar config: An instance of the type's config model, or its own keys as a mapping.
    :ivar inner: The graph inside, of a type that embeds one.
    """

    name: str
    type: str
    section: TypedSection
    config: object
    registered: Registered
    document: Document
    at: At
    inner: "Inner | None" = None

    def problems(self, scope: Scope) -> Iterator[Problem]:
        """Yield what the config's own `problems(scope)` finds."""
        find = getattr(self.config, "problems", None)
        if callable(find):
            yield from guarded(find, self.registered, scope)

    def outputs(self) -> tuple[str, ...] | None:
        """Return the variables that a node adds; None when nobody declares them."""
        declare = getattr(self.config, "outputs", None)
        if callable(declare):
            return tuple(declare())
        keys = (
            self.config.get("output_keys")
            if isinstance(self.config, Mapping)
            else getattr(self.config, "output_keys", None)
        )
        match keys:
            case str():
                return (keys,)
            case [*names] if all(isinstance(name, str) for name in names):
                return tuple(names)
        return None

    def mappings(self) -> Mapping[str, Mapping[str, bool]]:
        """Return the variables that hold a mapping, with its keys, see `Scope.mappings`."""
        declare = getattr(self.config, "mappings", None)
        return dict(declare()) if callable(declare) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    """The graph inside a node.

    :ivar nodes: Each behind one that leads to it; `graph` is None where its edges make none.
    """

    nodes: Sequence[TypedEntry]
    graph: Graph | None
    document: Document
    are_all_nodes_known: bool


def guarded(find: Any, registered: Registered, *arguments: object) -> Iterator[Problem]:
    """Call a plugin's check; what it raises becomes a problem that names the plugin."""
    try:
        yield from find(*arguments)
    except Exception as error:  # noqa: BLE001 - the boundary to plugins
        yield Problem(code="plugin-failed", message=_failure(registered, error))


def typed_entry(
    kind: str,
    raw: object,
    plugins: Plugins,
    document: Document,
    at: At,
    *,
    name: str = "",
    extra: Mapping[str, object] | None = None,
    section: type[TypedSection] | None = None,
) -> TypedEntry | None:
    """Resolve one entry; None, with diagnostics, when its type or its own keys are wrong.

    What is wrong with the common keys is reported with the section that the entry stands in.

    :param kind: One of `TYPED_KINDS`.
    :param name: Its name, when that is not said inside of it.
    :param extra: Own keys that the suite says elsewhere.
    :param section: The common keys, where they are not the usual ones of the kind.
    """
    _, type_key, usual = TYPED_KINDS[kind]
    section_type = section or usual
    common = _section(section_type, raw)
    if common is None:
        return None
    type_name = str(getattr(common, type_key))
    registered = plugins.of(kind).get(type_name)
    if registered is None:
        report_unknown_type(kind, type_name, plugins, document, (*at, type_key))
        return None
    own = {**(extra or {}), **common.own}
    config = _validated(registered, own, section_type, document, at)
    if config is None:
        return None
    return TypedEntry(
        name=name or str(getattr(common, "name", None) or type_name),
        type=type_name,
        section=common,
        config=config,
        registered=registered,
        document=document,
        at=at,
    )


def report_unknown_type(
    kind: str, type_name: str, plugins: Plugins, document: Document, at: At
) -> None:
    """Report a type that no plugin registers, with the plugins that were not trusted."""
    what = (
        TYPED_KINDS[kind][0]
        if kind in TYPED_KINDS
        else {"models": "model", "reporters": "report"}.get(kind, kind)
    )
    known = sorted(plugins.of(kind))
    near = nearest(type_name, known)
    if near:
        fix = f"write `{near}`"
    elif plugins.skipped:
        fix = "; ".join(plugins.skipped)
    else:
        fix = f"known: {', '.join(f'`{name}`' for name in known)}" if known else ""
    document.report(
        code="unknown-type",
        message=f"no plugin provides the {what} type `{type_name}`",
        at=at,
        fix=fix,
    )


def _section(section_type: type[TypedSection], raw: object) -> TypedSection | None:
    """Return the common keys; what is wrong with them is reported where they stand."""
    try:
        return section_type.model_validate(raw)
    except ValidationError as error:
        if not isinstance(raw, Mapping):
            return None
        return mended(section_type.model_validate, raw, error)


def _validated(
    registered: Registered,
    own: dict[str, object],
    section_type: type[TypedSection],
    document: Document,
    at: At,
) -> object | None:
    if registered.config is None:
        return own
    try:
        validate = TypeAdapter(registered.config).validate_python
        try:
            config: object | None = validate(own)
        except ValidationError as error:
            common = tuple(f.alias or name for name, f in section_type.model_fields.items())
            complain(document, error, own, at, registered.config, common=common)
            config = mended(validate, own, error)
    except Exception as error:  # noqa: BLE001 - the boundary to plugins
        document.report(code="plugin-failed", message=_failure(registered, error), at=at)
        return None
    return config


def _failure(registered: Registered, error: Exception) -> str:
    return (
        f"plugin {registered.plugin} failed while it checked `{registered.name}`: "
        f"{type(error).__name__}: {error}"
    )
