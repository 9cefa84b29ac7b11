"""`/api/secrets`. A stand-in until the part of that name is merged."""

from http import HTTPStatus

from fastapi import APIRouter

from sygra_eval.studio.studio import TheStudio
from sygra_eval.studio.told import Told

router = APIRouter()


class Typed(Told):
    """A key that was typed."""

    value: str


@router.put("/secrets/{name}", status_code=HTTPStatus.NO_CONTENT)
def put_secret(name: str, typed: Typed, studio: TheStudio) -> None:
    """Take a key."""
    studio.keys.put(name, typed.value)
