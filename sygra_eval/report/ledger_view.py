"""The ledger of a run as text and as data: a line for each row, then the sums."""

from sygra_eval.engine import Account, Ledger, LedgerLine
from sygra_eval.report.text_safety import one_line


def ledger_line(line: LedgerLine) -> str:
    """Return outcome, id and reason with tabs between them, which none of the three holds."""
    return "\t".join((line.outcome, one_line(line.row_id), one_line(line.reason))).rstrip()


def line_json(line: LedgerLine) -> dict[str, object]:
    """Return one row's line as data."""
    return {
        "index": line.index,
        "id": line.row_id,
        "outcome": line.outcome,
        "reason": line.reason or None,
    }


def account_line(account: Account) -> str:
    """Return a sum as people write it, and whether it holds."""
    parts = " + ".join(f"{count} {one_line(part)}" for part, count in account.parts.items())
    total = sum(account.parts.values())
    sign, more = ("=", "") if account.holds else ("≠", f" ({total}): this does not add up")
    return f"{one_line(account.of)}: {account.total} {sign} {parts}{more}"


def ledger_json(ledger: Ledger) -> dict[str, object]:
    """Return what the lines come to, as data."""
    return {
        "run": str(ledger.run),
        "exit": int(ledger.exit_code),
        "holds": ledger.holds,
        "accounts": [
            {
                "of": account.of,
                "total": account.total,
                "parts": dict(account.parts),
                "holds": account.holds,
            }
            for account in ledger.accounts
        ],
        "contradictions": list(ledger.contradictions),
        "unnamed": ledger.unnamed or None,
        "damaged": ledger.damaged,
    }
