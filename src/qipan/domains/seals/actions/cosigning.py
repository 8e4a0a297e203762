"""A paper that several businesses seal one after another, each when it is its turn."""

import uuid as uuids
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from qipan.conf.repeating import looks_again
from qipan.domains.seals import events, permissions
from qipan.domains.seals.actions.sealing import must_have_purpose
from qipan.domains.seals.models import Purpose, Round, RoundState, Turn
from qipan.kernel.documents import storage, using
from qipan.kernel.documents.models import BUSINESS_KINDS, Seal, SealState
from qipan.kernel.documents.sealing.foreign import Place
from qipan.kernel.ledger.actions import append
from qipan.kernel.ledger.clock import now
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.subjects import queries as registry
from qipan.kernel.subjects.models import Subject

MOST_PARTIES = 12


@dataclass(frozen=True)
class Party:
    """One who is to seal: a business by its credit code, with which kind of seal, and where."""

    code: str
    kind: str
    place: Place


@looks_again
def open_round(
    *,
    uuid: uuids.UUID,
    reader: Reader,
    subject: Subject,
    title: str,
    purpose: str,
    content: bytes,
    parties: Sequence[Party],
) -> Round:
    """Send a paper round: the parties seal in the order given, and the first is asked at once. Idempotent by `uuid`.

    Refuses fewer than two parties, a business that the register does not know, a seal in use that is not there.
    """
    if subject.pk not in reader.subject_ids:
        raise Refused(_("您不是该主体的代表人，不能代为办理。"), code="forbidden")
    known = Round.objects.filter(uuid=uuid, opened_by=reader.user_id).first()
    if known:
        return known
    must_have_purpose(purpose)
    if not title.strip():
        raise Refused(_("请填写文件名称。"), field="title")
    pages = using.must_fit(content)
    if not 2 <= len(parties) <= MOST_PARTIES:
        raise Refused(
            _("会签须有 2 到 %(most)d 方，按签署的先后填写。") % {"most": MOST_PARTIES}, field="parties"
        )
    turns = [_turn(number, party, pages) for number, party in enumerate(parties, start=1)]
    digest = storage.put(content)
    row = Round.objects.create(
        uuid=uuid,
        title=title.strip()[:200],
        purpose=purpose,
        subject_id=subject.pk,
        org_path=subject.org_path,
        opened_by=reader.user_id or 0,
        opened_at=now(),
        original=digest,
        digest=digest,
        pages=pages,
    )
    for turn in turns:
        turn.round = row
    Turn.objects.bulk_create(turns)
    append(
        events.ROUND_OPENED,
        row,
        reader.actor(),
        data={"parties": len(turns), "digest": digest},
        subject_id=subject.pk,
    )
    return row


def _turn(number: int, party: Party, pages: int) -> Turn:
    where = {"number": number}
    subject = registry.by_identifier(party.code) if party.code.strip() else None
    if subject is None:
        raise Refused(
            _("第 %(number)d 方的统一社会信用代码查不到登记的主体，请核对。") % where, field=f"party-{number}"
        )
    if party.kind not in BUSINESS_KINDS:
        raise Refused(_("请选择第 %(number)d 方要用的印章。") % where, field=f"party-{number}")
    if not 1 <= party.place.page <= pages:
        raise Refused(
            _("第 %(number)d 方的盖章页超出了文件的页数（共 %(pages)d 页）。") % {**where, "pages": pages},
            field=f"party-{number}",
        )
    if seal_for(subject.pk, party.kind) is None:
        raise Refused(
            _("第 %(number)d 方“%(name)s”没有在用的这种电子印章，不能会签。")
            % {**where, "name": subject.name},
            field=f"party-{number}",
        )
    return Turn(
        place=number,
        subject_id=subject.pk,
        name=subject.name,
        kind=party.kind,
        page=party.place.page,
        x=party.place.x,
        y=party.place.y,
    )


def seal_for(subject_id: int, kind: str) -> Seal | None:
    """The seal in use of a business and a kind."""
    return Seal.objects.filter(subject_id=subject_id, kind=kind, state=SealState.ACTIVE).first()


@transaction.atomic
def take_turn(turn: Turn, reader: Reader) -> Turn:
    """Seal the paper when it is one's turn; taken before, nothing changes. Refuses who comes too early."""
    row = Round.objects.select_for_update(of=("self",)).get(pk=turn.round_id)
    turn = Turn.objects.select_related("use").get(pk=turn.pk)
    if turn.use_id is not None:
        return turn
    if row.state != RoundState.OPEN:
        raise Refused(_("这份会签%(state)s，不能再盖章。") % {"state": row.get_state_display()}, code="state")
    waiting = row.turns.filter(use__isnull=True).order_by("place").first()
    assert waiting is not None
    if waiting.pk != turn.pk:
        raise Refused(
            _("还没有轮到您：请等第 %(number)d 方“%(name)s”先盖章。")
            % {"number": waiting.place, "name": waiting.name},
            code="state",
        )
    seal = seal_for(turn.subject_id, turn.kind)
    if seal is None:
        raise Refused(_("“%(name)s”现在没有在用的这种电子印章。") % {"name": turn.name}, code="state")
    permissions.must_use(reader, seal, row.purpose)
    paper = using.Paper(
        uuids.uuid5(row.uuid, str(turn.place)),
        row.title,
        storage.get(row.digest),
        Place(turn.page, turn.x, turn.y),
    )
    turn.use = using.seal_file(seal, paper, reader.actor(), purpose=str(Purpose(row.purpose).label))
    turn.done_at = turn.use.at
    turn.save(update_fields=["use", "done_at"])
    last = not row.turns.filter(use__isnull=True).exists()
    row.digest = turn.use.digest
    row.state = RoundState.DONE if last else RoundState.OPEN
    row.save(update_fields=["digest", "state"])
    append(
        events.TURN_TAKEN,
        row,
        reader.actor(),
        data={"place": turn.place, "seal": seal.seal_id, "digest": row.digest, "last": last},
        subject_id=turn.subject_id,
    )
    return turn


@transaction.atomic
def stop_round(round_: Round, reader: Reader, reason: str) -> Round:
    """End a round before all have sealed: its opener, or the party whose turn it is and who will not seal."""
    row = Round.objects.select_for_update(of=("self",)).get(pk=round_.pk)
    if row.state != RoundState.OPEN:
        raise Refused(_("这份会签%(state)s，不能终止。") % {"state": row.get_state_display()}, code="state")
    waiting = row.turns.filter(use__isnull=True).order_by("place").first()
    concerned = {row.subject_id, waiting.subject_id if waiting else row.subject_id}
    if not concerned & reader.subject_ids:
        raise Refused(_("只有发起方和轮到的一方可以终止会签。"), code="forbidden")
    if not reason.strip():
        raise Refused(_("请写明理由。"), field="reason")
    row.state, row.reason = RoundState.STOPPED, reason.strip()[:300]
    row.save(update_fields=["state", "reason"])
    append(
        events.ROUND_STOPPED,
        row,
        reader.actor(),
        data={"place": waiting.place if waiting else None},
        reason=reason.strip(),
        subject_id=row.subject_id,
    )
    return row
