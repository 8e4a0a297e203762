"""What moves a theme on: it was handed in, or one of its parts has come to something."""

from django.db.models import BigIntegerField
from django.utils.translation import gettext as _

from qipan.conf.composed import Composed
from qipan.domains.licensing import telling
from qipan.domains.licensing.themes import progress
from qipan.domains.licensing.themes.models import ThemeCase, ThemePart
from qipan.kernel.ledger.dispatch import subscribe
from qipan.kernel.ledger.models import Event

MOVING = (
    "licensing.application.submitted",
    "licensing.application.granted",
    "licensing.application.refused",
    "licensing.application.declined",
    "licensing.application.withdrawn",
    "licensing.application.terminated",
    "licensing.licence.issued",
    "licensing.matter.handed",
    "licensing.matter.answered",
)


def begin(event: Event) -> None:
    """A theme was handed in: its first parts go their ways."""
    progress.advance(event.record_id)


def move_on(event: Event) -> None:
    """A part's own case has moved."""
    theme = _THEME.first(application=event.record_id)
    if theme is not None:
        progress.advance(theme)


_THEME = Composed(
    lambda hole: ThemePart.objects.filter(application_id=hole("application", BigIntegerField())).values_list(
        "theme_id", flat=True
    )
)


def tell(event: Event) -> None:
    """The applicant hears of a part that is held up or failed, and when the whole has come to its end."""
    row = ThemeCase.objects.select_related("case").get(pk=event.record_id)
    if event.name == "licensing.theme.closed":
        done, failed = len(event.data["done"]), len(event.data["failed"])
        text = _("“%(title)s”全部有结果：办成 %(done)d 项，未办成 %(failed)d 项。结果在同一页领取。") % {
            "title": row.case.title,
            "done": done,
            "failed": failed,
        }
    elif event.data["state"] in {"BLOCKED", "ALONE", "ENDED"}:
        part = row.parts.get(code=event.data["part"])
        text = _("“%(title)s”中的“%(item)s”：%(why)s") % {
            "title": row.case.title,
            "item": progress.name_of(part),
            "why": event.data["why"],
        }
    else:
        return
    telling.tell(row.case, event.name, text)


subscribe("licensing.theme.submitted", handler=begin, code="licensing.begin_theme")
subscribe(*MOVING, handler=move_on, code="licensing.move_theme")
subscribe("licensing.theme.closed", "licensing.theme_part.moved", handler=tell, code="licensing.tell_theme")
