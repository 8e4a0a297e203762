"""The same form again, or twice at once, is one use of the seal; its number stands for no other file and no other seal."""

import uuid

import pytest

from qipan.domains.seals import actions
from qipan.domains.seals.models import SealApplication
from qipan.kernel.documents import using
from qipan.kernel.documents.models import SealKind, SealUse
from qipan.kernel.ledger.errors import Refused
from tests.concurrency import while_uncommitted
from tests.law.catalogues import load_catalogues
from tests.seals import papers
from tests.seals.shop import LOWER_RIGHT, Shop, applied


@pytest.mark.django_db
def test_a_number_stands_for_one_file_and_one_seal() -> None:
    shop = Shop()
    seal, number = shop.seal(), uuid.uuid4()
    first = shop.use(seal, papers.pdf(), uuid=number)
    assert shop.use(seal, papers.pdf(), uuid=number) == first
    for content, other in ((papers.pdf(2), seal), (papers.pdf(), shop.seal(SealKind.CONTRACT))):
        with pytest.raises(Refused, match="已用于另一次用印"):
            shop.use(other, content, uuid=number)
    batch = [using.Paper(uuid.uuid4(), "一", papers.pdf(), LOWER_RIGHT)]
    key = uuid.uuid4()
    made = actions.use_many(seal, shop.reader, batch, purpose="CONTRACT", batch=key)
    assert actions.use_many(seal, shop.reader, batch, purpose="CONTRACT", batch=key) == made
    more = [*batch, using.Paper(uuid.uuid4(), "二", papers.pdf(2), LOWER_RIGHT)]
    with pytest.raises(Refused, match="已用于另一次用印"):
        actions.use_many(seal, shop.reader, more, purpose="CONTRACT", batch=key)
    assert SealUse.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_twice_at_once_is_one_use_and_one_application() -> None:
    load_catalogues()
    shop = Shop()
    seal, number, reader = shop.seal(), uuid.uuid4(), shop.reader
    paper = using.Paper(number, "合同", papers.pdf(), LOWER_RIGHT)

    def sealed() -> SealUse:
        return actions.use(seal, reader, paper, purpose="CONTRACT")

    assert while_uncommitted(sealed, sealed) == SealUse.objects.get(uuid=number)

    def asked() -> SealApplication:
        return applied(shop, SealKind.FINANCE, uuid=number)

    assert while_uncommitted(asked, asked) == SealApplication.objects.get(case__uuid=number)
