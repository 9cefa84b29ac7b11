"""What stands before and behind a generated task's graph: rows, transforms, output, schema."""

from typing import TYPE_CHECKING, Any

from tests.sygra.compared import pieces

if TYPE_CHECKING:
    from tests.sygra.compared.generating import Maker

Json = dict[str, Any]
TRANSFORMS = "sygra.processors.data_transform"
TEXTS = (
    "rain",
    "two words",
    "ünïcode \N{SNOWMAN}",
    "{braces} }}",
    "line\nbreak",
    "  ",
    "",
    "7",
    "a, b",
)
COLUMNS = {
    "q": ("str", TEXTS),
    "n": ("int", (0, 1, -7, 10**6)),
    "f": ("float", (0.5, -2.25, 1e10)),
    "flag": ("any", (True, False)),
    "tags": ("any", (["a", "b"], [], ["x"])),
    "d": ("any", ({"k": 1}, {"k": "v", "l": [1]})),
    "none": ("any", (None,)),
    "a b": ("str", TEXTS[:3]),
    "größe": ("str", TEXTS[:3]),
    "answer": ("str", TEXTS[:3]),
}
FLAT = ("q", "n", "f", "a b", "größe", "answer")


def source_of(maker: "Maker") -> Json:
    """Write the rows of a task and return its `data_config`, if it has one."""
    from tests.sygra.compared.generating import FORMATS, as_file

    if maker.odds(0.05):
        maker.known["id"] = "any"
        maker.differs.add("P7")
        return maker.pick({}, {"data_config": {"id_column": "nothing"}})
    form = maker.chance.choice(FORMATS)
    pool = FLAT if form in ("csv", "parquet") else tuple(COLUMNS)
    names = maker.chance.sample(pool, maker.chance.randint(1, 4))
    rows: list[Json] = []
    for _ in range(maker.pick(1, 2, 3, 3)):
        rows.append({name: maker.chance.choice(COLUMNS[name][1]) for name in names})
    known = {name: COLUMNS[name][0] for name in names}
    ids = maker.pick("none", "text", "text", "number", "same", "zero", "some", "column")
    config: Json = {}
    for place, row in enumerate(rows):
        match ids:
            case "text":
                row["id"] = f"r{place}"
            case "number":
                row["id"] = place + 5
            case "same":
                row["id"] = "same"
                maker.differs.add("P7")
            case "zero":
                row["id"] = place
            case "some":
                if place % 2 or form == "csv":
                    row["id"] = f"some{place}"
                elif form == "parquet":
                    row["id"] = None
            case "column":
                row["key"] = maker.pick(f"k{place}", place + 1)
    if ids == "column":
        config["id_column"] = "key"
    if len(rows) > 1 and form in ("json", "jsonl") and maker.odds(0.15):
        rows[-1].pop(names[0])
    if len(rows) > 1 and form in ("json", "jsonl") and maker.odds(0.15):
        rows[-1]["late"] = "extra column"
    if form == "parquet":
        for row in rows:
            row.update({k: str(v) for k, v in row.items() if k in ("id", "key") and v is not None})
    path = f"tasks/gen/{maker.name}/rows.{form}"
    maker.files[f"{maker.name}/rows.{form}"] = as_file(rows, form)
    config["source"] = source = {"type": "disk", "file_path": path}
    if form == "csv":
        known = dict.fromkeys(known, "any")
    known["id"] = "any"
    if maker.odds(0.3):
        source["transformations"] = transforms = _transforms(maker, known, names)
        if any("Combine" in one["transform"] for one in transforms):
            config.pop("id_column", None)
    elif maker.odds(0.15):
        source["fields"] = [names[0]]
        known = {names[0]: known[names[0]], "id": "any"}
    maker.known |= known
    return {"data_config": config}


