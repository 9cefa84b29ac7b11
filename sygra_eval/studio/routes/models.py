"""`/api/models`, `/api/model-types`, `/api/model-tests`: what S4 shows and does."""

import os
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header
from starlette.responses import JSONResponse, Response

from sygra_eval.studio import models as of_models
from sygra_eval.studio.security import refused
from sygra_eval.studio.studio import Studio, TheStudio
from sygra_eval.studio.told import Told
from sygra_eval.studio.workspace import NotThere
from sygra_eval.suite import MODELS_FILE
from sygra_eval.values import UsageError

router = APIRouter()
Entry = dict[str, Any]
LightState = Literal["waiting", "running", "ok", "warning", "failed", "left out"]


class ModelType(Told):
    """A choice of provider, and its form.

    :ivar form: A JSON Schema; see `sygra_eval.studio.models.forms`.
    :ivar begins_with: What a new model of it says.
    :ivar lists: Whether its server can be asked which models it has.
    """

    id: str
    use: str
    title: str
    about: str
    plugin: str
    begins_with: Entry
    key: str
    lists: bool
    form: Entry


class ModelProblem(Told):
    """One thing that is wrong; `field` is its path in the entry, with dots."""

    field: str
    code: str
    severity: Literal["error", "warning"]
    message: str
    fix: str


class ModelKey(Told):
    """Where a key is; `is_set` is null where nobody looked, as in a keyring."""

    field: str
    name: str
    is_set: bool | None


class ModelPrice(Told):
    """USD per million tokens, or why nobody knows."""

    input: float | None
    output: float | None
    source: str
    why: str


class ModelUser(Told):
    """Where a suite names a model."""

    suite: str
    where: str


class Light(Told):
    """One light of a test, or a fact that it found."""

    name: str
    title: str
    state: LightState
    told: str


class ModelTestTold(Told):
    """How far a test is."""

    id: str
    name: str
    state: Literal["running", "done", "failed"]
    headline: str
    lights: list[Light]
    facts: list[Light]
    first_text_s: float | None


class ModelCard(Told):
    """A model of the folder.

    :ivar is_editable: It stands in the `models.yaml` that Studio writes.
    :ivar last_test: Of this session, of the entry as it is now.
    """

    name: str
    file: str
    line: int
    is_editable: bool
    provider: str
    use: str
    model: str
    endpoint: str
    entry: Entry
    key: ModelKey
    price: ModelPrice
    used_by: list[ModelUser]
    problems: list[ModelProblem]
    last_test: ModelTestTold | None


class ModelsTold(Told):
    """All models, and the file that new ones go to.

    :ivar sha256: Of that file's text; a change has to name it.
    :ivar locked: Why that file cannot be changed here; empty where it can.
    """

    file: str
    exists: bool
    sha256: str
    locked: str
    models: list[ModelCard]
    problems: list[ModelProblem]


class ModelWanted(Told):
    """A model as a form has it."""

    entry: Entry
    renamed_from: str | None = None


class ModelDraft(Told):
    """What would be written: lines of a diff, and what is wrong; and whether its key is there."""

    sha256: str
    key: ModelKey
    diff: list[str]
    problems: list[ModelProblem]


class ModelAsked(Told):
    """What to test: an entry as a form has it, or a model of the folder by name and file."""

    name: str
    entry: Entry | None = None
    file: str = MODELS_FILE


@router.get("/model-types")
async def model_types(studio: TheStudio) -> list[ModelType]:
    """List the providers with their forms."""
    told = await of_models.ask(studio.workspace.root, "types")
    return [ModelType(**one) for one in told]


@router.get("/models")
async def models(studio: TheStudio) -> ModelsTold:
    """List the models of the folder."""
    root = studio.workspace.root
    told = await _listed(studio)
    locked, sha256, exists = "", "", False
    try:
        file = of_models.read_models_file(root)
        sha256, exists = file.sha256, file.exists
    except UsageError as error:
        locked = str(error)
    cards = [
        ModelCard(**one, last_test=_last_test(studio, one["name"], one["entry"]))
        for one in told["models"]
    ]
    return ModelsTold(
        file=MODELS_FILE,
        exists=exists,
        sha256=sha256,
        locked=locked,
        models=cards,
        problems=[ModelProblem(**one) for one in told["problems"]],
    )


@router.post("/models/{name}/draft")
async def draft(name: str, wanted: ModelWanted, studio: TheStudio) -> ModelDraft:
    """Say what Save would write, and what is wrong; nothing is written."""
    made = await _drafted(studio, name, wanted)
    return _told_draft(studio, made, wanted.entry)


@router.get("/models/{name}/removal")
def removal(name: str, studio: TheStudio) -> ModelDraft:
    """Say what Delete would write."""
    return _told_draft(studio, of_models.removed(studio.workspace.root, name), {})


@router.put("/models/{name}", response_model=ModelDraft)
async def put_model(
    name: str,
    wanted: ModelWanted,
    studio: TheStudio,
    if_match: Annotated[str | None, Header()] = None,
) -> ModelDraft | Response:
    """Write a model into the folder's models.yaml."""
    if if_match is None:
        return _unnamed()
    made = await _drafted(studio, name, wanted)
    return _write(studio, made, wanted.entry, if_match)


