"""Which models of a suite are asked elsewhere, where a call may cost money."""

import ipaddress
from collections.abc import Iterator
from urllib.parse import urlsplit

from sygra_eval.suite import Suite
from sygra_eval.values import ModelSpec

_NO_CALLS = frozenset({"embedded", "replay"})
_ADDRESSES = ("base_url", "endpoint")


def asked_elsewhere(suite: Suite) -> tuple[str, ...]:
    """Return the models that are neither replayed nor on this machine, as far as we can know.

    A plugin's own model may be anywhere, so it counts as elsewhere.
    """
    return tuple(name for name, spec in suite.models.items() if not _is_here(spec))


def _is_here(spec: ModelSpec) -> bool:
    if spec.use in _NO_CALLS:
        return True
    addresses = tuple(_addresses(spec.config))
    return bool(addresses) and all(_is_loopback(address) for address in addresses)


def _addresses(config: object) -> Iterator[str]:
    for name in _ADDRESSES:
        value = config.get(name) if isinstance(config, dict) else getattr(config, name, None)
        if isinstance(value, str) and value:
            yield value


def _is_loopback(address: str) -> bool:
    try:
        host = urlsplit(address).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
