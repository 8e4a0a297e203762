"""The authorities outside to which matters are handed over, and what passes between them and us.

An adapter connects a transport by the authority's code: `connect("TAX", send)`. What it sends and what comes back are
the two dataclasses here; nothing else of a case leaves the house.
"""

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

TITLES: dict[str, str | Promise] = {
    "TAX": _("税务局"),
    "BANK": _("开户银行"),
    "HRSS": _("人力资源和社会保障局"),
    "FUND": _("住房公积金管理中心"),
    "FIRE": _("消防救援支队"),
    "HEALTH": _("卫生健康委员会"),
    "TOBACCO": _("烟草专卖局"),
    "CULTURE": _("文化广电旅游体育局"),
    "URBAN": _("城市管理和综合执法局"),
    "WATER": _("水务局"),
    "ECOLOGY": _("生态环境局"),
    "TRANSPORT": _("交通运输局"),
    "POLICE": _("公安局"),
    "EDUCATION": _("教育局"),
    "FARMING": _("农业农村主管部门"),
    "TRADEMARK": _("国家知识产权局商标局"),
}
RESULTS = {"DONE": _("已办结"), "REFUSED": _("不予办理"), "ASKED": _("要求补充材料")}


@dataclass(frozen=True)
class Handed:
    """What is handed over: the case's number, the item, who applies, and the answers that hold nothing personal."""

    case: int
    number: str
    agency: str
    item: str
    item_name: str
    applicant: str
    uscc: str
    status: str
    answers: Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """What came back: `result` is a key of RESULTS, `number` the authority's own, `text` its words, `on` its day."""

    result: str
    number: str
    text: str
    on: datetime.date


#: Gives the answer, or None when it will come later (then the adapter calls `actions.answer` itself).
Send = Callable[[Handed], Answer | None]
_connected: dict[str, Send] = {}


def connect(code: str, send: Send) -> None:
    """Say how an authority is reached; raises KeyError for an unknown one."""
    _ = TITLES[code]
    _connected[code] = send


def disconnect(code: str) -> None:
    """Nobody reaches the authority any more."""
    _connected.pop(code, None)


def of(code: str) -> Send | None:
    """How an authority is reached; None where it is not connected."""
    return _connected.get(code)


def title_of(code: str) -> str:
    """The name of an authority."""
    return str(TITLES.get(code, code))
