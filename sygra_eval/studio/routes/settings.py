"""`/api/settings`: what is in force here, and which code of the folder is trusted."""

import threading
from pathlib import Path

from fastapi import APIRouter

from sygra_eval.studio.isolation import Isolation, isolation_of
from sygra_eval.studio.studio import Studio, TheStudio
from sygra_eval.studio.told import Told
from sygra_eval.studio.trusted import PluginRoot, remember, roots_of

router = APIRouter()
_ONE_AT_A_TIME = threading.Lock()


class Settings(Told):
    """What is in force.

    :ivar reports: Where run folders are.
    :ivar plugins: Folders of code that runs of this workspace would import.
    """

    workspace: str
    reports: str
    is_read_only: bool
    plugins: list[PluginRoot]


class Trust(Told):
    """A plugin folder to be trusted, with the content that was shown."""

    path: str
    content: str


@router.get("/settings")
def settings(studio: TheStudio) -> Settings:
    """Say what is in force."""
    workspace = studio.workspace
    return Settings(
        workspace=str(workspace.root),
        reports=str(workspace.reports),
        is_read_only=workspace.is_read_only,
        plugins=roots_of(_folders(studio)),
    )


@router.get("/settings/isolation")
def isolation() -> Isolation:
    """Say how code under test is isolated on this host; that is found out by trying."""
    with _ONE_AT_A_TIME:
        return isolation_of()


@router.post("/trust")
def trust(asked: Trust, studio: TheStudio) -> Settings:
    """Remember that a plugin folder is trusted as it was shown."""
    remember(_folders(studio), asked.path, asked.content)
    return settings(studio)


def _folders(studio: Studio) -> list[Path]:
    root = studio.workspace.root
    inside = {(root / facts.path).parent for facts in studio.suites.now()}
    return sorted({root, *inside})
