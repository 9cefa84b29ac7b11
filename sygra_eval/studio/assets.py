"""The built page: read once at the start, so that one server serves one build to its end.

There are no paths to be made of what is asked: a name is in the build, or it is not.
"""

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

PLACE = Path(__file__).parent / "static"
PAGE = "index.html"
_KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file of the build.

    :ivar tag: Its ETag: of the content, so that a build that changed nothing is not sent again.
    """

    content: bytes
    kind: str
    tag: str

    def answer(self, request: Request) -> Response:
        """Give it, or say that the browser has it already."""
        headers = {"etag": self.tag, "cache-control": "no-cache"}
        if self.tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        body = b"" if request.method == "HEAD" else self.content
        answer = Response(body, headers=headers, media_type=self.kind)
        answer.headers["content-length"] = str(len(self.content))
        return answer


class Assets:
    """The files of a build by their names."""

    def __init__(self, files: Mapping[str, Asset]) -> None:
        self._files = files

    @classmethod
    def read(cls, place: Path = PLACE) -> "Assets":
        """Read a build; the licences in it are for who has the files."""
        files = (path for path in sorted(place.rglob("*")) if path.is_file())
        names = ((path.relative_to(place).as_posix(), path) for path in files)
        return cls({name: _asset(path) for name, path in names if not name.startswith(".")})

    def find(self, name: str) -> Asset | None:
        """Return a file; the page itself has no name."""
        return self._files.get(name or PAGE)

    @cached_property
    def build(self) -> str:
        """What tells this build from another."""
        told = "".join(f"{name} {asset.tag}\n" for name, asset in sorted(self._files.items()))
        return hashlib.sha256(told.encode()).hexdigest()[:16]


def _asset(path: Path) -> Asset:
    content = path.read_bytes()
    kind = _KINDS.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    return Asset(content, kind or "application/octet-stream", tag)
