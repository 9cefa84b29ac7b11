"""Keeps metrics by name; ours are imported when somebody first asks for one."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Any, ClassVar

_OURS = "sygra_eval."


class MetricRegistry:
    """Metrics of one kind, shared by the whole process, as SyGra's tasks expect.

    :cvar kind: How a message calls one.
    :cvar package: Whose modules hold ours.
    """

    kind: ClassVar[str]
    package: ClassVar[str]
    _metrics: ClassVar[dict[str, type[Any]]]
    _ours: ClassVar[dict[str, type[Any]]]

    def __init_subclass__(cls) -> None:
        cls._metrics, cls._ours = {}, {}

    @classmethod
    def base(cls) -> type[Any]:
        """Return what every metric of this kind inherits from."""
        raise NotImplementedError

    @classmethod
    def register(cls, name: str, metric_class: type[Any]) -> None:
        """Keep a metric under a name; the last one of a name holds.

        :raises ValueError: When the name is empty, or it is no metric.
        """
        if not isinstance(name, str) or not name.strip():
            raise ValueError(f"a {cls.kind.lower()} needs a name")
        if not inspect.isclass(metric_class) or not issubclass(metric_class, cls.base()):
            raise ValueError(f"`{name}`: {metric_class!r} is no subclass of {cls.base().__name__}")
        cls._metrics[name] = metric_class
        if metric_class.__module__.startswith(_OURS):
            cls._ours[name] = metric_class

    @classmethod
    def get_metric(cls, name: str, **kwargs: Any) -> Any:
        """Return a metric, made with its parameters.

        :raises KeyError: When none is called so.
        """
        return cls.get_metric_class(name)(**kwargs)

    @classmethod
    def get_metric_class(cls, name: str) -> type[Any]:
        """Return a metric's class.

        :raises KeyError: When none is called so.
        """
        names = cls.list_metrics()
        if name not in cls._metrics:
            raise KeyError(f"{cls.kind} '{name}' is not known; known are {', '.join(names)}")
        return cls._metrics[name]

    @classmethod
    def list_metrics(cls) -> list[str]:
        """Return all names, sorted."""
        home = importlib.import_module(cls.package)
        for found in pkgutil.iter_modules(home.__path__):
            importlib.import_module(f"{cls.package}.{found.name}")
        return sorted(cls._metrics)

    @classmethod
    def has_metric(cls, name: str) -> bool:
        """Say whether a metric is called so."""
        return name in cls.list_metrics()

    @classmethod
    def unregister(cls, name: str) -> bool:
        """Forget a metric; say whether there was one."""
        return cls._metrics.pop(name, None) is not None

    @classmethod
    def reset(cls) -> None:
        """Forget what a task has registered, and bring back what it took the names of."""
        cls._metrics = dict(cls._ours)

    @classmethod
    def clear(cls) -> None:
        """Forget all of them."""
        cls._metrics.clear()

    @classmethod
    def get_metrics_info(cls) -> dict[str, dict[str, str]]:
        """Return of each name its class and module."""
        return {
            name: {
                "class": cls._metrics[name].__name__,
                "module": cls._metrics[name].__module__,
                "full_name": f"{cls._metrics[name].__module__}.{cls._metrics[name].__name__}",
            }
            for name in cls.list_metrics()
        }


def registering(registry: type[MetricRegistry], name: str) -> Callable[[type[Any]], type[Any]]:
    """Return a decorator that registers a class under a name."""

    def decorate(metric_class: type[Any]) -> type[Any]:
        registry.register(name, metric_class)
        return metric_class

    return decorate


def keep_ours() -> None:
    """Forget what a task has registered: the next one in this process is another."""
    for registry in MetricRegistry.__subclasses__():
        registry.reset()
