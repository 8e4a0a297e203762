"""Units and streets (机构、街道)."""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import events, queries
from qipan.kernel.orgs.models import (
    Level,
    Street,
    Unit,
)

UNIT_FIELDS = frozenset(
    {"name", "short_name", "division_code", "licence_area_code", "uscc", "phone", "is_demo"}
)


@transaction.atomic
def create_unit(
    code: str,
    name: str,
    short_name: str,
    level: Level | str,
    parent: Unit | None = None,
    *,
    division_code: str = "",
    licence_area_code: str = "",
    uscc: str = "",
    phone: str = "",
    is_demo: bool = False,
    actor: Actor,
) -> Unit:
    """Set up a unit below its parent; its path is the parent's path and its own code.

    Refuses a code with a slash, a second root, a level that does not lie below the parent's, and a taken code.
    """
    if not code or "/" in code or code != code.strip():
        raise Refused(_("机构代码不能为空，也不能含有斜线或空格。"), field="code")
    if level not in Level.values:
        raise Refused(_("机构层级不正确。"), field="level")
    if (parent is None) != (level == Level.CITY):
        raise Refused(_("市局没有上级机构，其他机构必须有上级机构。"), field="parent")
    if parent is not None and parent.level not in {Level.CITY, Level.DISTRICT, Level.OFFICE}:
        raise Refused(_("该机构下不能再设机构。"), field="parent")
    made = Unit(
        code=code,
        name=name.strip(),
        short_name=short_name.strip() or name.strip(),
        level=level,
        parent=parent,
        path=f"{parent.path if parent else ''}{code}/",
        division_code=division_code,
        licence_area_code=licence_area_code,
        uscc=uscc,
        phone=phone,
        is_demo=is_demo,
    )
    try:
        with transaction.atomic():
            made.save(force_insert=True)
            queries.forget_units()
    except IntegrityError:
        raise Refused(
            _("机构代码 %(code)s 已存在。") % {"code": code}, code="conflict", field="code"
        ) from None
    append(events.UNIT_CREATED, made, actor, data={"code": code, "path": made.path}, org_path=made.path)
    return made


@transaction.atomic
def change_unit(unit: Unit, values: dict[str, object], *, actor: Actor) -> Unit:
    """Change names, codes or telephone of a unit (not its place in the tree); raises ValueError for other fields."""
    if set(values) - UNIT_FIELDS:
        raise ValueError(f"not changed here: {sorted(set(values) - UNIT_FIELDS)}")
    changed = [field for field, value in values.items() if getattr(unit, field) != value]
    if changed:
        for field in changed:
            setattr(unit, field, values[field])
        unit.save(update_fields=changed)
        queries.forget_units()
        append(events.UNIT_CHANGED, unit, actor, data={"fields": sorted(changed)}, org_path=unit.path)
    return unit


@transaction.atomic
def put_street(
    unit: Unit, name: str, *, division_code: str = "", area_name: str = "", actor: Actor
) -> Street:
    """Put a sub-district or town into the charge of a unit; moves it where another unit had it."""
    street, made = Street.objects.select_for_update().get_or_create(
        area_name=area_name, name=name, defaults={"unit": unit, "division_code": division_code}
    )
    if not made and (street.unit_id, street.division_code) != (unit.pk, division_code):
        street.unit, street.division_code = unit, division_code
        street.save()
        made = True
    if made:
        append(events.UNIT_CHANGED, unit, actor, data={"fields": ["streets"]}, org_path=unit.path)
    return street
