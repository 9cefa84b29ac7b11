"""Node `lambda`: calls a function of a trusted plugin; what it returns is journalled.

A suite is data and only names the function. It is looked for among the plugins that are loaded
anyway, so naming one imports nothing: `plugins/clean.py` beside the suite, once it is trusted, or
what `-p` names.
"""

import asyncio
import copy
import inspect
import threading
from collections.abc import Callable, Mapping
from typing import Annotated, Any, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from sygra_eval.values import BoundScope, CallBound, InfrastructureError, Node, NodeContext, State


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


class LambdaConfig(BaseModel):
    """The keys of a `lambda` node; further keys are parameters of the function."""

    model_config = ConfigDict(extra="allow")

    function: str = Field(alias="lambda", pattern=r"^\w+(\.\w+)*[:.]\w+$")
    output_keys: Annotated[
        list[str],
        Field(min_length=1),
        BeforeValidator(_as_list, json_schema_input_type=str | list[str]),
    ]
    timeout: float = Field(default=60.0, gt=0, le=86_400)

    def functions(self) -> dict[str, str]:
        """Return the functions that it needs, by the key that names them."""
        return {"lambda": self.function}

    def most_calls(self, scope: BoundScope) -> tuple[CallBound, ...]:
        """Return nothing: it asks no model that anyone could count."""
        del scope
        return ()

    def longest_outputs(self, scope: BoundScope) -> dict[str, int | None]:
        """Return that nobody knows how long its values are."""
        del scope
        return dict.fromkeys(self.output_keys)


async def call_function(node: Node, state: State, ctx: NodeContext) -> State:
    """Call the function with the node's own keys and a copy of the variables.

    A plain function runs in a thread of its own. One that hangs cannot be ended; the record is, and
    the thread is left behind.
    """
    config = cast("LambdaConfig", node.config)
    function = ctx.function(config.function)
    arguments = _arguments(function, config, state)
    try:
        async with asyncio.timeout(config.timeout) as limit:
            if inspect.iscoroutinefunction(function):
                added = await function(*arguments)
            else:
                added = await _in_a_thread(lambda: function(*arguments))
    except TimeoutError:
        if not limit.expired():
            raise
        raise InfrastructureError(
            f"deadline: node `{node.name}`: `{config.function}` took longer than "
            f"{config.timeout:g} s (its `timeout`)"
        ) from None
    added = {} if added is None else added
    if not isinstance(added, Mapping):
        raise TypeError(
            f"`{config.function}` returned {type(added).__name__}, a mapping by variable is needed"
        )
    _check_keys(config, added)
    return dict(added)


def _arguments(
    function: Callable[..., object], config: LambdaConfig, state: State
) -> tuple[object, ...]:
    """Return `(state)`, or `(keys, state)` for a function that takes two."""
    own = {**config.model_dump(by_alias=True), **(config.model_extra or {})}
    takes = [
        parameter
        for parameter in inspect.signature(function).parameters.values()
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
        and parameter.default is parameter.empty
    ]
    variables = copy.deepcopy(dict(state))  # what it changes in place is nobody else's
    return (variables,) if len(takes) == 1 else (copy.deepcopy(own), variables)


def _check_keys(config: LambdaConfig, added: Mapping[Any, object]) -> None:
    missing = [key for key in config.output_keys if key not in added]
    strange = [key for key in added if key not in config.output_keys]
    if missing or strange:
        told = [f"did not return `{key}`" for key in missing]
        told += [f"returned `{key}`, which `output_keys` does not name" for key in strange]
        raise ValueError(f"`{config.function}` {' and '.join(told)}")


async def _in_a_thread(call: Callable[[], object]) -> object:
    """Wait for a call in a thread that keeps nobody from ending, should it hang."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[object] = loop.create_future()

    def settle(value: object, error: BaseException | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(value)
        elif isinstance(error, StopIteration):  # no future takes one
            done.set_exception(RuntimeError("StopIteration"))
        else:
            done.set_exception(error)

    def run() -> None:
        value: object = None
        failed: BaseException | None = None
        try:
            value = call()
        except BaseException as error:  # noqa: BLE001 - handed on to who waits
            failed = error
        try:
            loop.call_soon_threadsafe(settle, value, failed)
        except RuntimeError:  # the loop has ended meanwhile
            return

    threading.Thread(target=run, daemon=True, name="sygra-lambda").start()
    return await done
