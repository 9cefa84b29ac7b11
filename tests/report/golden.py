"""Views as they are to look, kept in files: `python -m tests.report.golden --update` writes them.

It prints the difference to what was there, for a person to read before it is committed.
"""

import difflib
import json
import sys
from pathlib import Path

from sygra_eval.engine import ReportContext, RunSummary
from sygra_eval.report import data_card, json_report, markdown_report, terminal_report
from sygra_eval.report.document import document_of
from sygra_eval.report.html.digest import Digest
from sygra_eval.report.html.sections import sections_of
from sygra_eval.report.markdown import short_markdown
from sygra_eval.report.short_page import short_text

FOLDER = Path(__file__).with_name("golden")


def views_of(summary: RunSummary) -> dict[str, str]:
    """Return each view that has a file, by the file's name."""
    document = json.loads(json_report(summary))
    return {
        "terminal.txt": short_text(document),
        "terminal-wide.txt": short_text(document, width=120),
        "terminal-color.txt": short_text(document, has_color=True),
        "terminal-full.txt": terminal_report(summary),
        "markdown.md": short_markdown(document_of(summary)),
        "markdown-full.md": markdown_report(summary),
        "report.json": json_report(summary),
        "card.md": data_card(summary),
        "html-sections.html": _html_sections(summary),
    }


def _html_sections(summary: RunSummary) -> str:
    """Return what the page says before its rows, a tag a line."""
    sections = sections_of(ReportContext(summary=summary), Digest())
    return "".join(one.content.replace("><", ">\n<") + "\n" for one in sections)


def difference(name: str, text: str, folder: Path = FOLDER) -> str:
    """Return what would change in a file."""
    path = folder / name
    kept = path.read_bytes().decode() if path.is_file() else ""
    lines = difflib.unified_diff(
        kept.splitlines(keepends=True), text.splitlines(keepends=True), name, f"{name} (now)"
    )
    return "".join(lines)


def main(arguments: list[str]) -> int:
    """Print what differs; write it with `--update`."""
    from tests.report.golden_rows import FOLDER_OF_ROWS, views_of_rows
    from tests.report.golden_run import golden_summary

    changed = 0
    for folder, views in (
        (FOLDER, views_of(golden_summary())),
        (FOLDER_OF_ROWS, views_of_rows()),
    ):
        folder.mkdir(exist_ok=True)
        for name, text in views.items():
            found = difference(name, text, folder)
            changed += bool(found)
            sys.stdout.write(found)
            if found and "--update" in arguments:
                (folder / name).write_bytes(text.encode())
    return int(changed > 0 and "--update" not in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
