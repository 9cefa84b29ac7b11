"""`GET /api/version`: what is asked first, and by a tab that was open for long."""

from importlib.metadata import version as version_of

from fastapi import APIRouter

from sygra_eval.studio.studio import TheStudio
from sygra_eval.studio.told import Told

router = APIRouter()


class Version(Told):
    """Who answers.

    :ivar workspace: The folder that is open.
    :ivar is_read_only: Nothing can be started or changed here.
    :ivar build: Of the page; a tab that was loaded from another one is to be loaded again.
    """

    version: str
    build: str
    workspace: str
    is_read_only: bool


@router.get("/version")
async def version(studio: TheStudio) -> Version:
    """Say who answers."""
    return Version(
        version=version_of("sygra-eval"),
        build=studio.assets.build,
        workspace=str(studio.workspace.root),
        is_read_only=studio.workspace.is_read_only,
    )
