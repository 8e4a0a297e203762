"""The pieces that pages are made of."""

import json
import re
from collections.abc import Mapping
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join, json_script
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from qipan.kernel.decisions import wording
from qipan.kernel.evidence.actions import MOST_BYTES
from qipan.kernel.law import saying, terms
from qipan.kernel.law.citations import Citation
from qipan.kernel.law.models import Unit
from qipan.kernel.orgs.roles import Role
from qipan.ui import citations

register = template.Library()

LIGHTS = {
    "green": gettext_lazy("期限充足"),
    "yellow": gettext_lazy("临近期限"),
    "red": gettext_lazy("今日到期"),
    "overdue": gettext_lazy("已超期"),
    "done": gettext_lazy("已办结"),
}


register.filter("said", saying.said)
register.filter("said_reason", wording.said_reason)


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon of the sprite; silent to screen readers unless it has a label."""
    address = f"{static('icons.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="icon" role="img" aria-label="{}"><use href="{}"></use></svg>', label, address
        )
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"></use></svg>', address)


@register.simple_tag
def light(remaining: Any) -> SafeString:
    """The traffic light of a limit, with the time that is left in words (colour is never alone)."""
    if remaining is None:
        return format_html('<span class="light light-done">{}</span>', _("不限期"))
    return format_html('<span class="light light-{}">{}</span>', remaining.light, remaining_text(remaining))


@register.filter
def remaining_text(remaining: Any) -> str:
    """The time left of a limit in words: 剩余 3 个工作日, 今日到期, 超期 2 天."""
    amount = getattr(remaining, "amount", None)
    if remaining.light == "done" or amount is None:
        return str(LIGHTS["done"])
    unit = getattr(remaining, "unit", "DAY")
    number = abs(int(amount))
    if unit == "WORKDAY":
        span = ngettext("%(number)d 个工作日", "%(number)d 个工作日", number) % {"number": number}
    elif unit == "HOUR":
        span = ngettext("%(number)d 小时", "%(number)d 小时", number) % {"number": number}
    else:
        span = ngettext("%(number)d 天", "%(number)d 天", number) % {"number": number}
    if remaining.light == "overdue":
        return _("超期 %(span)s") % {"span": span}
    if number == 0:
        return _("今日到期")
    return _("剩余 %(span)s") % {"span": span}


@register.inclusion_tag("ui/components/diagram.html")
def diagram(drawing: Any) -> dict[str, Any]:
    """A flow, drawn from its declaration: what is passed, where the case stands, what can come."""
    return {"diagram": drawing}


@register.inclusion_tag("ui/components/timeline.html")
def timeline(events: Any) -> dict[str, Any]:
    """What happened to a record, oldest first: each with `title`, `at`, `who` and `reason`."""
    return {"events": events}


@register.inclusion_tag("ui/components/errors.html")
def error_summary(errors: Mapping[str, str] | None) -> dict[str, Any]:
    """All errors of a form in one list at its head, each a link to its field."""
    # As pairs: in a template `errors.items` would be the message of a field called "items".
    return {"errors": list((errors or {}).items())}


@register.simple_tag
def declaration(form_json: Any, element_id: str) -> SafeString:
    """A form's declaration as a JSON script for the browser's checks."""
    value = json.loads(form_json) if isinstance(form_json, str) else form_json
    return json_script(value, element_id)


@register.filter
def lookup(mapping: Mapping[Any, Any] | None, key: Any) -> Any:
    """A mapping's value by a key that is only known at run time."""
    return (mapping or {}).get(key, "")


@register.simple_tag(takes_context=True)
def citation(context: Any, text: str) -> SafeString:
    """A source as lawyers write it, linked to its articles: FSL 35 → 《食品安全法》第三十五条; unconfirmed is marked."""
    return citations.linked(str(text or ""), citations.held_laws(context.get("request")))


@register.simple_tag(takes_context=True)
def law_link(context: Any, text: Any) -> SafeString:
    """The same for a source that is already in words."""
    return citations.linked(str(text or ""), citations.held_laws(context.get("request")))


@register.simple_tag
def upload_limit() -> int:
    """The size in bytes above which a file is not taken."""
    return MOST_BYTES


@register.simple_tag
def rule_title(code: str) -> str:
    """The name of a term of law."""
    return str(saying.said(terms.rule(code).title)) if terms.exists(code) else code


@register.simple_tag
def law_gap(text: str) -> SafeString:
    """What must be known of the version of the cited text; empty when nothing is."""
    try:
        gap = Citation.parse(text).gap
    except ValueError:
        return SafeString("")
    return format_html(' <span class="unconfirmed">{}</span>', gap) if gap else SafeString("")


@register.simple_tag
def term_words(rule: Any) -> str:
    """A term as people say it: 5 个工作日."""
    return f"{abs(rule.value)} {Unit(rule.unit).label}"


@register.simple_tag
def role_title(code: str) -> str:
    """The name of a role."""
    return str(Role(code).label) if code in Role.values else code


EFFECTS = {
    "missing": gettext_lazy("现在会缺填"),
    "wrong": gettext_lazy("现在不合要求"),
    "gone": gettext_lazy("答案不再有对应字段"),
    "changed": gettext_lazy("结论改变"),
    "broken": gettext_lazy("得不出结论"),
}


@register.simple_tag
def effect_title(kind: str) -> str:
    """What a draft would do to a recorded application or decision."""
    return str(EFFECTS.get(kind, kind))


OUTCOMES = {
    "GRANT": gettext_lazy("自动准予"),
    "PERSON": gettext_lazy("转人工办理"),
    "CHECK": gettext_lazy("现场核查"),
    "NONE": gettext_lazy("无"),
    "CONFORM": gettext_lazy("符合"),
    "BASIC": gettext_lazy("基本符合"),
    "NONCONFORM": gettext_lazy("不符合"),
    "ACTIVE": gettext_lazy("存续"),
    "SUSPENDED": gettext_lazy("歇业或暂停"),
    "CANCELLING": gettext_lazy("注销公告中"),
    "CANCELLED": gettext_lazy("已注销"),
    "REVOKED": gettext_lazy("已吊销"),
    "STRUCK_OFF": gettext_lazy("除名"),
    "EX_OFFICIO": gettext_lazy("依职权注销"),
    "ANNULLED": gettext_lazy("已撤销登记"),
    "VALID": gettext_lazy("有效"),
    "EXPIRED": gettext_lazy("已过期"),
    "RESCINDED": gettext_lazy("已撤销"),
    "WITHDRAWN": gettext_lazy("已撤回"),
}
"""The codes that decision tables compare, as people say them."""


@register.simple_tag
def outcome_words(text: str) -> str:
    """A cell or a fact of a decision table with its codes in words."""
    return re.sub(r"[A-Z][A-Z_]{2,}", lambda found: str(OUTCOMES.get(found[0], found[0])), str(text))


@register.simple_tag
def marked(text: str, words: str) -> SafeString:
    """A text with the words that were looked for marked in it."""
    wanted = [re.escape(word) for word in words.split() if word]
    if not wanted:
        return format_html("{}", text)
    pieces = re.split(f"({'|'.join(wanted)})", text, flags=re.IGNORECASE)
    parts = (("mark", piece) if place % 2 else ("span", piece) for place, piece in enumerate(pieces) if piece)
    return format_html_join("", "<{0}>{1}</{0}>", ((SafeString(tag), piece) for tag, piece in parts))
