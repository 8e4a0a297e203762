"""Every write of the organisation: units, posts, staff, appointments, delegation, absence."""

from qipan.kernel.orgs.actions.posts import create_post, set_post_roles
from qipan.kernel.orgs.actions.staff import appoint, create_staff, end_appointment, move_staff, qualify
from qipan.kernel.orgs.actions.standing_in import declare_absence, delegate, end_absence, revoke_delegation
from qipan.kernel.orgs.actions.units import change_unit, create_unit, put_street

__all__ = [
    "appoint",
    "change_unit",
    "create_post",
    "create_staff",
    "create_unit",
    "declare_absence",
    "delegate",
    "end_absence",
    "end_appointment",
    "move_staff",
    "put_street",
    "qualify",
    "revoke_delegation",
    "set_post_roles",
]
