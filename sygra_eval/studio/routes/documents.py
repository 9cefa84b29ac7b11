"""`GET /api/suites/{path}`: one suite as its file says it; reading it executes nothing of it."""

from fastapi import APIRouter

from sygra_eval.studio.documents import SuiteDocument, document_of
from sygra_eval.studio.studio import TheStudio

router = APIRouter()


@router.get("/suites/{name:path}")
def suite(studio: TheStudio, name: str) -> SuiteDocument:
    """Show one suite: its text, its graph, what is wrong with it."""
    return document_of(studio.workspace, name)
