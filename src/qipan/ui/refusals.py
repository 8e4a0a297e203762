"""What a page makes of a refusal: tried, kept, and told as lines at their fields."""

from collections.abc import Callable

from qipan.kernel.ledger.errors import Refused


def tried(act: Callable[[], object]) -> Refused | None:
    """Do what may be refused; gives the refusal, None when it was done."""
    try:
        act()
    except Refused as refused:
        return refused
    return None


def told(refused: Refused | None) -> list[dict[str, str]]:
    """A refusal as lines with the field they stand at."""
    if refused is None:
        return []
    rows = refused.details.get("refusals") or [{"message": str(refused), "field": refused.field}]
    return [{"text": str(row["message"]), "field": str(row.get("field") or "")} for row in rows]
