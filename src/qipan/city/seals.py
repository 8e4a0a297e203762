"""Some electronic seals of the demo city, with papers under them and something to do: made by the ordinary actions."""

import datetime
import uuid

from django.db import transaction

from qipan.city.parts import NAMES
from qipan.domains.seals import actions
from qipan.domains.seals.effects import holder_of
from qipan.domains.seals.models import Authorisation
from qipan.kernel.accounts.actions import create_person
from qipan.kernel.accounts.models import User
from qipan.kernel.documents import rendering, seals, using
from qipan.kernel.documents.models import Seal, SealKind, SealState
from qipan.kernel.documents.sealing.foreign import Place
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.clock import now
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.queries import reader_of
from qipan.kernel.orgs.reader import Reader
from qipan.kernel.orgs.roles import Role
from qipan.kernel.subjects import queries as registry
from qipan.kernel.subjects.models import Subject

SYSTEM = Actor.system()
PAPER = (
    '#set page(paper: "a4", margin: 28mm)\n#set text(font: "Noto Serif SC", lang: "zh", size: 12pt)\n'
    "#set par(leading: 10pt, first-line-indent: 2em)\n#let data = json(bytes(sys.inputs.data))\n"
    "#align(center, text(size: 18pt, weight: 700, data.title))\n#v(8mm)\n#data.text\n#v(24mm)\n#align(right, data.party)"
)
TEXT = (
    "本文件由示范环境生成，内容为虚构。甲方向乙方订购食品原料一批，乙方应当提供符合食品安全标准的产品，并附合格证明。"
    "双方对数量、价款、交付时间和验收方法没有争议，自双方盖章之日起生效。"
)
CORNER = Place(1, 0.74, 0.8)


def begin() -> int:
    """Seals of the named businesses and of the bureau that stands over them; returns how many. Made once a city."""
    shops = {
        name: Subject.objects.get(name=full, is_demo=True)
        for name, (full, *_rest) in NAMES.items()
        if Subject.objects.filter(name=full, is_demo=True).exists()
    }
    if set(shops) != set(NAMES) or Seal.objects.filter(subject_id=shops["chain"].pk).exists():
        return 0
    with transaction.atomic():
        people = {name: _owner(shop) for name, shop in shops.items()}
        made = _of_businesses(shops)
        _put(made, people)
        _lend(made, people)
        _go_round(shops, people)
        actions.apply(
            uuid=uuid.uuid4(),
            reader=people["new"],
            subject=shops["new"],
            kind=SealKind.COMPANY,
            note="签订供货合同使用",
        )
        return len(made) + _of_bureau()


def _owner(shop: Subject) -> Reader:
    """Who acts for a business; the account gets a mailbox, to which codes go (telephones are nobody's in the demo)."""
    user: User = shop.representatives.select_related("user").get(role="LEGAL_REP").user
    if user.person_id is None:
        user.person = create_person(
            name=user.label, email=f"{user.username}@demo.invalid", actor=SYSTEM, is_demo=True
        )
        user.save(update_fields=["person"])
    return reader_of(user)


def _of_businesses(shops: dict[str, Subject]) -> dict[str, Seal]:
    wanted = {
        "chain": ("chain", SealKind.COMPANY, SealState.ACTIVE),
        "contract": ("chain", SealKind.CONTRACT, SealState.ACTIVE),
        "finance": ("chain", SealKind.FINANCE, SealState.ACTIVE),
        "invoice": ("chain", SealKind.INVOICE, SealState.ISSUED),
        "renew": ("renew", SealKind.COMPANY, SealState.ACTIVE),
        "name": ("renew", SealKind.LEGAL_REP, SealState.ACTIVE),
        "filing": ("filing", SealKind.COMPANY, SealState.ACTIVE),
    }
    return {
        code: seals.issue(
            holder_of(shops[shop], kind), kind, SYSTEM, state=state, years=seals.BUSINESS_YEARS, is_demo=True
        )
        for code, (shop, kind, state) in wanted.items()
    }


def _paper(title: str, party: str) -> using.Paper:
    content = rendering.render(PAPER, {"title": title, "text": TEXT, "party": party}, now())
    return using.Paper(uuid.uuid4(), title, content, CORNER)


def _put(made: dict[str, Seal], people: dict[str, Reader]) -> None:
    """Papers under the seals, one of them sealed before its seal was lost."""
    for code, who, title, purpose in (
        ("chain", "chain", "委托办理食品经营许可的授权书", "AFFAIRS"),
        ("contract", "chain", "冷冻食品购销合同", "CONTRACT"),
        ("contract", "chain", "门店租赁补充协议", "CONTRACT"),
        ("finance", "chain", "收款确认函", "FINANCE"),
        ("renew", "renew", "食品安全承诺书", "AFFAIRS"),
    ):
        actions.use(made[code], people[who], _paper(title, made[code].name), purpose=purpose)
    actions.move(made["finance"], "report_lost", people["chain"], "保管印章的电脑被盗")


def _lend(made: dict[str, Seal], people: dict[str, Reader]) -> None:
    """The restaurant chain lets the owner of the convenience store seal its contracts."""
    other = User.objects.get(pk=people["filing"].user_id)
    until = now().date() + datetime.timedelta(days=180)
    actions.authorise(
        made["contract"], people["chain"], login=other.username, purposes=["CONTRACT"], until=until
    )


def _go_round(shops: dict[str, Subject], people: dict[str, Reader]) -> None:
    """A contract that the chain has sealed and the restaurant still has to."""
    title = "联合采购协议"
    parties = [
        actions.Party(registry.uscc_of(shops[shop]), SealKind.COMPANY, Place(1, across, 0.8))
        for shop, across in (("chain", 0.26), ("renew", 0.74))
    ]
    row = actions.open_round(
        uuid=uuid.uuid4(),
        reader=people["chain"],
        subject=shops["chain"],
        title=title,
        purpose="CONTRACT",
        content=_paper(title, shops["chain"].name).content,
        parties=parties,
    )
    actions.take_turn(row.turns.get(place=1), people["chain"])


def _of_bureau() -> int:
    """The bureau's licensing seal, and who may put it and its official seal on letters."""
    unit = orgs.unit("FT")
    leader = User.objects.get(username="leader")
    reader = reader_of(leader)
    licensing = Seal.objects.filter(unit_path=unit.path, kind=SealKind.LICENSING, state="ACTIVE").first()
    fresh = licensing is None
    licensing = licensing or actions.issue_for_unit(unit, SealKind.LICENSING, reader)
    official = seals.seal_of(unit.path)
    for seal, role, purposes in (
        (licensing, Role.LIC_DECIDER, ["CERTIFICATE", "LETTER"]),
        (official, Role.BUREAU_LEADER, ["LETTER", "CONTRACT"]),
    ):
        if not Authorisation.objects.filter(seal=seal, role=role, ended_at__isnull=True).exists():
            actions.authorise(seal, reader, role=role, purposes=purposes)
    return int(fresh)
