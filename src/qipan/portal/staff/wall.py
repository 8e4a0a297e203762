"""The wall (大屏): a unit's day at a glance, for those who direct or oversee it; from the city down to its offices."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from qipan.kernel.ledger import feed
from qipan.kernel.ledger.clock import now
from qipan.kernel.orgs.models import Unit
from qipan.kernel.orgs.roles import Role
from qipan.portal.staff import overview
from qipan.ui.access import staff

WATCHERS = (Role.OFFICE_HEAD, Role.BUREAU_LEADER, Role.DUTY_OFFICER)


@staff(*WATCHERS)
def wall(request: HttpRequest) -> HttpResponse:
    """The reader's widest unit, or the one below it that `?unit=` names."""
    reader = request.reader  # type: ignore[attr-defined]
    own = sorted(reader.paths(*WATCHERS), key=len)
    path = request.GET.get("unit", "") or own[0]
    top = next((one for one in own if path.startswith(one)), None)
    unit = Unit.objects.select_related("parent").filter(path=path).first() if top else None
    if unit is None or top is None:
        raise Http404
    context = {
        "unit": unit,
        "above": unit.parent if unit.parent and unit.parent.path.startswith(top) else None,
        "now": now(),
        "total": overview.total(reader, path),
        "seconds": overview.seconds_by_rule(reader, path),
        "rows": overview.by_unit(reader, path),
        "states": overview.by_state(reader, path),
        "days": overview.by_day(reader, path),
        "told": overview.told(reader, path),
        "channels": f"office:{path}",
        "feed_ticket": feed.ticket([f"office:{path}*"], reader),
    }
    return render(request, "portal/wall.html", context)
