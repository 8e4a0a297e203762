"""严重违法失信名单 excludes 告知承诺 (SVL 15): who is listed takes the ordinary way, and is told so before handing in."""

from pathlib import Path

import pytest

from qipan.domains.licensing import actions
from qipan.kernel.law import catalogue
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.subjects import actions as subjects
from tests.licensing.city import SYSTEM, City
from tests.licensing.test_a_rule_may_grant_and_never_refuse import ITEM
from tests.orgs.factories import reader_for
from tests.subjects.factories import SubjectFactory, owner_of

pytestmark = pytest.mark.django_db


def test_a_listed_subject_cannot_hand_in_on_a_promise(settings, tmp_path: Path) -> None:
    settings.HOME = tmp_path
    city = City()
    path = tmp_path / "item.yaml"
    item = ITEM.replace("TABLE", "").replace("LINE", "TRADE")
    path.write_text(item.replace("FLAGS", "mobile, instant, no_meet, commitment"))
    catalogue.load_files([path])
    subject = SubjectFactory("深圳市茶艺有限公司")
    owner = reader_for(owner_of(subject))
    answers = {"happened_on": "2026-11-20", "report": "新增茶艺服务"}
    actions.submit(city.drafted("ZZ-TELL", subject, None, owner, **answers), owner)
    subjects.add_mark(subject, "SERIOUS_LIST", SYSTEM, ground="受到较重行政处罚")
    with pytest.raises(Refused, match="不适用告知承诺"):
        actions.submit(city.drafted("ZZ-TELL", subject, None, owner, **answers), owner)
