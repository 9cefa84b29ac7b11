"""A `critique_loop` as five nodes of SyGra, their edges and conditions (sygra.md, section 11)."""

from collections.abc import Mapping
from typing import Any

from sygra_eval.nodes import DEFAULT_CRITIQUE, DEFAULT_REVISION, REFUSED_STOP, CritiqueLoopConfig
from sygra_eval.suite import Placeholder, RoutedChoice, Template
from sygra_eval.sygra.exporting.parts import EXIT, At, Making, Part
from sygra_eval.sygra.exporting.prompts import Messages, Written, messages_of, written
from sygra_eval.sygra.exporting.routes import Asking, asking
from sygra_eval.values import Node

_VARIABLES = (
    "candidate",
    "drafted",
    "critique",
    "feedback",
    "evidence",
    "round",
    "kept",
    "drawn",
    "stop",
    "next",
)
_TEXTS = ("candidate", "critique", "feedback", "evidence", "round")
_OF_DRAFT = "draft:"
MOST_STEPS = 100
"""So many steps SyGra lets a record take."""


def loop_part(
    node: Node, config: CritiqueLoopConfig, scope: dict[str, str], making: Making, at: At
) -> Part:
    """Return init, check, draft, critique and revise, in this order, with their edges."""
    _leave_out(node, config, making, at)
    names = {one: making.names.variable(f"{node.name}_{one}") for one in _VARIABLES}
    making.plain.update(names[one] for one in _TEXTS)
    drafted = written(messages_of(config.draft.prompt, making, (*at, "draft")), scope, making)
    revise = config.revise
    is_conversation = revise is None or revise.prompt is None
    output = _output(config.output, scope, making)
    spec: dict[str, Any] = {
        "names": names,
        "output": output,
        "rounds": making.rounds,
        "stop_reason": making.stop_reason,
        "samples": config.draft.most,
        "max_rounds": config.max_rounds,
        "sentinel": config.sentinel,
        "accepted_by": list(config.accepted_by),
        "has_critic": config.critique is not None,
        "is_conversation": is_conversation,
        "evidence_chars": config.evidence.max_chars,
        "refused": REFUSED_STOP.replace("{evidence}", ""),
    }
    loop = _Loop(node, config, scope, making, at, names, output)
    making.carried.put("prompts", output, drafted.rendering)
    made = loop.nodes(drafted)
    making.carried.put("loops", loop.key, spec)
    edges = loop.edges()
    return Part(made, tuple(edges), loop.called["init"])


def _output(name: str, scope: dict[str, str], making: Making) -> str:
    if name not in scope:
        scope[name] = making.names.variable(name)
    making.plain.add(scope[name])
    return scope[name]


def _leave_out(node: Node, config: CritiqueLoopConfig, making: Making, at: At) -> None:
    name = node.name
    if config.draft.rate is not None:
        making.refuse((*at, "draft", "samples"), f"`{name}`: a pass rate has no equivalent")
    if config.budget is not None:
        making.leave_out((*at, "budget"), f"`{name}`: no budget of tokens bounds a row")
    if config.timeout is not None:
        making.leave_out((*at, "timeout"), f"`{name}`: no time bounds a row's loop")
    calls = [config.draft, config.critique, config.revise or config.draft]
    routed = sum(one is not None and one.model.route is not None for one in calls)
    steps = 1 + (3 + routed) * config.max_rounds + (3 if routed else 2) * config.draft.most
    if steps > MOST_STEPS:
        making.refuse(
            (*at, "max_rounds"),
            f"`{name}`: {config.max_rounds} rounds are up to {steps} steps, and SyGra ends a "
            f"record after {MOST_STEPS}",
            fix="write `max_rounds: 30` or less",
        )


