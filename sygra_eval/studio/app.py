"""The server itself: routes, the page, and how errors are told. Start at `create_app`."""

import contextlib
from collections.abc import AsyncIterator
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Match

from sygra_eval.studio.routes import ROUTERS
from sygra_eval.studio.security import Door, Guard, refused
from sygra_eval.studio.studio import Studio
from sygra_eval.studio.workspace import NotThere, Workspace
from sygra_eval.values import SygraEvalError

_ANY = "/{name:path}"


def create_app(workspace: Workspace, door: Door) -> FastAPI:
    """Return the server of a workspace; `door` says who may come in."""
    studio = Studio(workspace)

    @contextlib.asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        async with studio:
            yield

    app = FastAPI(
        title="sygra_eval Studio",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=life,
        redirect_slashes=False,
    )
    app.state.studio = studio
    for router in ROUTERS:
        app.include_router(router, prefix="/api")
    app.add_api_route(_ANY, _file, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_middleware(
        Guard, door=door, is_read_only=workspace.is_read_only, secrets=studio.secrets
    )
    _tell_errors(app)
    return app


async def _file(name: str, request: Request) -> Response:
    """Give a file of the build; the page itself is `/`."""
    asset = request.app.state.studio.assets.find(name)
    return _nothing_there() if asset is None else asset.answer(request)


def _nothing_there() -> Response:
    return refused(HTTPStatus.NOT_FOUND, "there is nothing under this address")


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

    def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED and not _is_known(request):
            return _nothing_there()
        return refused(HTTPStatus(error.status_code), str(error.detail))

    app.add_exception_handler(NotThere, not_there)
    app.add_exception_handler(SygraEvalError, ours)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)


def _is_known(request: Request) -> bool:
    """Say whether an address is of the interface, with another method; all are files else."""
    scope = {**request.scope, "method": "GET"}
    return any(
        route.matches(scope)[0] is not Match.NONE and getattr(route, "path", "") != _ANY
        for route in request.app.routes
    )
