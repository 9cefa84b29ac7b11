"""The modules from which tests import the answer, in process T: stand-ins that ask process C."""

from __future__ import annotations

import builtins
import sys
from types import ModuleType

from sygra_eval.validators.inside_link import Link
from sygra_eval.validators.inside_proxies import (
    NeedsOneProcess,
    Proxy,
    Reference,
    StubMeta,
    proxy_of,
    refuse_subclass,
)
from sygra_eval.validators.inside_wire import Json

TYPE_CHECKING = False  # importing `typing` takes longer than a short answer
if TYPE_CHECKING:
    pass

NAMES = ("solution", "answer")


class StubModule(ModuleType):
    """The answer, as tests import it."""

    def __getattr__(self, name: str) -> object:
        link, known = self.__dict__["__sygra__"]
        if name.startswith("__") or name not in known:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return link.ask("get", Reference(["module", ""]), name)

    def __setattr__(self, name: str, value: object) -> None:
        if not name.startswith("__"):
            link = self.__dict__["__sygra__"][0]
            raise link.raised(NeedsOneProcess("a change to the answer's module"))
        super().__setattr__(name, value)


def install(link: Link, exports: Json, by_star: list[str]) -> None:
    """Put the stub modules where tests import them from."""
    found: dict[str, object] = {}
    in_order = sorted(exports, key=lambda export: len(export[3]))
    for name, kind, doc, names in in_order:
        if kind == "class":
            found[name] = link.classes[name] = class_of(link, name, doc, names)
        elif kind == "function":
            found[name] = proxy_of(Proxy, link, ["global", name], ["function"])
    known = [str(export[0]) for export in exports]
    for name in NAMES:
        module = StubModule(name)
        module.__dict__.update(found, __sygra__=(link, set(known)))
        module.__dict__["__all__"] = [name for name in known if name in by_star]
        sys.modules[name] = module
    link.is_ready = True


def class_of(link: Link, name: str, doc: str, names: list[str]) -> type:
    """Make the stand-in for one of the answer's classes."""
    bases = tuple(link.classes[base] for base in names[1:2] if base in link.classes)
    if "BaseException" in names:
        built_in = link.exception_class(next((n for n in names if hasattr(builtins, n)), ""))
        text = {"__str__": lambda self: self.__dict__.get("sygra_text", Exception.__str__(self))}
        return type(name, bases or (built_in or Exception,), {"__doc__": doc, **text})
    content = {"__slots__": (), "__doc__": doc, "__init_subclass__": classmethod(refuse_subclass)}
    made = type.__new__(StubMeta, name, bases or (Proxy,), content)
    type.__setattr__(made, "_sygra_class_link", link)
    return made
