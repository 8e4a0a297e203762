"""An automatic decision worked out again: on the facts that were recorded, and on the facts as the registers have them now.

The act itself changes facts: a licence that was cancelled is not in force any more. So the facts of now are not laid
beside those before the act but beside those that it left (`Aftermath`): a fact that is as the act left it counts as it
was decided on; only one that became otherwise since counts as it is now. What the same subject's later acts changed is
taken as they left it. Facts are gathered for the moment of the decision, so that a case or a mark that came later is no
difference, while one that was entered late but held then is.
"""

from dataclasses import dataclass
from typing import Any

from qipan.domains.licensing import facts
from qipan.domains.licensing.guarding.models import Aftermath
from qipan.domains.licensing.models import Application
from qipan.kernel.decisions import actions as deciding
from qipan.kernel.decisions import queries as decisions
from qipan.kernel.decisions.models import Decision
from qipan.kernel.decisions.tables import Table
from qipan.kernel.decisions.wording import kept_words

#: Facts of the licence that an act is about; all others are the subject's, whatever it asks for.
OF_GRANT = frozenset(
    {"grant_kind", "grant_item", "grant_state", "workdays_to_expiry", "fields_equal", "high_risk", "elicence"}
)
#: What only this application says: another one of the same subject says it of something else.
OWN = frozenset(
    {"answers", "unchanged", "truthful", "no_investigation", "settled", "cause", "holds_same", "marked"}
)


@dataclass(frozen=True)
class Line:
    """One condition that met another fact then than now."""

    title: str
    then: str
    now: str


@dataclass(frozen=True)
class Compared:
    """What came of it: `unequal` says how the replay differs, `reasons` why it would not be granted now."""

    unequal: tuple[str, ...]
    lines: tuple[Line, ...]
    reasons: tuple[str, ...]


def compare(row: Application, decision: Decision) -> Compared:
    """Work the decision out again both ways; writes nothing."""
    unequal = tuple(str(one) for one in decisions.replayed(decision).differences)
    again = deciding.worked_out(decisions.versions_of(decision), deciding.restored(as_of_now(row, decision)))
    if again.outputs == decision.outputs:
        return Compared(unequal, (), ())
    return Compared(unequal, tuple(_lines(decision, again)), tuple(decisions.failed_reasons(again)))


def as_of_now(row: Application, decision: Decision) -> dict[str, Any]:
    """The facts on which it would be decided now, for the moment of the decision."""
    present = deciding.stored(facts.facts_of(row, decision.at))
    left = {**decision.facts, **_left(row)}
    return {
        name: decision.facts.get(name) if value == left.get(name) else value
        for name, value in present.items()
    }


def _left(row: Application) -> dict[str, Any]:
    """What this act and the later ones of the subject left: of the licence only those about the same one."""
    own = Aftermath.objects.filter(pk=row.pk).first()
    if own is None:
        return {}
    found = dict(own.facts)
    later = Aftermath.objects.filter(subject_id=own.subject_id, at__gt=own.at) if own.subject_id else ()
    about = {pk for pk in (row.grant_id, row.result_grant_id) if pk}
    for one in later and later.order_by("at", "pk"):
        for name, value in one.facts.items():
            if name not in OWN and (name not in OF_GRANT or one.grant_id in about):
                found[name] = value
    return found


def _lines(decision: Decision, again: Decision) -> list[Line]:
    """The conditions, on every level, whose facts are otherwise; results of other tables are told by their own."""
    tables = [Table.from_body(version.body) for version in decisions.versions_of(decision)]
    results = {table.outputs[0].name for table in tables[:-1]}
    found: dict[str, Line] = {}
    for table in tables:
        for column in table.inputs:
            then, now = decision.facts.get(column.name), again.facts.get(column.name)
            if column.name not in results and then != now:
                told = [kept_words(fact, column.name) for fact in (then, now)]
                found.setdefault(column.name, Line(column.title, *told))
    return list(found.values())
