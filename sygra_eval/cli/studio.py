"""`sygra-eval studio [DIR]`."""

import contextlib
import signal
import sys
import webbrowser
from pathlib import Path

import click

from sygra_eval.values import UsageError


@click.command("studio")
@click.argument("folder", type=click.Path(path_type=Path), default=Path(), metavar="[DIR]")
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=0, help="The port; a free one by default."
)
@click.option("--no-open", is_flag=True, help="Do not open the browser.")
@click.option("--read-only", is_flag=True, help="Show runs, and start or change nothing.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Where run folders are; DIR/reports by default.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Listen on another address: whoever reaches it and has the link may come in.",
)
@click.option(
    "--allowed-host",
    "allowed_hosts",
    multiple=True,
    metavar="NAME",
    help="A further name under which Studio may be opened; needed with --host 0.0.0.0.",
)
def command(
    folder: Path,
    port: int,
    no_open: bool,
    read_only: bool,
    out: Path | None,
    host: str,
    allowed_hosts: tuple[str, ...],
) -> int:
    """Watch and judge runs in the browser, and start them.

    Prints the link alone on a line, and listens on this machine alone. Whoever has the link can do
    here what you can, so it is a secret; it is another one at each start. Ctrl-C ends it; runs that
    were started here go on.
    """
    try:
        from sygra_eval.studio import Workspace, serve
    except ModuleNotFoundError as error:
        raise UsageError(
            f"Studio needs the package {error.name}: pip install 'sygra-eval[studio]'"
        ) from error
    workspace = Workspace.of(folder, reports=out, is_read_only=read_only)

    def said(link: str) -> None:
        sys.stdout.write(f"{link}\n")
        sys.stdout.flush()
        if not no_open:
            with contextlib.suppress(webbrowser.Error, OSError):  # the link is there to be taken
                webbrowser.open(link)

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # it ends as by Ctrl-C
    with contextlib.suppress(KeyboardInterrupt):
        serve(workspace, port=port, said=said, host=host, allowed_hosts=allowed_hosts)
    return 0
