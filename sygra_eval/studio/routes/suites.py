"""`/api/suites`: the suites of the folder as cards. Reading one never executes anything from it."""

from fastapi import APIRouter

from sygra_eval.studio.live.cards import card_of
from sygra_eval.studio.live.told import RunCard
from sygra_eval.studio.studio import Studio, TheStudio
from sygra_eval.studio.suite_cards import SuiteFacts
from sygra_eval.studio.templates import Template, create, templates
from sygra_eval.studio.told import Told

router = APIRouter()


class SuiteCard(Told):
    """A suite in the list.

    :ivar path: Relative to the workspace; names the suite in every other request.
    :ivar nodes: Names of its graph's nodes; none where it judges rows that exist.
    :ivar errors: What has to be put right before it can run; None while that is not known.
    :ivar is_checked: It was looked at. Never of a suite whose rows lie beyond this disk: looking
        at them is left to who starts it.
    :ivar is_local: Its rows are on this disk.
    """

    path: str
    name: str
    description: str
    nodes: list[str]
    models: list[str]
    errors: int | None
    warnings: int | None
    is_checked: bool
    is_local: bool
    last_run: RunCard | None


class Folder(Told):
    """What the list of suites is of.

    :ivar left_out: Why there may be more suites than it has; empty where there are not.
    """

    left_out: str


class NewSuite(Told):
    """A suite to be made of a template; it becomes `NAME.yaml` in the workspace."""

    template: str
    name: str


class MadeSuite(Told):
    """Where it is, relative to the workspace."""

    path: str


@router.get("/suites")
def suites(studio: TheStudio) -> list[SuiteCard]:
    """List the suites of the folder."""
    return [_card(studio, facts) for facts in studio.suites.now()]


@router.get("/folder")
def folder(studio: TheStudio) -> Folder:
    """Say what was left out of the list that was made last."""
    return Folder(left_out=studio.suites.left_out)


@router.get("/templates")
def all_templates() -> list[Template]:
    """List what a suite can begin from; each of them runs as it is, offline."""
    return templates()


@router.post("/suites", status_code=201)
def make(asked: NewSuite, studio: TheStudio) -> MadeSuite:
    """Make a suite of a template; nothing that is there is written over."""
    path = create(studio.workspace, asked.template, asked.name)
    return MadeSuite(path=path.relative_to(studio.workspace.root).as_posix())


def _card(studio: Studio, facts: SuiteFacts) -> SuiteCard:
    known = studio.suites.last_run(facts.name)
    is_known = facts.problems is not None
    return SuiteCard(
        path=facts.path,
        name=facts.name,
        description=facts.description,
        nodes=list(facts.nodes),
        models=list(facts.models),
        errors=facts.errors if is_known else None,
        warnings=len(facts.problems or ()) - facts.errors if is_known else None,
        is_checked=facts.is_checked,
        is_local=facts.is_local,
        last_run=card_of(known) if known is not None else None,
    )
