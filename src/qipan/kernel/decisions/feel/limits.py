"""How much one evaluation may cost. A table comes from a bureau: whatever it says, it must not hang the server."""

from django.utils.translation import gettext as _

#: Nodes that one evaluation may visit, all its loops and calls together (about a second of work).
MOST_STEPS = 500_000
#: How deep functions may call one another, themselves included.
DEEPEST_CALL = 60
#: Items that a list, and characters that a text may have.
LONGEST_LIST = 100_000
LONGEST_TEXT = 100_000


class FeelLimitError(ValueError):
    """An evaluation that costs more than is allowed; the message says which limit, in the reader's language."""


def too_many_steps() -> FeelLimitError:
    return FeelLimitError(_("计算步数超过 %(most)d，已停止。") % {"most": MOST_STEPS})


def too_deep() -> FeelLimitError:
    return FeelLimitError(_("函数相互调用超过 %(most)d 层，已停止。") % {"most": DEEPEST_CALL})


def weight(value: object, most: int) -> int:
    """How many values there are in a value, all that it holds included; it is not counted beyond `most`."""
    if type(value) is str:
        return 1 + len(value) // 1000
    count, open_ = 1, [value]
    while open_ and count <= most:
        one = open_.pop()
        if isinstance(one, list):
            count += len(one)
            open_.extend(inner for inner in one if isinstance(inner, list | dict))
        elif isinstance(one, dict):
            count += len(one)
            open_.extend(inner for inner in one.values() if isinstance(inner, list | dict))
    return count


def bounded(value: object) -> None:
    """Raises FeelLimitError for a list or text that grew too long."""
    if (isinstance(value, list) and len(value) > LONGEST_LIST) or (
        isinstance(value, str) and len(value) > LONGEST_TEXT
    ):
        raise FeelLimitError(_("计算得到的列表或文本过长，已停止。"))
