"""The server itself: routes, the page, and how errors are told. Start at `create_app`."""

import contextlib
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, JSONResponse, Response

from sygra_eval.studio.routes import ROUTERS
from sygra_eval.studio.security import MOST_BODY, BodyTooLong, Door, Guard, refused
from sygra_eval.studio.studio import Studio
from sygra_eval.studio.workspace import NotThere, Workspace
from sygra_eval.values import SygraEvalError

STATIC = Path(__file__).parent / "static"


def create_app(workspace: Workspace, door: Door) -> FastAPI:
    """Return the server of a workspace; `door` says who may come in."""
    studio = Studio(workspace)

    @contextlib.asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        async with studio:
            yield

    app = FastAPI(
        title="sygra_eval Studio", docs_url=None, redoc_url=None, openapi_url=None, lifespan=life
    )
    app.state.studio = studio
    for router in ROUTERS:
        app.include_router(router, prefix="/api")
    app.add_api_route("/{name:path}", _file, methods=["GET"], include_in_schema=False)
    app.add_middleware(Guard, door=door, is_read_only=workspace.is_read_only)
    _tell_errors(app)
    return app


async def _file(name: str) -> Response:
    """Give a file of the build; the page itself is `/`."""
    path = (STATIC / (name or "index.html")).resolve()
    if not path.is_relative_to(STATIC) or not path.is_file():
        return refused(HTTPStatus.NOT_FOUND, "there is nothing under this address")
    return FileResponse(path, headers={"cache-control": "no-cache"})


def _tell_errors(app: FastAPI) -> None:
    """Give every error the one shape `{"error": {"code", "message"}}`."""

    def not_there(_request: Request, error: Exception) -> Response:
        return refused(HTTPStatus.NOT_FOUND, str(error))

    def ours(_request: Request, error: Exception) -> Response:
        return refused(HTTPStatus.CONFLICT, str(error))

    def invalid(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - what it is registered for
        told = [
            {"at": ".".join(str(part) for part in one["loc"]), "message": one["msg"]}
            for one in error.errors()
        ]
        body = {
            "error": {
                "code": "invalid",
                "message": f"{told[0]['at']}: {told[0]['message']}",
                "details": told,
            }
        }
        return JSONResponse(body, HTTPStatus.UNPROCESSABLE_ENTITY)

    def http(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
        return refused(HTTPStatus(error.status_code), str(error.detail))

    def too_long(_request: Request, _error: Exception) -> Response:
        return refused(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body holds at most {MOST_BODY} bytes"
        )

    app.add_exception_handler(NotThere, not_there)
    app.add_exception_handler(SygraEvalError, ours)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(BodyTooLong, too_long)