class _Loop:
    """One loop while it is written."""

    def __init__(
        self,
        node: Node,
        config: CritiqueLoopConfig,
        scope: Mapping[str, str],
        making: Making,
        at: At,
        names: Mapping[str, str],
        output: str,
    ) -> None:
        self.node, self.config, self.making, self.at, self.names = node, config, making, at, names
        self.scope, self.output = scope, output
        short = node.name.rpartition("/")[2]
        self.called = {
            one: making.names.node(f"{short}_{one}")
            for one in ("init", "check", "draft", "critique", "revise")
        }
        self.key = making.names.one_class("Loop", node.name)
        self.asked: dict[str, Asking] = {}

    def nodes(self, drafted: Written) -> dict[str, Mapping[str, Any]]:
        """Return its nodes in the order in which SyGra has to meet them."""
        from sygra_eval.sygra.exporting.nodes import lambda_keys

        config, making, called = self.config, self.making, self.called
        begins = self._class("Begins", "LambdaFunction", "loop_begin(SUITE['loops'][KEY])")
        checks = self._class(
            "Checks", "LambdaFunction", "loop_check(SUITE['loops'][KEY], state, judging(KEY))"
        )
        internal = [self.names[one] for one in _VARIABLES if one not in ("drafted", "critique")]
        shared = [making.rounds, making.stop_reason]
        made: dict[str, Mapping[str, Any]] = {
            called["init"]: lambda_keys(making, begins, [*internal, *shared]),
            called["check"]: {
                "node_type": "lambda",
                "lambda": making.path_of(checks),
                "output_keys": self.output,
            },
            **self._asks("draft", config.draft.model, drafted, "drafted"),
        }
        if config.critique is not None:
            said = self._class(
                "Said",
                "NodePostProcessorWithState",
                "loop_said(SUITE['loops'][KEY], resp.message.content, state)",
                given="self, resp, state",
            )
            post = {"post_process": making.path_of(said)}
            critic = config.critique.model
            made |= self._asks("critique", critic, self._critique(), "critique", post)
            if critic.structured is not None:
                making.refuse((*self.at, "critique", "model"), "a critique in JSON is not exported")
        if config.max_rounds > 1:
            model = config.draft.model if config.revise is None else config.revise.model
            made |= self._asks("revise", model, self._revision(), "drafted")
        return made

    def edges(self) -> list[dict[str, Any]]:
        """Return how the five follow each other."""
        config, called = self.config, self.called
        goes = self._class(
            "Goes", "EdgeCondition", "state[SUITE['loops'][KEY]['names']['next']]", given="state"
        )
        condition = self.making.path_of(goes)
        revises = {"revise": called["revise"]} if config.max_rounds > 1 else {}
        after = {"draft": called["draft"]} if config.draft.most > 1 else {}
        after |= revises if config.critique is None else {"critique": called["critique"]}
        edges: list[dict[str, Any]] = [
            {"from": called["init"], "to": called["draft"]},
            *self.asked["draft"].leading_to(called["check"]),
            {"from": called["check"], "condition": condition, "path_map": {"end": EXIT, **after}},
        ]
        if config.critique is not None:
            path_map = {"end": EXIT, **revises}
            critique = self.asked["critique"]
            way = {"condition": condition, "path_map": path_map}
            edges += [
                *map(dict, critique.edges),
                *({"from": one, **way} for one in critique.leaves),
            ]
        if config.max_rounds > 1:
            edges += self.asked["revise"].leading_to(called["check"])
        return edges

    def _asks(
        self,
        step: str,
        model: RoutedChoice,
        prompt: Written,
        output: str,
        more: Mapping[str, Any] | None = None,
    ) -> Mapping[str, Mapping[str, Any]]:
        """Write one of its calls; `edges` finds it again by its step."""
        shown = prompt.keys(self.making, self.called[step])

        def keys(block: dict[str, Any]) -> dict[str, Any]:
            told = {"node_type": "llm", "model": block, **shown}
            return {**told, "output_keys": self.names[output], **(more or {})}

        scope = self._inside("critique" if step == "critique" else "feedback")
        place = (*self.at, step, "model")
        self.asked[step] = asking(self.called[step], model, scope, self.making, place, keys)
        return self.asked[step].nodes

    def _inside(self, feedback: str) -> dict[str, str]:
        names = self.names
        return {
            **self.scope,
            "candidate": names["candidate"],
            "evidence": names["evidence"],
            "critique": names[feedback],
            "round": names["round"],
        }

    def _critique(self) -> Written:
        critique = self.config.critique
        if critique is not None and critique.prompt is not None:
            messages = messages_of(critique.prompt, self.making, (*self.at, "critique"))
            return written(messages, self._inside("critique"), self.making)
        return written([("user", self._built_in(), ())], self._with_draft(), self.making)

    def _built_in(self) -> Template:
        """Return the built-in critique; words of the draft inside it mean the draft's variables."""
        drafted = self.config.draft.prompt.messages[-1].template
        parts: list[str | Placeholder] = []
        for part in Template.parse(DEFAULT_CRITIQUE).parts:
            if isinstance(part, Placeholder) and part.name == "task":
                parts += [
                    one if isinstance(one, str) else Placeholder(_OF_DRAFT + one.name)
                    for one in drafted.parts
                ]
            else:
                parts.append(part)
        return Template("", tuple(parts))

    def _with_draft(self) -> dict[str, str]:
        drafts = {_OF_DRAFT + name: variable for name, variable in self.scope.items()}
        return {**self._inside("critique"), **drafts}

    def _revision(self) -> Written:
        revise = self.config.revise
        if revise is not None and revise.prompt is not None:
            messages = messages_of(revise.prompt, self.making, (*self.at, "revise"))
            return written(messages, self._inside("feedback"), self.making)
        drafted: Messages = [
            (one.role, one.template, one.parts) for one in self.config.draft.prompt.messages
        ]
        first = written(drafted, self.scope, self.making)
        own: Messages = [
            ("assistant", Template.parse("{candidate}"), ()),
            ("user", Template.parse(DEFAULT_REVISION), ()),
        ]
        then = written(own, self._inside("feedback"), self.making)
        return Written(
            first.messages + then.messages,
            {**first.texts, **then.texts},
            first.rendering + then.rendering,
        )

    def _class(self, kind: str, base: str, calls: str, given: str = "") -> str:
        name = self.making.names.one_class(kind, self.node.name)
        is_method = given.startswith("self")
        arguments = given or "lambda_node_dict, state"
        body = calls.replace("KEY", repr(self.key)).replace("'", '"')
        self.making.carried.classes.append(
            f"class {name}({base}):\n"
            + ("" if is_method else "    @staticmethod\n")
            + f"    def apply({arguments}):\n        return {body}\n"
        )
        return name
