"""Building the demo city: the one action that writes it, block by block, each block whole or not at all."""

import datetime
import hashlib
from collections.abc import Callable, Iterable
from functools import partial

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from qipan.city import clearing, events, indexes, licences, naming, open_work, registering, seals
from qipan.city.accounts import enter_accounts
from qipan.city.copying import Sheet, collected
from qipan.city.history import Historian
from qipan.city.models import City
from qipan.city.places import all_places
from qipan.city.registering import Sheets
from qipan.city.shape import BLOCK, Plan
from qipan.city.staffing import Register, members, posts_by_unit
from qipan.city.writing import Writer
from qipan.kernel.accounts.models import Person
from qipan.kernel.documents.models import Seal
from qipan.kernel.documents.seals import create_seal
from qipan.kernel.law import calendar
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now, today
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.models import Level, Unit
from qipan.kernel.subjects.models import Grant, LicenceSeries

MOST = 2.0
Progress = Callable[[int, int], None]


def refuse_unless_demo() -> None:
    """Refuse anything of the demo city outside the demo's settings."""
    if not settings.QIPAN_DEMO:
        raise Refused(_("这是正式系统，不能写入示范数据，示范账号在这里也不起作用。"), code="forbidden")


def standing() -> City | None:
    """The city that stands here, finished or not."""
    return City.objects.filter(cleared_at__isnull=True).order_by("-pk").first()


def build(plan: Plan, *, replace: bool = False, tell: Progress = lambda done, total: None) -> City:
    """Build the city of a plan; `tell` hears how many subjects of how many are done, and 0 of 0 when only the indexes remain.

    Refuses in a real installation, a scale outside (0, 2], a day that is not yet, and a home where a city stands
    unless `replace` (then the demo data goes first; what is not demo data stays, accounts stay too). A build that was
    cut off is cleared and begun anew.
    """
    refuse_unless_demo()
    if not 0 < plan.scale <= MOST:
        raise Refused(_("规模应在 0 到 2 之间（1 为 369 万主体）。"), field="scale")
    if plan.as_of > today():
        raise Refused(_("基准日不能晚于今天。"), field="as_of")
    known = standing()
    if known and known.finished_at and not replace:
        raise Refused(
            _(
                "这里已有示范城市（规模 %(scale)g，种子 %(seed)d，基准日 %(day)s）。要重建请加 --replace：只清除示范数据，其余不动。"
            )
            % {"scale": known.scale, "seed": known.seed, "day": known.as_of},
            code="conflict",
        )
    if known:
        clearing.clear(known)
    return _Builder(plan, tell).run()


class _Builder:
    def __init__(self, plan: Plan, tell: Progress) -> None:
        self.plan = plan
        self.tell = tell
        self.places = all_places()
        self.calendar = calendar.current()
        self.register = Register(plan)
        self.sheets = Sheets()
        self.persons = Sheet(Person, "key", "name_sealed")
        self.persons.numbered = True
        self.grants = Sheet(Grant, numbered=True)
        self.series: dict[str, int] = _series_in_use()

    def run(self) -> City:
        plan = self.plan
        city = City.objects.create(scale=plan.scale, seed=plan.seed, as_of=plan.as_of)
        with transaction.atomic():
            people = self.register.enter_staff(members(plan, posts_by_unit()))
            _make_seals()
        historian = Historian(self.places, people, self.calendar)
        roads = naming.road_tables(len(self.places))
        with indexes.made_afterwards(plan.subjects, partial(self.tell, 0, 0)), Writer() as writer:
            for number in range(-(-plan.subjects // BLOCK)):
                with collected() as copies:
                    self._block(number, roads, historian)
                writer.write(copies, partial(_keep_series, dict(self.series)))
                self.tell(min((number + 1) * BLOCK, plan.subjects), plan.subjects)
        every = [self.persons, *vars(self.sheets).values(), self.grants, *historian.sheets.all()]
        with transaction.atomic():
            every += enter_accounts(plan, self.register)
            city.manifest = {
                sheet.table: {"rows": sheet.count, "sha256": sheet.digest}
                for sheet in [*every, *self.register.sheets()]
            }
            city.digest = _digest(city.manifest.items())
            city.finished_at = now()
            city.save()
            append(
                events.BUILT,
                city,
                Actor.system(),
                data={
                    "scale": float(plan.scale),
                    "seed": plan.seed,
                    "as_of": plan.as_of.isoformat(),
                    "count": sum(row["rows"] for row in city.manifest.values()),
                    "digest": city.digest,
                    "manifest": city.manifest,
                },
            )
        _analyze(city.manifest)
        open_work.begin(plan.as_of)
        seals.begin()
        return city

    def _block(self, number: int, roads: list[list[str]], historian: Historian) -> None:
        block = registering.draw(self.plan, self.places, roads, number)
        held = licences.draw(block, self.places, self.series, self.calendar)
        persons = licences.write_persons(block, held, self.persons)
        registering.write(block, self.places, self.sheets, persons)
        licences.write(block, held, self.places, self.sheets, self.grants, self.calendar)
        historian.write(block, held, self.sheets, self.grants)


def _series_in_use() -> dict[str, int]:
    """The last sequence of each series among the licences that stand here; those of a city cleared away do not count."""
    found: dict[str, int] = {}
    for number in Grant.objects.filter(kind__in=["JY", "YB"]).values_list("number", flat=True).iterator():
        stem, sequence = number[:-7], number[-7:-1]
        if sequence.isdigit():
            found[stem] = max(found.get(stem, 0), int(sequence))
    return found


def _keep_series(series: dict[str, int]) -> None:
    LicenceSeries.objects.bulk_create(
        [LicenceSeries(series=stem, last=last) for stem, last in series.items()],
        update_conflicts=True,
        unique_fields=["series"],
        update_fields=["last"],
    )


def _make_seals() -> None:
    """A seal for the city and for each bureau that has none: without it nothing could be issued."""
    there = set(Seal.objects.filter(state="ACTIVE").values_list("unit_path", flat=True))
    for unit in Unit.objects.filter(level__in=[Level.CITY, Level.DISTRICT]).order_by("path"):
        if unit.path not in there:
            create_seal(unit, Actor.system(unit.path))


def _digest(manifest: Iterable[tuple[str, dict[str, object]]]) -> str:
    lines = sorted(f"{table} {entry['rows']} {entry['sha256']}" for table, entry in manifest)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _analyze(tables: Iterable[str]) -> None:
    """Let the planner know at once what is there; only the owner of a table may."""
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ANALYZE {connection.ops.quote_name(table)}")


def plan_of(scale: float, seed: int, as_of: datetime.date | None) -> Plan:
    """The plan of a command line."""
    return Plan(scale, seed, as_of or today())
