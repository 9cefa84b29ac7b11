"""One vote of a judge: asked once or in both orders, and reminded once where it cannot be read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sygra_eval.validators.judge_config import ANSWER, FIRST, SECOND, JudgeConfig
from sygra_eval.validators.judge_prompt import Shown, question, reminder
from sygra_eval.validators.judge_reply import Said, Unreadable, read_reply
from sygra_eval.values import Complete, Message

PAIR_SCALE = ("first", "second", "tie")
CUT_OFF = "length"


class Voted(StrEnum):
    """What one vote comes to. An error is no vote at all."""

    PASS = "pass"
    FAIL = "fail"
    TIE = "tie"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is judged, cut and chosen already.

    :ivar other: The answer that it is compared with.
    :ivar place: Where it belongs, for the nonce.
    """

    answer: str
    other: str | None
    columns: Mapping[str, str]
    place: str
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One vote, with what was said in each order.

    :ivar why: Of an error, what could not be read.
    """

    voted: Voted
    said: tuple[Said, ...] = ()
    why: str = ""

    @property
    def reason(self) -> str:
        """The judge's words, or why there are none."""
        return self.said[0].reason if self.said else self.why


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """One order: the answers, or the words of the scale, as they stand in the prompt."""

    name: str
    shown: tuple[Shown, ...]
    scale: tuple[str, ...]
    wins: frozenset[str]
    ties: frozenset[str] = frozenset()


async def vote(
    case: Case, config: JudgeConfig, complete: Complete, *, step: str = "", sample: int = 0
) -> Vote:
    """Ask for one vote; the orders are calls of their own.

    :param step: What the calls are called, besides their order.
    """
    said: list[Said] = []
    voted: set[Voted] = set()
    for order in _orders(case, config):
        asked = question(
            config.rubric,
            order.shown,
            order.scale,
            is_pair=case.other is not None,
            place=case.place,
            seed=case.seed,
        )
        name = f"{step}/{order.name}" if step else order.name
        try:
            one = await _ask(asked, order.scale, config, complete, step=name, sample=sample)
        except Unreadable as error:
            return Vote(voted=Voted.ERROR, why=f"the judge's reply cannot be used: {error}")
        said.append(one)
        voted.add(_voted(one, order))
    # Both orders have to say the same: else it was the order that spoke.
    return Vote(voted=voted.pop() if len(voted) == 1 else Voted.TIE, said=tuple(said))


def _orders(case: Case, config: JudgeConfig) -> Sequence[_Order]:
    columns = tuple(Shown(name=name, text=text) for name, text in case.columns.items())
    if case.other is None:
        shown = (*columns, Shown(name=ANSWER, text=case.answer))
        wins = frozenset(word.casefold() for word in config.passes)
        given = _Order(name="given", shown=shown, scale=config.verdicts, wins=wins)
        turned = _Order(name="turned", shown=shown, scale=config.verdicts[::-1], wins=wins)
        return (given, turned) if config.asks_both_orders else (given,)
    orders = []
    for place, texts in (
        ("first", (case.answer, case.other)),
        ("second", (case.other, case.answer)),
    ):
        pair = (Shown(name=FIRST, text=texts[0]), Shown(name=SECOND, text=texts[1]))
        orders.append(
            _Order(
                name=place,
                shown=(*columns, *pair),
                scale=PAIR_SCALE,
                wins=frozenset({place}),
                ties=frozenset({"tie"}),
            )
        )
    return orders


async def _ask(
    asked: tuple[Message, ...],
    scale: Sequence[str],
    config: JudgeConfig,
    complete: Complete,
    *,
    step: str,
    sample: int,
) -> Said:
    """Ask, and once more where the reply cannot be read.

    :raises Unreadable: When neither reply can be.
    """
    model, parameters = config.model.name, config.model.parameters
    reply = await complete(asked, model=model, step=step, sample=sample, parameters=parameters)
    try:
        return read_reply(reply.text, scale, is_cut_off=reply.finish_reason == CUT_OFF)
    except Unreadable as error:
        again = reminder(asked, str(error), scale)
    reply = await complete(
        again, model=model, step=f"{step}/reminder", sample=sample, parameters=parameters
    )
    return read_reply(reply.text, scale, is_cut_off=reply.finish_reason == CUT_OFF)


def _voted(said: Said, order: _Order) -> Voted:
    if said.verdict.casefold() in order.wins:
        return Voted.PASS
    return Voted.TIE if said.verdict in order.ties else Voted.FAIL