@router.delete("/models/{name}", response_model=ModelDraft)
def delete_model(
    name: str, studio: TheStudio, if_match: Annotated[str | None, Header()] = None
) -> ModelDraft | Response:
    """Take a model out of the folder's models.yaml."""
    if if_match is None:
        return _unnamed()
    return _write(studio, of_models.removed(studio.workspace.root, name), {}, if_match)


@router.post("/model-tests", status_code=HTTPStatus.ACCEPTED)
async def start_test(asked: ModelAsked, studio: TheStudio) -> ModelTestTold:
    """Begin a test; its steps are events of the topic `test:ID`."""
    entry = await _entry_of(studio, asked)
    test = studio.model_tests.start(asked.name, entry, asked.file, studio.keys.environment())
    return ModelTestTold(**test.told())


@router.get("/model-tests/{test_id}")
async def model_test(test_id: str, studio: TheStudio) -> ModelTestTold:
    """Say how far a test is."""
    return ModelTestTold(**_test(studio, test_id).told())


@router.delete("/model-tests/{test_id}")
async def stop_test(test_id: str, studio: TheStudio) -> ModelTestTold:
    """Stop a test."""
    test = _test(studio, test_id)
    studio.model_tests.stop(test)
    return ModelTestTold(**test.told())


@router.post("/model-lists")
async def model_list(asked: ModelAsked, studio: TheStudio) -> list[str]:
    """Ask a server which models it has."""
    entry = await _entry_of(studio, asked)
    field = "deployment" if "deployment" in entry else "model"
    names: list[str] = await of_models.ask_child(
        {
            "what": "list",
            "root": str(studio.workspace.root),
            "name": asked.name,
            "file": asked.file,
            "entry": {**entry, field: entry.get(field) or "any"},
            "environment": dict(studio.keys.environment()),
        }
    )
    return names


async def _listed(studio: Studio) -> Mapping[str, Any]:
    told: Mapping[str, Any] = await of_models.ask(
        studio.workspace.root,
        "listing",
        root=str(studio.workspace.root),
        reports=str(studio.workspace.reports),
        environment=sorted(studio.keys.environment()),
    )
    return told


async def _drafted(studio: Studio, name: str, wanted: ModelWanted) -> of_models.Draft:
    return await of_models.drafted(
        studio.workspace.root,
        name,
        wanted.entry,
        renamed_from=wanted.renamed_from,
        secrets=_secrets(studio, wanted.entry),
    )


def _secrets(studio: Studio, entry: Entry) -> list[str]:
    """Return the keys that are known here: typed ones, and what the entry names."""
    names = (str(entry.get(field, "")) for field in ("api_key_env", "token_env"))
    return [*studio.keys.environment().values(), *(os.environ.get(name, "") for name in names)]


def _write(
    studio: Studio, made: of_models.Draft, entry: Entry, if_match: str
) -> ModelDraft | Response:
    try:
        file = of_models.written(
            studio.workspace.root, made, of_sha256=if_match.removeprefix("W/").strip('"')
        )
    except of_models.NotValid as error:
        body = {"code": "invalid-model", "message": str(error), "details": error.problems}
        return JSONResponse({"error": body}, HTTPStatus.UNPROCESSABLE_ENTITY)
    except of_models.ChangedOnDisk as error:
        return refused(HTTPStatus.PRECONDITION_FAILED, str(error))
    return _told_draft(studio, made, entry, file.sha256)


def _told_draft(
    studio: Studio, made: of_models.Draft, entry: Entry, sha256: str = ""
) -> ModelDraft:
    environment = {**os.environ, **studio.keys.environment()}
    key = of_models.key_of(entry, environment)
    if any(one["code"] == "key-in-file" for one in made.problems):
        key = of_models.key_of({}, {})  # what stands in its place may be a key: not told back
    return ModelDraft(
        key=ModelKey(**key),
        sha256=sha256 or made.before.sha256,
        diff=made.diff,
        problems=[ModelProblem(**one) for one in made.problems],
    )


def _unnamed() -> Response:
    return refused(
        HTTPStatus.PRECONDITION_REQUIRED,
        "name the text that was changed: `If-Match` with the sha256 of models.yaml",
    )


async def _entry_of(studio: Studio, asked: ModelAsked) -> Entry:
    """Return what to ask; paths in it are relative to the file, which has to be one of ours."""
    if asked.file != MODELS_FILE:
        studio.workspace.suite(asked.file)
    if asked.entry is not None:
        return asked.entry
    for one in (await _listed(studio))["models"]:
        if one["name"] == asked.name and one["file"] == asked.file:
            entry: Entry = one["entry"]
            return entry
    raise NotThere(f"{asked.file} has no model `{asked.name}`")


def _test(studio: Studio, test_id: str) -> of_models.ModelTest:
    test = studio.model_tests.find(test_id)
    if test is None:
        raise NotThere("there is no such test; tests are kept until Studio ends")
    return test


def _last_test(studio: Studio, name: str, entry: Entry) -> ModelTestTold | None:
    test = studio.model_tests.last_of(name, entry)
    return None if test is None else ModelTestTold(**test.told())
