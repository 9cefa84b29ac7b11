"""What calls come to: counted, added up, and apart by model and by place in the graph."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from sygra_eval.journal.codec import response_to_json
from sygra_eval.journal.keys import is_repair
from sygra_eval.values import CallSite, ChatResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalledCall:
    """One call as it stands in the journal.

    :ivar model: Who answered, by the suite's name; a stand-in where one did. Empty in journals of
        0.1.0, which did not note it.
    :ivar is_batched: It went through a batch API, which has its own price.
    """

    site: CallSite
    model: str
    response: ChatResponse
    is_batched: bool = False


@dataclass(slots=True, kw_only=True)
class StoredCall:
    """One call as its row holds it, for those who count many of them.

    :ivar number: By which `JournalReader.stored_calls_of` finds it again.
    :ivar model: As `JournalledCall`'s.
    :ivar data: What `response_to_json` made of the answer, long texts left out; `at` is when it was
        there by the wall clock, which journals of 0.1.0 do not have.
    """

    number: int
    record: str
    node: str
    visit: int
    sample: int
    model: str
    data: Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class Spent:
    """What some calls came to.

    :ivar calls: All answers; `from_cache` of them were kept by an earlier run and cost nothing.
    :ivar prompt_tokens: Of all answers; the provider had `cached_tokens` of them cached.
    :ivar completion_tokens: Of all answers; `reasoning_tokens` of them were spent on thinking.
    :ivar estimated: Calls whose tokens the server did not count.
    :ivar tries: Requests that were sent for them, so at least `calls`.
    :ivar latency_s: Of all of them added up.
    :ivar known_nano_usd: What those with a known price cost, in billionths of a dollar.
    :ivar unpriced: Calls whose price is not known.
    :ivar saved_nano_usd: What the answers from the cache cost then, as far as it is known;
        `saved_tokens` are theirs and those of answers from plugins, and of `saved_unpriced` nobody
        knows what they cost.
    :ivar from_plugin: Calls that a plugin answered.
    :ivar repairs: Calls that asked again for JSON which did not fit.
    :ivar batched: Calls that went through a batch API; `batched_nano_usd` of the cost is theirs.
    """

    calls: int = 0
    from_cache: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    reasoning_tokens: int = 0
    estimated: int = 0
    tries: int = 0
    latency_s: float = 0.0
    slowest_s: float = 0.0
    known_nano_usd: int = 0
    unpriced: int = 0
    saved_tokens: int = 0
    saved_nano_usd: int = 0
    saved_unpriced: int = 0
    from_plugin: int = 0
    repairs: int = 0
    batched: int = 0
    batched_nano_usd: int = 0

    @property
    def sent(self) -> int:
        """Calls that an endpoint was asked."""
        return self.calls - self.from_cache - self.from_plugin

    @property
    def tokens(self) -> int:
        """Of prompts and answers, of those that an endpoint was asked."""
        return self.prompt_tokens + self.completion_tokens - self.saved_tokens

    @property
    def cost_nano_usd(self) -> int | None:
        """What they cost; None when the price of one of them is not known."""
        return None if self.unpriced else self.known_nano_usd

    def take(self, call: JournalledCall) -> None:
        """Count one call."""
        stored = {**response_to_json(call.response), "is_batched": call.is_batched}
        self.take_stored(call.site.node, stored)

    def take_stored(self, node: str, data: Mapping[str, Any]) -> None:
        """Count one call as its row holds it: a long run has too many to make values of each."""
        usage, cost = data["usage"], data.get("cost_nano_usd")
        prompt, completion = usage["prompt_tokens"], usage["completion_tokens"]
        self.calls += 1
        self.prompt_tokens += prompt
        self.cached_tokens += usage.get("cached_tokens", 0)
        self.completion_tokens += completion
        self.reasoning_tokens += usage.get("reasoning_tokens", 0)
        self.estimated += usage.get("is_estimated", False)
        self.tries += data["tries"]
        self.latency_s += data["latency_s"]
        self.slowest_s = max(self.slowest_s, data["latency_s"])
        self.known_nano_usd += cost or 0
        self.unpriced += cost is None
        if data.get("is_batched", False):
            self.batched += 1
            self.batched_nano_usd += cost or 0
        self.repairs += is_repair(node)
        if data.get("from_plugin", ""):
            self.from_plugin += 1
            self.saved_tokens += prompt + completion
        elif data.get("is_cached", False):
            saved = data.get("saved_nano_usd")
            self.from_cache += 1
            self.saved_tokens += prompt + completion
            self.saved_nano_usd += saved or 0
            self.saved_unpriced += saved is None

    def add(self, other: "Spent") -> None:
        """Add what other calls came to."""
        slowest_s = max(self.slowest_s, other.slowest_s)
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))
        self.slowest_s = slowest_s


def together(parts: Iterable[Spent]) -> Spent:
    """Return what all of them come to."""
    whole = Spent()
    for part in parts:
        whole.add(part)
    return whole
