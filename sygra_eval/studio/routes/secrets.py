"""`/api/secrets`: keys that are typed here. They go in and are never told."""

from http import HTTPStatus

from fastapi import APIRouter
from pydantic import Field, SecretStr

from sygra_eval.studio.keys import MOST_KEY, Secret, has_keyring
from sygra_eval.studio.studio import TheStudio
from sygra_eval.studio.told import Told

router = APIRouter()


class Secrets(Told):
    """All keys of this Studio.

    :ivar has_keyring: A key can be kept in the system's keyring.
    """

    secrets: list[Secret]
    has_keyring: bool


class NewSecret(Told):
    """A key.

    :ivar keep: In the system's keyring, else until Studio ends.
    """

    value: SecretStr = Field(max_length=MOST_KEY)
    keep: bool = False


@router.get("/secrets")
def secrets(studio: TheStudio) -> Secrets:
    """Say which keys are set."""
    named = studio.suites.key_names()
    return Secrets(secrets=studio.keys.told(named), has_keyring=has_keyring())


@router.put("/secrets/{name}", status_code=HTTPStatus.NO_CONTENT)
def put(name: str, given: NewSecret, studio: TheStudio) -> None:
    """Take a key."""
    value = given.value.get_secret_value()
    studio.keys.put(name, value, named=studio.suites.key_names(), keep=given.keep)


@router.delete("/secrets/{name}", status_code=HTTPStatus.NO_CONTENT)
def delete(name: str, studio: TheStudio) -> None:
    """Forget a key that was typed here."""
    studio.keys.delete(name)
