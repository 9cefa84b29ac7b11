"""Finds plugins, imports only what is trusted, and calls their hooks, async ones too.

Order: built-ins, entry points of the group `sygra_eval`, `plugins/` beside the suite up to the
project's root, then what `-p` names. Start at `load_plugins`; built-ins are known by module name
only and register through the hooks that a user's plugin uses.
"""

import importlib
import importlib.metadata
import inspect
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

import pluggy

from sygra_eval import trust
from sygra_eval.hookspecs import PROJECT, Hooks, hookimpl
from sygra_eval.values import Metric, Node, NodeContext, PluginError, State

BUILT_INS = (
    "sygra_eval.data.builtin",
    "sygra_eval.models.builtin",
    "sygra_eval.sandbox.builtin",
    "sygra_eval.nodes.builtin",
    "sygra_eval.validators.builtin",
    "sygra_eval.quality.builtin",
    "sygra_eval.report.builtin",
    "sygra_eval.engine.executors.builtin",
    "sygra_eval.sygra.builtin",
)
_SINGULAR = {
    "nodes": "node",
    "validators": "validator",
    "models": "model",
    "sources": "source",
    "transforms": "transform",
    "sandboxes": "sandbox",
    "reporters": "reporter",
    "executors": "executor",
    "metrics": "metric",
}
KINDS = tuple(_SINGULAR)
_ASYNC_HOOKS = frozenset(
    name for name, spec in vars(Hooks).items() if inspect.iscoroutinefunction(spec)
)
_AWAITED_HOOKS = _ASYNC_HOOKS | {"sygra_wrap_node"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A type that a plugin added: its implementation, and the model of its own keys.

    :ivar prepare: Of a validator that wants to be asked before the first row.
    :ivar file: Of a report format: its file in a run folder.
    :ivar about: Of a report format: what it is, in a line.
    :ivar version: Of a validator: of the verdicts that it gives, not of the plugin.
    """

    name: str
    implementation: Any
    config: type[Any] | None
    plugin: str
    prepare: Any = None
    file: str = ""
    about: str = ""
    version: str = "1"


MOST_VERSION = 40
"""Characters: a version is read by people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedPlugin:
    """One line of `sygra-eval plugins`: what it is, from where, and what it adds."""

    name: str
    origin: str
    adds: tuple[str, ...]


@dataclass(slots=True)
class Plugins:
    """The plugins of one suite: registered types by kind, and the hooks to call.

    :ivar contents: By plugin: from where it is, its version, and a hash of its code.
    """

    pluggy: pluggy.PluginManager
    types: dict[str, dict[str, Registered]]
    origins: dict[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    contents: dict[str, str] = field(default_factory=dict)

    def of(self, kind: str) -> Mapping[str, Registered]:
        """Return the registered types of one of `KINDS`, by name."""
        return self.types[kind]

    def find(self, kind: str, name: str) -> Registered:
        """Return one registered type.

        :raises PluginError: When nothing registered the name, with the nearest that there is.
        """
        if name not in self.types[kind]:
            near = get_close_matches(name, self.types[kind], n=1)
            known = ", ".join(self.types[kind])
            hint = f"write `{near[0]}`" if near else f"there are: {known}"
            raise PluginError(f"no {_SINGULAR[kind]} is called `{name}`: {hint}")
        return self.types[kind][name]

    def listing(self) -> tuple[LoadedPlugin, ...]:
        """Return what is loaded, in registration order."""
        return tuple(
            LoadedPlugin(name=name, origin=origin, adds=tuple(self._adds(name)))
            for name, origin in self.origins.items()
        )

    def _adds(self, plugin: str) -> Iterator[str]:
        for kind in KINDS:
            for entry in self.types[kind].values():
                if entry.plugin == plugin:
                    yield f"{_SINGULAR[kind]} {entry.name}"
        for caller in self.pluggy.get_hookcallers(self.pluggy.get_plugin(plugin)) or ():
            if not caller.name.startswith("sygra_register_"):
                yield f"hook {caller.name}"

    def has(self, hook: str) -> bool:
        """Say whether anybody implements a hook."""
        return bool(getattr(self.pluggy.hook, hook).get_hookimpls())

    async def first_of(self, hook: str, **arguments: object) -> tuple[Any, str]:
        """Call a `firstresult` hook; return the first answer that is not None, and whose it is.

        :raises PluginError: With the plugin's name, when it raises.
        """
        for implementation in reversed(getattr(self.pluggy.hook, hook).get_hookimpls()):
            name = implementation.plugin_name
            try:
                answer = await _answer_of(implementation, arguments)
            except Exception as error:
                what = f"{hook} of plugin {name}: {type(error).__name__}: {error}"
                raise PluginError(what) from error
            if answer is not None:
                return answer, name
        return None, ""

    async def acall(self, hook: str, **arguments: object) -> Any:
        """Call a hook whose implementations may be async, in pluggy's order.

        :returns: For a `firstresult` hook the first answer that is not None, else all of them.
        """
        caller = getattr(self.pluggy.hook, hook)
        is_first = bool(caller.spec.opts.get("firstresult"))
        answers: list[Any] = []
        for implementation in reversed(caller.get_hookimpls()):
            answer = await _answer_of(implementation, arguments)
            if answer is None:
                continue
            if is_first:
                return answer
            answers.append(answer)
        return None if is_first else answers

    def observe(self, hook: str, on_failure: Callable[[str], None], **arguments: object) -> None:
        """Call an observer hook; a failing observer is told to `on_failure` and never fatal."""
        for implementation in reversed(getattr(self.pluggy.hook, hook).get_hookimpls()):
            try:
                implementation.function(*(arguments[n] for n in implementation.argnames))
            except (Exception, SystemExit) as error:  # noqa: BLE001 - the boundary to plugins
                name = implementation.plugin_name
                on_failure(f"{hook} of plugin {name}: {type(error).__name__}: {error}")


async def _answer_of(implementation: pluggy.HookImpl, arguments: Mapping[str, object]) -> Any:
    try:
        answer = implementation.function(*(arguments[n] for n in implementation.argnames))
        return await answer if inspect.isawaitable(answer) else answer
    except SystemExit as stop:  # a plugin fails as others do; it does not end the process
        raise RuntimeError(f"sys.exit({stop.code!r}) was called") from stop


def load_plugins(
    folder: Path,
    *,
    named: Sequence[str] = (),
    objects: Mapping[str, object] | None = None,
    is_trusted: bool = False,
    environ: Mapping[str, str] = os.environ,
    built_ins: Sequence[str] = BUILT_INS,
) -> Plugins:
    """Load the plugins that act on suites in `folder`.

    :param named: What `-p` gave: a module's name, a `.py` file, or `no:NAME` to leave one out.
    :param objects: What a program gave itself for some of these names, so that nothing is imported.
    :param is_trusted: Import local folders whether or not they are remembered as trusted.
    :param built_ins: Which of `BUILT_INS`, for who needs few of them soon.
    :raises PluginError: When one cannot be imported, misspells a hook, or clashes with another.
    """
    blocked = frozenset(name.removeprefix("no:") for name in named if name.startswith("no:"))
    _refuse_unknown(blocked, folder, named)
    pm = pluggy.PluginManager(PROJECT)
    pm.add_hookspecs(Hooks)
    plugins = Plugins(pm, {kind: {} for kind in KINDS})

    for name in built_ins:
        if name not in blocked:
            _register(plugins, importlib.import_module(name), name, "built in")
    if not environ.get("SYGRA_EVAL_DISABLE_PLUGIN_AUTOLOAD"):
        for entry in _entry_points():
            _register_entry_point(plugins, entry, blocked)
        is_trusted = is_trusted or environ.get("SYGRA_EVAL_TRUST") == "1"
        for local in local_plugin_folders(folder):
            _register_folder(plugins, local, blocked, is_trusted=is_trusted, environ=environ)
    for name in named:
        if objects is not None and name in objects:
            _register(plugins, objects[name], name, "given by the program")
        elif not name.startswith("no:"):
            _register_named(plugins, name, blocked)
    # Of all that try last the one registered last is called last.
    pm.register(_RegisteredNodes(plugins), name="sygra_eval.registered_nodes")

    _collect_types(plugins)
    return plugins


def _entry_points() -> importlib.metadata.EntryPoints:
    """Return what installed packages register for us.

    The metadata of all packages takes 10 to 30 ms to read, so in one process it is read again only
    where a folder of the path has changed.
    """
    return _entry_points_of(tuple((place, *_state_of(place)) for place in sys.path))


@lru_cache(maxsize=1)
def _entry_points_of(places: tuple[tuple[str, int, int], ...]) -> importlib.metadata.EntryPoints:
    del places  # they say for how long the answer holds
    return importlib.metadata.entry_points(group=PROJECT)


def _state_of(place: str) -> tuple[int, int]:
    """Return which folder a place on `sys.path` is and when something came into it or left it."""
    try:
        found = os.stat(place or ".")  # noqa: PTH116 - a place may be no path at all
    except (OSError, ValueError):
        return (0, 0)
    return (found.st_ino, found.st_mtime_ns)


def _refuse_unknown(blocked: frozenset[str], folder: Path, named: Sequence[str]) -> None:
    """Refuse a `-p no:NAME` that leaves nothing out: it would be thought to have worked."""
    if not blocked:
        return
    files = [path for local in local_plugin_folders(folder) for path in _files(local)]
    files += [Path(name).resolve() for name in named if name.endswith(".py")]
    known = {entry.name for entry in _entry_points()}
    known |= {*BUILT_INS, *(name for name in named if not name.startswith("no:"))}
    known |= {name for path in files for name in (_stem(path), str(path))}
    for name in sorted(blocked - known):
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean `-p no:{near[0]}`?" if near else "`sygra-eval plugins` lists them"
        raise PluginError(f"-p no:{name}: there is no such plugin to leave out; {hint}")


def remember_trust(folder: Path, *, environ: Mapping[str, str] = os.environ) -> None:
    """Keep that the user trusts the plugin folders that act on `folder`, as they are now."""
    for local in local_plugin_folders(folder):
        trust.remember(local, trust.content_hash(local), environ)


def local_plugin_folders(folder: Path) -> tuple[Path, ...]:
    """Return the `plugins/` folders beside `folder` and above it, up to the project's root.

    The root is the nearest folder with a `pyproject.toml`; without one only `folder` counts.
    """
    folder = folder.resolve()
    chain = [folder, *folder.parents]
    root = next((place for place in chain if (place / "pyproject.toml").is_file()), folder)
    up_to_root = chain[: chain.index(root) + 1]
    return tuple(
        place / "plugins" for place in reversed(up_to_root) if any(_files(place / "plugins"))
    )


class _RegisteredNodes:
    """Answers `sygra_run_node` last, with the implementation registered for the node's type."""

    def __init__(self, plugins: Plugins) -> None:
        self._nodes = plugins.types["nodes"]

    @hookimpl(trylast=True)
    async def sygra_run_node(self, node: Node, state: State, ctx: NodeContext) -> State | None:
        implementation = self._nodes[node.type].implementation
        additions: State | None = await implementation(node, state, ctx)
        return {} if additions is None else additions


def _register(plugins: Plugins, plugin: object, name: str, origin: str) -> None:
    if plugins.pluggy.get_name(plugin) is not None:
        return  # named twice, as by an entry point and by -p
    if name in plugins.origins:
        raise PluginError(f"two plugins are called `{name}`: {plugins.origins[name]} and {origin}")
    who = f"plugin {name} ({origin})"
    if inspect.isclass(plugin):
        raise PluginError(f"{who} is a class; name a module or an instance of it")
    _check_hooks(plugins.pluggy, plugin, who)
    try:
        plugins.pluggy.register(plugin, name=name)
    except pluggy.PluginValidationError as error:
        raise PluginError(f"{who}: {' '.join(str(error).split())}") from error
    plugins.origins[name] = origin
    plugins.contents[name] = _content_of(plugin, origin)


def _content_of(plugin: object, origin: str) -> str:
    """Return what tells this plugin's code from another version of it.

    Of a plugin that is no module, an installed one, its version has to do.
    """
    path = Path(getattr(plugin, "__file__", None) or "")
    if origin == "built in" or not path.is_file():
        return origin
    place = path.parent if path.name == "__init__.py" else path
    return f"{origin} {trust.content_hash(place)}"


def _check_hooks(pm: pluggy.PluginManager, plugin: object, who: str) -> None:
    known = [hook for hook in vars(Hooks) if hook.startswith("sygra_")]
    for attribute in dir(plugin):
        options = pm.parse_hookimpl_opts(plugin, attribute)
        if options is None:
            if attribute.startswith("sygra_") and callable(getattr(plugin, attribute)):
                raise PluginError(f"{who}: `{attribute}` is not marked; put @hookimpl above it")
            continue
        hook = options.get("specname") or attribute
        if hook in known:
            is_wrapper = bool(options.get("wrapper") or options.get("hookwrapper"))
            _check_kind(hook, getattr(plugin, attribute), who, is_wrapper=is_wrapper)
        elif not options.get("optionalhook"):
            near = get_close_matches(hook, known, n=1)
            hint = f"; did you mean `{near[0]}`?" if near else f"; the hooks are {', '.join(known)}"
            raise PluginError(f"{who}: there is no hook `{hook}`{hint}")


def _check_kind(hook: str, implementation: object, who: str, *, is_wrapper: bool) -> None:
    """Refuse what would be called and come to nothing."""
    if is_wrapper and hook in _ASYNC_HOOKS:
        raise PluginError(
            f"{who}: `{hook}` is async, so a wrapper would see a coroutine and not its result; "
            "use the hook `sygra_wrap_node` instead"
        )
    if is_wrapper:
        raise PluginError(f"{who}: `{hook}` takes no wrapper; write a plain implementation")
    if inspect.iscoroutinefunction(implementation) and hook not in _AWAITED_HOOKS:
        raise PluginError(
            f"{who}: `{hook}` is not async, so nobody would await this; make it a plain `def`"
        )


def _register_entry_point(
    plugins: Plugins, entry: importlib.metadata.EntryPoint, blocked: frozenset[str]
) -> None:
    if entry.name in blocked:
        return
    dist = entry.dist
    origin = f"{dist.name} {dist.version}" if dist else "entry point"
    try:
        loaded = entry.load()
    except (Exception, SystemExit) as error:
        raise PluginError(
            f"plugin `{entry.name}` of {origin} cannot be imported: {type(error).__name__}: "
            f"{error}; leave it out with `-p no:{entry.name}`"
        ) from error
    _register(plugins, loaded, entry.name, origin)


def _register_folder(
    plugins: Plugins,
    folder: Path,
    blocked: frozenset[str],
    *,
    is_trusted: bool,
    environ: Mapping[str, str],
) -> None:
    content = trust.content_hash(folder)
    if not is_trusted and not trust.is_remembered(folder, content, environ):
        plugins.skipped.append(
            f"{folder} was not imported: it is code and not trusted yet; look at it, then say "
            "--trust once (remembered until it changes)"
        )
        return
    for path in _files(folder):
        _register_file(plugins, path, content, blocked)


def _register_file(plugins: Plugins, path: Path, content: str, blocked: frozenset[str]) -> None:
    """Register a file under its stem, or under its path where the stem is taken."""
    stem, origin = _stem(path), str(path)
    if blocked & {stem, origin} or origin in plugins.origins.values():
        return
    try:
        module = trust.import_source(path, content)
    except (Exception, SystemExit) as error:
        raise PluginError(
            f"plugin {path} cannot be imported: {type(error).__name__}: {error}; leave it out "
            f"with `-p no:{stem}`"
        ) from error
    _register(plugins, module, origin if stem in plugins.origins else stem, origin)


def _stem(path: Path) -> str:
    return path.parent.name if path.name == "__init__.py" else path.stem


def _register_named(plugins: Plugins, name: str, blocked: frozenset[str]) -> None:
    if name.endswith(".py"):
        path = Path(name).resolve()
        if not path.is_file():
            raise PluginError(f"-p {name}: there is no such file")
        _register_file(plugins, path, trust.content_hash(path), blocked)
        return
    if name in blocked:
        return
    try:
        module = importlib.import_module(name)
    except (Exception, SystemExit) as error:
        raise PluginError(
            f"-p {name} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    _register(plugins, module, name, f"-p {name}")


def _files(folder: Path) -> list[Path]:
    """Return `*.py` and `*/__init__.py`, sorted, without names that begin with `_`."""
    modules = [p for p in folder.glob("*.py") if not p.name.startswith("_")]
    packages = [p for p in folder.glob("*/__init__.py") if not p.parent.name.startswith("_")]
    return sorted([*modules, *packages])


def _collect_types(plugins: Plugins) -> None:
    for kind in KINDS:
        caller = getattr(plugins.pluggy.hook, f"sygra_register_{kind}")
        for implementation in caller.get_hookimpls():  # registration order
            register = _registrar(plugins, kind, implementation.plugin_name)
            try:
                implementation.function(*(register for _ in implementation.argnames))
            except PluginError:
                raise
            except Exception as error:
                who = _origin(plugins, implementation.plugin_name)
                raise PluginError(
                    f"plugin {who}: sygra_register_{kind} raised {type(error).__name__}: {error}"
                ) from error


def _registrar(plugins: Plugins, kind: str, plugin: str) -> Callable[..., None]:
    entries = plugins.types[kind]

    def register(
        name: str,
        implementation: Any,
        *,
        config: type[Any] | None = None,
        prepare: Any = None,
        file: str = "",
        about: str = "",
        version: str = "1",
    ) -> None:
        if not isinstance(version, str) or not version.strip() or len(version) > MOST_VERSION:
            raise PluginError(
                f'{kind}: `{name}` has version {version!r}; a version is a short text, as "2"'
            )
        if name in entries:
            first, second = _origin(plugins, entries[name].plugin), _origin(plugins, plugin)
            raise PluginError(f"{kind}: `{name}` is registered twice, by {first} and by {second}")
        entries[name] = Registered(
            name=name,
            implementation=implementation,
            config=config,
            plugin=plugin,
            prepare=prepare,
            file=file,
            about=about,
            version=version,
        )

    def register_metric(name: str, measure: Any, **about: Any) -> None:
        register(name, Metric(name=name, measure=measure, **about))

    return register_metric if kind == "metrics" else register


def _origin(plugins: Plugins, name: str) -> str:
    return f"{name} ({plugins.origins.get(name, 'built in')})"
