"""Makes a task of SyGra's by chance: the same folder for the same seed. Start at `made`.

A task is a graph of segments (lines, branches, fan-outs, loops) over a growing set of variables.
What a node reads has a value nearly always, so that most records come to their end; one in some
forty reads what nobody set, and one in some thirty functions raises for some rows.
"""

import csv
import io
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.sygra.compared import pieces

Json = dict[str, Any]
FORMATS = ("json", "jsonl", "csv", "parquet")
TRANSFORMS = "sygra.processors.data_transform"


@dataclass
class Made:
    """A task, before it is written.

    :ivar files: What is in its folder and in those of its subgraphs, by path below `tasks/gen/`.
    :ivar differs: Pitfalls of the specification that make it differ, by their names.
    """

    name: str
    document: Json
    files: dict[str, str | bytes | Json]
    rows: int
    differs: set[str] = field(default_factory=set)


def made(seed: int) -> Made:
    """Return the task of a seed."""
    return Maker(seed).task()


class Maker:
    """One task on its way."""

    def __init__(self, seed: int, name: str | None = None) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - chance that can be repeated
        self.seed = seed
        self.name = name or f"t{seed}"
        self.python: dict[str, str] = {}
        self.files: dict[str, str | bytes | Json] = {}
        self.nodes: Json = {}
        self.edges: list[Json] = []
        self.ends: list[tuple[Any, Any]] = [("START", None)]
        self.known: dict[str, str] = {}
        self.written: list[str] = []
        self.differs: set[str] = set()
        self.is_inner = name is not None
        self.in_loop = 0

    # ---- small choices

    def odds(self, share: float) -> bool:
        """Say yes in a share of cases."""
        return self.chance.random() < share

    def pick(self, *choices: Any) -> Any:
        """Return one of them."""
        return self.chance.choice(choices)

    def new(self, prefix: str = "v") -> str:
        """Return a variable's name that nothing has."""
        name = f"{prefix}{len(self.written)}"
        name += self.pick("", "", "", "_é", " x") if prefix == "v" else ""
        self.written.append(name)
        return name

    def function(self, template: str, **values: Any) -> str:
        """Add a piece of Python and return its dotted path."""
        name = f"F{len(self.python)}"
        text = template.replace("NAME", name)
        for key, value in values.items():
            text = text.replace(f"<{key}>", str(value))
        self.python[name] = text
        return f"tasks.gen.{self.name}.task_executor.{name}"

    # ---- texts

    def placeholder(self) -> str:
        """Return a variable in braces, as its type allows."""
        if not self.known or self.odds(0.008):
            return "{nobody}"
        name = self.chance.choice(sorted(self.known))
        kind = self.known[name]
        forms = {"int": [":03d", ":>5"], "float": [":.2f"], "str": [":>12", "!r:>4"]}
        if self.odds(0.15):
            self.differs.add("format")
            return "{" + name + self.pick("!r", "!s", *forms.get(kind, [])) + "}"
        return "{" + name + "}"

    def text(self) -> str:
        """Return a prompt's text."""
        pieces_ = ["Say", "what:", "{{x}}", "ü", '{{"a": 1}}', "line\nbreak", "10%", "}}", "$5"]
        words = [self.pick(*pieces_) for _ in range(self.chance.randint(1, 3))]
        words += [self.placeholder() for _ in range(self.chance.randint(0, 3))]
        self.chance.shuffle(words)
        return " ".join(words) + self.pick("", "", "\n", " ")

    def prompt(self) -> list[Json]:
        """Return a prompt of one to four messages."""
        roles = self.pick(["user"], ["system", "user"], ["user", "assistant", "user"], ["system"])
        prompt: list[Json] = []
        for role in roles:
            if role == "user" and self.odds(0.1):
                parts = [{"type": "text", "text": self.text()} for _ in range(self.pick(1, 2))]
                prompt.append({role: parts})
            else:
                prompt.append({role: self.text()})
        return prompt

    # ---- nodes

    def llm(self) -> Json:
        """Return an llm node."""
        node: Json = {"node_type": "llm", "prompt": self.prompt(), "model": self.model()}
        self.processed(node)
        if self.odds(0.15):
            node["chat_history"] = True
        if self.odds(0.1):
            self.tools_of(node)
        return node

    def model(self) -> Json:
        """Return a node's block for its model."""
        block: Json = {"name": self.pick("author", "critic")}
        if self.odds(0.3):
            block["parameters"] = self.pick(
                {"temperature": 0.9}, {"max_tokens": 17}, {"stop": ["x"], "top_p": 0.3}
            )
        if self.odds(0.1):
            block["post_process"] = self.function(pieces.MODEL_POST)
        if self.odds(0.1):
            block["special_tokens"] = ["words", "e"]
        return block

    def tools_of(self, node: Json) -> None:
        """Offer tools to a node."""
        one = self.function(pieces.TOOL)
        module = f"tasks.gen.{self.name}.tools"
        kinds = [[one], [f"{module}.Several"], [f"{module}.shout", one]]
        if f"{self.name}/tools.py" not in self.files:  # SyGra finds a module once
            kinds.append([module])
        node["tools"] = self.pick(*kinds)
        self.files[f"{self.name}/tools.py"] = pieces.TOOLS
        if self.odds(0.3):
            node["tool_choice"] = self.pick("auto", "required")

    def processed(self, node: Json) -> None:
        """Say where a node's answer goes, and what is done before and after."""
        match self.pick("messages", "string", "string", "post", "post", "many", "role", "given"):
            case "messages":
                self.written.append("messages")
            case "string":
                node["output_keys"] = self.new()
                self.known[node["output_keys"]] = "str"
            case "post":
                node["output_keys"] = out = self.new()
                template = self.pick(*pieces.POST)
                node["post_process"] = self.function(template, OUT=out)
                self.known[out] = "any"
            case "many":
                node["output_keys"] = [self.new("m"), self.new("m")]
                first, second = node["output_keys"]
                node["post_process"] = self.function(pieces.POST_MANY, ONE=first, TWO=second)
                self.known |= {first: "str", second: "int"}
            case "role":
                node["output_role"] = self.pick("user", "assistant", "system")
            case "given":
                node["post_process"] = self.function(pieces.POST_MESSAGE)
        if self.odds(0.2):
            template = self.pick(*pieces.PRE)
            if template is pieces.PRE_EXTRA:
                node["prompt"].append({"user": "{extra}"})
            node["pre_process"] = self.function(template)

    def structured(self) -> Json:
        """Return a node that answers in JSON."""
        prompt = [{role: self.text()} for role in self.pick(["user"], ["system", "user"])]
        node: Json = {"node_type": "llm", "prompt": prompt, "model": self.model()}
        fields = {"title": {"type": "str", "description": "how it is called"}}
        fields["count"] = {"type": "int"}
        if self.odds(0.4):
            fields["parts"] = {"type": self.pick("list", "dict", "bool", "float")}
        if self.odds(0.3):
            fields["more"] = {"type": "str", "default": "none"}
        schema: Any = {"fields": fields}
        if self.odds(0.3):
            schema = self.function(pieces.PYDANTIC)
        node["model"]["structured_output"] = {"schema": schema}
        if self.odds(0.7):
            node["model"]["structured_output"]["enabled"] = True
        node["input_key"] = "unasked"  # a second try is written into the state's messages (P22)
        node["output_keys"] = out = self.new()
        self.known[out] = "str"
        if self.odds(0.4):
            node["post_process"] = self.function(pieces.POST_JSON, OUT=out)
            self.known[out] = "any"
        return node

    def multi(self) -> Json:
        """Return a node of several models."""
        models = {label: self.model() for label in ("one", "two", "three")[: self.pick(2, 3)]}
        node: Json = {"node_type": "multi_llm", "models": models, "prompt": self.prompt()}
        kind = self.pick("string", "messages", "post", "many")
        if kind == "messages":
            self.differs.add("multi messages")
        if kind in ("string", "messages"):
            node["output_keys"] = self.new()
            self.known[node["output_keys"]] = "any"
        if kind == "post":
            node["output_keys"] = out = self.new()
            node["multi_llm_post_process"] = self.function(self.pick(*pieces.MULTI), OUT=out)
            self.known[out] = "any"
        if kind == "many":
            first, second = self.new("m"), self.new("m")
            node["output_keys"] = [first, second]
            node["post_process"] = self.function(pieces.POST_MANY, ONE=first, TWO=second)
            node["multi_llm_post_process"] = self.function(pieces.MULTI_MANY, ONE=first, TWO=second)
            self.known |= {first: "any", second: "any"}
        return node

    def lambda_(self) -> Json:
        """Return a node of plain Python."""
        node: Json = {"node_type": "lambda", "params": {"by": self.chance.randint(1, 9)}}
        out = self.new()
        template = self.pick(*pieces.LAMBDAS)
        seen = self.chance.choice(sorted(self.known)) if self.known else "nobody"
        node["lambda"] = self.function(template, OUT=out, SEEN=seen)
        node["output_keys"] = self.pick(out, [out])
        if template in pieces.WRITES_NOTHING:
            node["output_keys"] = out
        else:
            self.known[out] = "any"
        return node

    def sampler(self) -> Json:
        """Return a sampler whose draw is no matter of chance."""
        attributes: Json = {}
        for _ in range(self.pick(1, 2)):
            out = self.new("s")
            self.known[out] = "any"
            value = self.chance.choice(["a", 3, None, ["x", 1], 0.5, True])
            attributes[out] = self.pick(
                {"values": [value]},
                {"values": [value, value]},
                {"values": ["never", value], "weights": [0, 1]},
            )
            if self.odds(0.3) and not self.in_loop:
                path = f"tasks/gen/{self.name}/drawn.json"
                self.files[f"{self.name}/drawn.json"] = json.dumps(
                    [{"id": n, "c": f"c{n}", "d": n} for n in range(3)]
                )
                source = {"type": "disk", "file_path": path}
                attributes[out] = {"values": {"column": "c", "source": source}}
        return {"node_type": "weighted_sampler", "attributes": attributes}

    def agent(self) -> Json:
        """Return an agent with tools."""
        node: Json = {"node_type": "agent", "prompt": self.prompt(), "model": self.model()}
        if all("user" not in one for one in node["prompt"]):
            node["prompt"].append({"user": self.text()})
        self.tools_of(node)
        node.pop("tool_choice", None)
        self.processed(node)
        if self.odds(0.2):
            node["inject_system_messages"] = [{0: "be short"}, {1: "never said"}]
        if self.odds(0.2):
            node["chat_history"] = True
        return node

    def subgraph(self) -> Json:
        """Return a node that stands for another task's graph."""
        inner = Maker(self.chance.randrange(10**6), f"{self.name}_in{len(self.nodes)}")
        inner.known = dict(self.known)
        inner.written = list(self.written)
        inner.grow(self.pick(1, 2, 3))
        inner.attach("END")
        graph = {"nodes": inner.nodes, "edges": inner.edges}
        inner.document = {"graph_config": graph}
        self.files |= inner.files | inner.written_files()
        self.known, self.written = inner.known, inner.written
        self.differs |= inner.differs
        node: Json = {"node_type": "subgraph", "subgraph": f"tasks.gen.{inner.name}"}
        asking = [name for name, one in inner.nodes.items() if "prompt" in one]
        if asking and self.odds(0.4):
            changed: Json = {}
            if "model" in inner.nodes[asking[0]] and self.odds(0.7):
                changed["model"] = {"parameters": {"temperature": 0.1, "seed": 4}}
            if self.odds(0.5):
                changed["prompt"] = self.prompt()
            strings = sorted(self.known)
            if len(strings) > 1 and self.odds(0.5) and _is_plain(inner.nodes[asking[0]]["prompt"]):
                changed["prompt_placeholder_map"] = {strings[0]: strings[1]}
            if _is_plain(changed.get("prompt", [])):
                node["node_config_map"] = {asking[0]: changed}
        return node

    # ---- the graph

    def attach(self, target: str) -> None:
        """Lead everything that is open to a node."""
        for source, key in self.ends:
            if key is None:
                self.edges.append({"from": source, "to": target})
            else:
                source["path_map"][key] = target
        self.ends = []

    def add(self, node: Json) -> str:
        """Put a node at the open ends."""
        names = [f"n{len(self.nodes)}", f"Node {len(self.nodes)}", f"é{len(self.nodes)}"]
        name = names[0] if self.odds(0.8) else self.chance.choice(names)
        self.nodes[name] = node
        self.attach(name)
        self.ends = [(name, None)]
        return name

    def node(self) -> str:
        """Add a node of some type."""
        kinds: list[Callable[[], Json]] = [self.llm] * 5 + [self.lambda_] * 3
        kinds += [self.structured, self.multi, self.sampler, self.agent]
        if not self.is_inner:
            kinds.append(self.subgraph)
        return self.add(self.chance.choice(kinds)())

    def condition(self, answers: Json) -> Json:
        """Return a conditional edge whose function says one of some keys."""
        return {
            "from": self.ends[0][0],
            "condition": self.function(self.pick(*pieces.CONDITIONS), KEYS=repr(list(answers))),
            "path_map": dict.fromkeys(answers),
        }

    def single(self) -> None:
        """Have one open end, which is a node."""
        if len(self.ends) != 1 or self.ends[0][1] is not None or self.ends[0][0] == "START":
            self.node()

    def branch(self, depth: int) -> None:
        """Part in two or three ways by a condition; they come together again or end."""
        self.single()
        keys = self.pick(["left", "right"], [True, False], [0, 1, 2], ["a", "END"], ["fan", "x"])
        edge = self.condition(dict.fromkeys(keys))
        if keys == ["fan", "x"]:
            edge["condition"] = self.function(pieces.SEVERAL)
        self.edges.append(edge)
        before, ends, seen = dict(self.known), [], []
        for key in keys:
            if key == "END":
                edge["path_map"]["END"] = "END"
                edge["condition"] = self.function(pieces.TO_THE_END)
                continue
            self.known, self.ends = dict(before), [(edge, key)]
            if self.odds(0.8) or keys == ["fan", "x"]:
                self.grow(1, depth + 1)
            seen.append(self.known)
            ends += self.ends
        self.known = {n: k for n, k in seen[0].items() if all(n in one for one in seen)}
        self.ends = ends

    def fan(self, depth: int) -> None:
        """Run several lines at once, and lead them to one node."""
        self.single()
        source, ends, before = self.ends, [], dict(self.known)
        after = dict(before)
        for _ in range(self.pick(2, 2, 3)):
            self.ends, self.known = list(source), dict(before)
            self.grow(self.pick(1, 1, 2), depth + 2)
            ends += self.ends
            after |= self.known
        self.ends, self.known = ends, after
        self.node()

    def loop(self, depth: int) -> None:
        """Go round some times, counted by a node."""
        self.single()
        self.in_loop += 1
        count = self.new("c")
        first = self.add({"node_type": "lambda", "lambda": "", "output_keys": count})
        self.nodes[first]["lambda"] = self.function(pieces.COUNT, OUT=count)
        self.known[count] = "int"
        self.grow(self.pick(1, 2), depth + 1)
        self.single()
        times = self.pick(1, 2, 3) if self.odds(0.96) else 200
        edge = {
            "from": self.ends[0][0],
            "condition": self.function(pieces.AGAIN, COUNT=count, TIMES=times),
            "path_map": {"again": first, "on": None},
        }
        self.edges.append(edge)
        self.ends = [(edge, "on")]
        self.in_loop -= 1

    def grow(self, size: int, depth: int = 0) -> None:
        """Add segments."""
        for _ in range(size):
            kinds = [self.node] * 4
            if depth < 2 and not self.is_inner:
                kinds += [lambda: self.branch(depth), lambda: self.fan(depth)]
                kinds += [lambda: self.loop(depth)]
            elif depth < 1:
                kinds += [lambda: self.loop(depth), lambda: self.branch(depth)]
            self.chance.choice(kinds)()

    # ---- rows

    def data(self) -> Json:
        """Write the rows, and return what says where they are."""
        from tests.sygra.compared.rows import source_of

        return source_of(self)

    # ---- the end

    def task(self) -> Made:
        """Return all of it."""
        data = self.data()
        columns = dict(self.known)
        self.grow(self.pick(1, 2, 2, 3))
        self.attach("END")
        graph: Json = {"nodes": self.nodes, "edges": self.edges}
        if self.odds(0.1):
            graph["graph_properties"] = {"chat_conversation": "multiturn", "own": 3}
        self.document: Json = {**data, "graph_config": graph}
        from tests.sygra.compared.rows import output_of

        output_of(self, columns)
        self.files |= self.written_files()
        return Made(self.name, self.document, self.files, 3, self.differs)

    def written_files(self) -> dict[str, str | bytes | Json]:
        """Return the folder's document and its Python."""
        python = pieces.HEAD + "\n\n".join(self.python.values())
        return {
            f"{self.name}/graph_config.yaml": self.document,
            f"{self.name}/task_executor.py": python,
        }


def _is_plain(prompt: list[Json]) -> bool:
    return all(isinstance(text, str) for one in prompt for text in one.values())


def as_file(rows: list[Json], form: str) -> str | bytes:
    """Return rows as a file of a format."""
    match form:
        case "json":
            return json.dumps(rows, ensure_ascii=False)
        case "jsonl":
            return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        case "csv":
            text = io.StringIO()
            names = list(dict.fromkeys(name for row in rows for name in row))
            writer = csv.DictWriter(text, names)
            writer.writeheader()
            writer.writerows(rows)
            return text.getvalue()
    import pyarrow
    import pyarrow.parquet

    names = list(dict.fromkeys(name for row in rows for name in row))
    table = pyarrow.table({name: [row.get(name) for row in rows] for name in names})
    sink = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(table, sink)
    return bytes(sink.getvalue().to_pybytes())