def _transforms(maker: "Maker", known: dict[str, str], names: list[str]) -> list[Json]:
    made: list[Json] = []
    for _ in range(maker.pick(1, 1, 2)):
        match maker.pick("rename", "add", "skip", "combine", "own"):
            case "rename":
                new = maker.pick("renamed", names[-1])
                params: Json = {"mapping": {names[0]: new}}
                if maker.odds(0.4):
                    params["overwrite"] = True
                made.append({"transform": f"{TRANSFORMS}.RenameFieldsTransform", "params": params})
                if names[0] in known and (new not in known or params.get("overwrite")):
                    known[new] = known.pop(names[0])
            case "add":
                params = {"mapping": {"added": maker.pick("x", 1, None, [1]), "two": "y"}}
                made.append({"transform": f"{TRANSFORMS}.AddNewFieldTransform", "params": params})
                known |= {"added": "any", "two": "str"}
            case "skip":
                params = maker.pick(
                    {"range": "[:1]"},
                    {"range": "[-1:]"},
                    {"skip_type": "count", "count": {"from_start": 1}},
                    {"skip_type": "count", "count": {"from_end": 1}},
                    {"range": "[1:2],[0:0]"},
                    {"skip_type": "count", "count": {"from_begin": 1}},
                )
                made.append({"transform": f"{TRANSFORMS}.SkipRecords", "params": params})
            case "combine":
                name = maker.chance.choice(sorted(known))
                if name == "id":
                    continue
                params = {"combine": 2, "join_column": {name: "$1-$2"}}
                if maker.odds(0.3):
                    params["shift"] = 2
                made.append({"transform": f"{TRANSFORMS}.CombineRecords", "params": params})
                known.clear()
                known[name] = "str"
                known["id"] = "any"
            case "own":
                made.append(
                    {"transform": maker.function(pieces.TRANSFORM), "params": {"by": {"a": [1]}}}
                )
                known |= {"by": "any", "length": "int"}
    return made


def output_of(maker: "Maker", columns: dict[str, str]) -> None:
    """Say what a row is made of, what it has to be, and what is done with all rows."""
    kind = maker.pick("none", "map", "map", "class", "class", "generate", "only class", "oasst")
    output: Json = {}
    if kind not in ("none", "only class"):
        output["output_map"] = _map(maker, kind)
    if kind in ("class", "generate", "only class", "oasst"):
        template = pieces.GENERATOR
        if kind in ("generate", "only class"):
            template += pieces.GENERATE
        output["generator"] = maker.function(template)
    if kind == "oasst":
        output["output_map"]["conversation"] = {"from": "messages", "transform": "chats"}
        output["output_map"]["id"] = {"from": "id"}
        output["oasst_mapper"] = {"required": "yes", "type": "sft"}
        if maker.odds(0.4):
            output["oasst_mapper"]["intermediate_writing"] = "yes"
        maker.differs.add("oasst")
    if output:
        maker.document["output_config"] = output
    if maker.odds(0.2):
        maker.document["schema_config"] = _schema(maker, columns)
    if maker.odds(0.1):
        path = maker.function(pieces.POST_PROCESS)
        maker.document["graph_post_process"] = maker.pick([path], [{"processor": path}])


def _map(maker: "Maker", kind: str) -> Json:
    names = [*sorted(maker.known), "messages", "nobody", "__chat_history__"]
    made: Json = {}
    for place in range(maker.chance.randint(1, 6)):
        field = maker.pick(f"o{place}", maker.chance.choice(names))
        entry: Json = {"from": maker.chance.choice(names)}
        if maker.odds(0.2):
            entry["value"] = maker.pick(
                "fixed",
                None,
                0,
                "",
                ["$graph_config.edges[0].from", 1],
                {"a": "$graph_config.edges"},
                "$graph_config.edges[0].from",
            )
        if kind != "map" and maker.odds(0.4):
            entry["transform"] = maker.pick("shortened", "counted", "raising", "chats")
        made[field] = entry
    if maker.odds(0.7):
        made["id"] = {"from": "id"}
    return made


def _schema(maker: "Maker", columns: dict[str, str]) -> Json:
    if maker.odds(0.3):
        return {"schema": maker.function(pieces.SCHEMA, SEEN=maker.pick("q", "n", "v0"))}
    fields: list[Json] = [{"name": "id", "type": maker.pick("str", "any", "Any", "int")}]
    for name in sorted(columns)[:2]:
        kind = {"str": "str", "int": "int", "float": "float"}.get(columns[name], "any")
        fields.append({"name": name, "type": maker.pick(kind, kind, kind, "int", "list[str]")})
        if kind == "int" and maker.odds(0.5):
            fields[-1][maker.pick("is_greater_than", "is_less_than", "is_equal_to")] = 1
    if maker.odds(0.2):
        fields.append({"name": "messages", "type": "list"})
    return {"fields": fields}
