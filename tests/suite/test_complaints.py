"""What config models of plugins say, in the words and the places of the file."""

from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from sygra_eval.plugins import Registered


class Step(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=2)
    mode: Literal["fast", "slow"] = "fast"


class Config(BaseModel):
    """Nested, with unions and checks of its own."""

    model_config = ConfigDict(extra="forbid")

    steps: list[Step] = []
    one_or_more: Step | list[Step] | None = None
    size: int = 1
    by_name: dict[str, Step] = {}

    @field_validator("size")
    @classmethod
    def _is_even(cls, size: int) -> int:
        if size == 13:
            raise ValueError("13 brings bad luck")
        return size

    @model_validator(mode="after")
    def _is_whole(self) -> "Config":
        if self.size == 7 and not self.steps:
            raise ValueError("seven needs steps")
        return self


class Opaque:
    """Not a pydantic type at all."""


@pytest.fixture
def said(folder):
    """Puts keys of `Config` into a suite and returns what is said of them."""
    types = folder.plugins.types["validators"]
    types["mine"] = Registered(name="mine", implementation=None, config=Config, plugin="p")
    types["opaque"] = Registered(name="opaque", implementation=None, config=Opaque, plugin="p")

    def say(keys: str) -> list[str]:
        folder.change("use: contains, column: expected", f"use: mine, {keys}")
        place = folder.take_out("§") if "§" in keys else None
        found = folder.check()
        if place is not None:
            assert place in [(d.line, d.column) for d in found]
        return [f"{d.code}: {d.message}; {d.fix}" for d in found]

    return say


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("steps: [{name: ab}, {§nam: ab}]", "unknown-key: unknown key `nam`; write `name`"),
        ("steps: [{name: ab, mode: §fats}]", "wrong-value: `mode` must be 'fast' or 'slow'; write"),
        ("steps: [{name: §a}]", "wrong-value: `name` must have at least 2 characters; "),
        ("steps: §{name: ab}", "wrong-type: `steps` must be a list, not a mapping; "),
        ("one_or_more: {name: ab, §mod: x}", "unknown-key: unknown key `mod`; write `mode`"),
        ("one_or_more: [{name: ab, mode: §x}]", "wrong-value: `mode` must be"),
        (
            "one_or_more: §3",
            "wrong-type: `one_or_more` must be a mapping or a list, not a number; ",
        ),
        ("by_name: {x: {name: ab, §z: 1}}", "unknown-key: unknown key `z`; known here: `mode`"),
        ("size: §13", "wrong-value: `size`: 13 brings bad luck; "),
        ("size: §x", "wrong-type: `size` must be a whole number, not text; "),
        ("size: 7", "wrong-value: seven needs steps; "),
        ("§requird: true", "unknown-key: unknown key `requird`; write `required`"),
    ],
)
def test_it_is_said_at_its_place_and_once(said, keys, expected):
    found = said(keys)

    assert len(found) == 1, found
    assert found[0].startswith(expected)


def test_mistakes_behind_a_mistake_are_found_too(folder):
    folder.change("model: author", "model: autor\n      samples: 0\n      extra: 1")
    folder.change("output_keys:", "output_kys:")
    folder.change("{question}", "{qestion}")
    folder.change("column: expected", "colum: expcted, required: 1")

    assert [(d.code, d.line) for d in folder.check()] == [
        ("unknown-model", 10),
        ("wrong-value", 11),
        ("unknown-key", 12),
        ("unknown-variable", 17),
        ("unknown-key", 18),
        ("unknown-column", 24),
        ("unknown-key", 24),
        ("wrong-type", 24),
    ]


def test_a_config_that_is_no_pydantic_type_names_its_plugin(folder, said):
    said("size: 1")
    folder.change("use: mine, size: 1", "use: opaque")

    diagnostic = folder.only()

    assert diagnostic.code == "plugin-failed"
    assert "plugin p failed" in diagnostic.message


def test_thousands_of_mistakes_are_all_reported(folder):
    extra = "".join(f"      key_{n}: 1\n" for n in range(3_000))
    folder.change("      output_keys: answer\n", f"      output_keys: answer\n{extra}")

    assert [d.code for d in folder.check()] == ["unknown-key"] * 3_000
