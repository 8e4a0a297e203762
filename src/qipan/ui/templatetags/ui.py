"""The pieces that pages are made of."""

import json
from collections.abc import Mapping
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html, json_script
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qipan.kernel.law import terms
from qipan.kernel.law.citations import Citation

register = template.Library()

LIGHTS = {
    "green": _("期限充足"),
    "yellow": _("临近期限"),
    "red": _("今日到期"),
    "overdue": _("已超期"),
    "done": _("已办结"),
}


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
    return {"errors": errors}


@register.simple_tag
def declaration(form_json: Any, element_id: str) -> SafeString:
    """A form's declaration as a JSON script for the browser's checks."""
    value = json.loads(form_json) if isinstance(form_json, str) else form_json
    return json_script(value, element_id)


@register.filter
def lookup(mapping: Mapping[Any, Any] | None, key: Any) -> Any:
    """A mapping's value by a key that is only known at run time."""
    return (mapping or {}).get(key, "")


@register.simple_tag
def citation(text: str) -> str:
    """A citation as lawyers write it: FSL 35 → 《食品安全法》第三十五条; several are joined by 、, a law named once."""
    words: list[str] = []
    law = ""
    for part in text.split(";"):
        if part.strip():
            one = str(Citation.parse(part))
            book, sign, article = one.partition("》")
            words.append(article if sign and book == law else one)
            law = book
    return "、".join(words)


@register.simple_tag
def rule_title(code: str) -> str:
    """The name of a term of law."""
    return terms.rule(code).title if terms.exists(code) else code
