"""The seven lights of a model's test: what the steps of `checkup` come to, for people.

Each step turns one light; a light that could not be looked at says so, and why. `headline` names in
a few words what is wrong. Start at `Lights`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["waiting", "running", "ok", "warning", "failed", "left out"]

TITLES: Mapping[str, str] = {
    "address": "Address resolves",
    "tls": "TLS",
    "key": "Key accepted",
    "model": "Model exists",
    "completion": "Completion",
    "streaming": "Streaming",
    "json_tools": "JSON and tools",
}
_OF_STEP = {
    "address": "address",
    "connection": "address",
    "certificate": "tls",
    "key": "key",
    "model": "model",
    "service": "model",
    "batch": "model",
    "streaming": "streaming",
    "json mode": "json_tools",
    "tools": "json_tools",
}  # all others are answers: a completion, vectors, classes…
_WAY = frozenset({"address", "connection", "certificate"})
_FACTS = frozenset({"tokens", "price"})
_WORSE: tuple[State, ...] = ("ok", "warning", "failed")
_HEADLINES = (
    # step, piece of what it says, headline; the first that fits
    ("address", "refused", "This address is refused"),
    ("address", "", "The host is not known"),
    ("connection", "", "Nothing listens at this address"),
    ("certificate", "does not speak TLS", "The server does not speak TLS"),
    ("certificate", "", "The certificate is not trusted"),
    ("key", "is not set", "The key is not set"),
    ("key", "wants a key", "The server wants a key"),
    ("key", "", "The key is refused"),
    ("service", "API version", "The API version is wrong"),
    ("service", "redirects to", "The server redirects elsewhere"),
    ("service", "within", "The server does not answer"),
    ("service", "", "The server cannot be used"),
    ("model", "API version", "The API version is wrong"),
    ("model", "", "There is no such model"),
    ("", "within", "The server does not answer"),
    ("", "", "The model gives no answer"),
)


@dataclass(slots=True)
class Light:
    """One of the seven."""

    state: State = "waiting"
    told: str = ""


@dataclass(slots=True)
class Lights:
    """What is known of a model so far.

    :ivar is_served: It is behind an address of its own; `is_encrypted` says how it begins.
    :ivar facts: What the last steps said of tokens and price, with their outcome.
    """

    is_served: bool
    is_encrypted: bool
    lights: dict[str, Light] = field(default_factory=lambda: {name: Light() for name in TITLES})
    facts: dict[str, Light] = field(default_factory=dict)
    first_text_s: float | None = None
    headline: str = ""
    _is_over: bool = False

    def __post_init__(self) -> None:
        if not self.is_served:
            for name in ("address", "tls"):
                self.lights[name] = Light("left out", "no server of its own is asked")
        elif not self.is_encrypted:
            self.lights["tls"] = Light("left out", "http:// is not encrypted")
        self._run_next()

    def take(self, step: Mapping[str, Any]) -> None:
        """Turn the light of a step."""
        name, told = str(step["name"]), str(step["told"])
        state: State = step["outcome"]
        if name in _FACTS:
            self.facts[name] = Light(state, told)
            return
        light = self.lights[_OF_STEP.get(name, "completion")]
        if name not in _WAY:  # of a model that is asked by other ways, as litellm's
            self._leave_out_the_way()
        is_second = light.told != ""
        before = light.state if is_second and light.state in _WORSE else "ok"
        light.state = max(before, state, key=_WORSE.index)
        light.told = f"{light.told}; {told}" if is_second and state != "failed" else told
        if step.get("first_text_s") is not None:
            self.first_text_s = float(step["first_text_s"])
        if state == "failed":
            self.headline = next(
                head
                for of, piece, head in _HEADLINES
                if of in ("", name) and piece.lower() in told.lower()
            )
        self._run_next()

    def end(self, why: str = "") -> None:
        """Leave out what was not looked at."""
        self._is_over = True
        is_failed = self.headline != ""
        for light in self.lights.values():
            if light.state in ("waiting", "running"):
                light.state = "left out"
                told = "not looked at after what failed" if is_failed else "does not apply to it"
                light.told = why or told
        if not is_failed and why:
            self.headline = why
        if self.headline == "":
            odd = sum(light.state == "warning" for light in self.lights.values())
            things = "one thing" if odd == 1 else f"{odd} things"
            self.headline = f"It can be used, with {things} to know" if odd else "It can be used"

    def _leave_out_the_way(self) -> None:
        for name in ("address", "tls"):
            if self.lights[name].state in ("waiting", "running"):
                self.lights[name] = Light("left out", "no step tells of it")

    def _run_next(self) -> None:
        if self.headline:
            return
        for light in self.lights.values():
            if light.state == "running":
                return
            if light.state == "waiting":
                light.state = "running"
                return
