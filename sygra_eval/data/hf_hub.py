"""Asks the Hugging Face hub what a repository holds, and fetches files of it into the hub's cache.

huggingface_hub is imported when this is used. A commit is asked for once; from then on everything
is fetched by it, so that nobody's push changes a run that has begun.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sygra_eval.values import UsageError

README = "README.md"
_LONGEST_CARD = 8 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Hub:
    """A repository of data, as one who has a token sees it.

    :ivar token: None for what the machine's login has.
    """

    repo_id: str
    token: str | None

    def listing(self, revision: str | None) -> tuple[str, Mapping[str, str]]:
        """Return the commit that a revision stands for, and its files with what they hold.

        :raises UsageError: When the hub does not say.
        """
        from huggingface_hub import HfApi
        from huggingface_hub.hf_api import RepoFile

        with self._said_plainly():
            api = HfApi(endpoint=_endpoint(), token=self.token)
            commit = api.dataset_info(self.repo_id, revision=revision).sha
            if not commit:
                raise UsageError("the hub names no commit")
            tree = api.list_repo_tree(
                self.repo_id, repo_type="dataset", revision=commit, recursive=True
            )
            files = {entry.path: entry.blob_id for entry in tree if isinstance(entry, RepoFile)}
        return commit, files

    def fetch(self, path: str, commit: str) -> Path:
        """Return where a file lies in the cache; it is downloaded where it is not there yet.

        :raises UsageError: When it cannot be.
        """
        from huggingface_hub import hf_hub_download
        from tqdm import tqdm

        class Silent(tqdm):  # type: ignore[misc]  # progress is ours to show
            def __init__(self, *arguments: Any, **keywords: Any) -> None:
                keywords.pop("name", None)
                super().__init__(*arguments, **{**keywords, "disable": True})

        with self._said_plainly():
            return Path(
                hf_hub_download(
                    self.repo_id,
                    path,
                    repo_type="dataset",
                    revision=commit,
                    token=self.token,
                    endpoint=_endpoint(),
                    tqdm_class=Silent,
                )
            )

    def card(self, commit: str) -> str:
        """Return the beginning of the repository's README.md."""
        with self.fetch(README, commit).open("rb") as file:
            return file.read(_LONGEST_CARD).decode("utf-8", "replace")

    @contextmanager
    def _said_plainly(self) -> Iterator[None]:
        """Make one sentence of what the hub's package raises; it never holds the token."""
        from huggingface_hub import errors

        try:
            yield
        except UsageError:
            raise
        except errors.GatedRepoError:
            what = "its owner has to let you in first; then give a token by `token_env`"
        except errors.RepositoryNotFoundError:
            what = "the hub has no such data set, or the token may not see it (`token_env`)"
        except errors.RevisionNotFoundError:
            what = "it has no such revision"
        except errors.EntryNotFoundError as error:
            what = f"a file cannot be had: {_first_line(error)}"
        except Exception as error:  # noqa: BLE001 - the boundary to a package and a network
            what = f"the hub cannot be asked: {type(error).__name__}: {_first_line(error)}"
        else:
            return
        if self.token:
            what = what.replace(self.token, "***")
        raise UsageError(f"the data set `{self.repo_id}`: {what}")


def _endpoint() -> str | None:
    """Return the hub's address where the environment names another one; read at each call."""
    return os.environ.get("HF_ENDPOINT") or None


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), "")
