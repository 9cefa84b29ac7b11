"""The keys of a source of type `http`."""

from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator


class HttpConfig(BaseModel):
    """JSONL that a server gives, packed with gzip or zstd or not at all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(min_length=1, description="An http:// or https:// address, without a key.")
    id: str | None = Field(
        default=None,
        description="The column that names a row; without it a row is FILE:LINE.",
    )
    headers_env: dict[str, str] = Field(
        default={},
        description="Headers to send, each with the environment variable that holds its value,"
        " as {Authorization: MY_TOKEN}.",
    )
    most_mib: int = Field(
        default=10_240, ge=1, description="A download of more MiB than this is refused, unpacked."
    )
    timeout_s: float = Field(
        default=30.0, gt=0, le=3600, description="How long the server may send nothing."
    )

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            is_fit = parts.scheme in ("http", "https") and bool(parts.hostname)
            _ = parts.port
        except ValueError:
            is_fit = False
        if not is_fit or not url.isascii() or any(sign <= " " for sign in url):
            raise ValueError("it is no http:// or https:// address")
        return url

    @field_validator("headers_env")
    @classmethod
    def _are_headers(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, variable in headers.items():
            if not name.replace("-", "").isalnum() or not name.isascii():
                raise ValueError(f"`{name}` is no name of a header")
            if not variable.isidentifier() or not variable.isascii():
                raise ValueError(f"`{name}` needs the NAME of an environment variable, no value")
        return headers
