"""What plugins have to do with a call: answer it, hear it come, see what came of it.

Where no plugin has a hook of these there is no `CallHooks`, so a call costs nothing more.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from sygra_eval.plugins import Plugins
from sygra_eval.values import BadAnswer, CallContext, ChatRequest, ChatResponse, PluginError

BEFORE, DELTA, AFTER = "sygra_before_call", "sygra_call_delta", "sygra_after_call"


@dataclass(slots=True)
class CallHooks:
    """The hooks around the calls of one run.

    :ivar told: Failures of observers that a person was told of: each once, as calls are many.
    """

    plugins: Plugins
    tell: Callable[[str], None]
    told: set[str] = field(default_factory=set)

    async def before(self, request: ChatRequest, ctx: CallContext) -> ChatResponse | None:
        """Return the answer of a plugin, marked as such; None where none has one.

        :raises BadAnswer: When a plugin raises, or returns something else.
        """
        if not self.plugins.has(BEFORE):
            return None
        shown = _shown(request)
        try:
            answer, plugin = await self.plugins.first_of(BEFORE, request=shown, ctx=ctx)
        except PluginError as error:
            raise BadAnswer(str(error)) from error
        if answer is None:
            return None
        if not isinstance(answer, ChatResponse):
            kind = type(answer).__name__
            raise BadAnswer(f"{BEFORE} of plugin {plugin} returned {kind}, not a ChatResponse")
        return replace(
            answer,
            from_plugin=plugin,
            tries=1,
            cost_nano_usd=0,
            is_cached=False,
            saved_nano_usd=None,
            answered_by="",
        )

    def listener(
        self, ctx: CallContext, attempt: Callable[[], int]
    ) -> Callable[[str], None] | None:
        """Return who is told of each piece of text; None where nobody listens."""
        if not self.plugins.has(DELTA):
            return None

        def heard(text: str) -> None:
            call = replace(ctx, attempt=attempt())
            self.plugins.observe(DELTA, self._tell_once, call=call, text=text)

        return heard

    def after(self, request: ChatRequest, response: ChatResponse, ctx: CallContext) -> None:
        """Show an answer that was journalled."""
        if self.plugins.has(AFTER):
            self.plugins.observe(
                AFTER, self._tell_once, request=_shown(request), response=response, ctx=ctx
            )

    def _tell_once(self, failure: str) -> None:
        if failure not in self.told:
            self.told.add(failure)
            self.tell(failure)


def call_hooks_of(plugins: Plugins, tell: Callable[[str], None]) -> CallHooks | None:
    """Return the hooks around calls; None where nobody implements one."""
    is_any = any(plugins.has(hook) for hook in (BEFORE, DELTA, AFTER))
    return CallHooks(plugins, tell) if is_any else None


def _shown(request: ChatRequest) -> ChatRequest:
    """Return the request as plugins see it: they cannot change what is sent."""
    parameters = MappingProxyType(deepcopy(dict(request.parameters)))
    return replace(request, parameters=parameters, on_text=None)
