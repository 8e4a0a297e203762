"""The pages: asked for, reviewed, activated, used, verified, lent, stopped; one after another, as people do it."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from qipan.domains.seals import figures
from qipan.domains.seals.models import Authorisation, Round
from qipan.kernel.documents import seals, using
from qipan.kernel.documents.models import Seal, SealUse
from qipan.kernel.orgs.roles import Role
from qipan.kernel.subjects import queries as registry
from tests.law.catalogues import load_catalogues
from tests.orgs.factories import BusinessUserFactory, StaffFactory, UnitTree, as_person, reader_for, signed_in
from tests.seals.papers import pdf
from tests.seals.shop import SYSTEM, Shop, code_of, reviewer

pytestmark = pytest.mark.django_db


def upload(content: bytes | None = None, name: str = "供货合同.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content or pdf(), "application/pdf")


def uuid_in(page: str) -> str:
    found = re.search(r'name="uuid" value="([^"]+)"', page)
    assert found
    return found[1]


def test_from_application_to_the_verified_file() -> None:
    load_catalogues()
    shop, officer = Shop(), reviewer()
    mine, desk = signed_in(Client(), shop.user), signed_in(Client(), officer.user)
    page = mine.get("/my/seals/apply/").content.decode()
    form = {"uuid": uuid_in(page), "subject": shop.subject.pk, "ask": "NEW", "kind": "COMPANY"}
    case = mine.post("/my/seals/apply/", form)["Location"]
    assert "待审核" in mine.get(case).content.decode()
    review = f"/desk/cases/{case.split('/')[-2]}/"
    body = desk.get(review).content.decode()
    assert "深圳市粤味饮食有限公司" in body and "准予制发" in body
    assert desk.post(f"{review}grant/", {"key": "k"}).status_code == 302
    seal = Seal.objects.get()
    home = f"/my/seals/{seal.seal_id}/"
    assert "激活" in mine.get("/my/seals/").content.decode()
    assert mine.post(f"{home}activate/", {"act": "code"}).status_code == 302
    wrong = mine.post(f"{home}activate/", {"code": "1"})
    assert wrong.status_code == 422 and "验证码不正确" in wrong.content.decode()
    assert mine.post(f"{home}activate/", {"code": code_of(shop.user)})["Location"] == home
    page = mine.get(f"{home}use/").content.decode()
    form = {"uuid": uuid_in(page), "purpose": "CONTRACT", "page": "", "spot": "5-3", "file": upload()}
    used = mine.post(f"{home}use/", form)["Location"]
    body = mine.get(used).content.decode()
    use = SealUse.objects.get()
    assert use.code and use.code in body and "盖章时有效" in body and use.title == "供货合同"
    content = mine.get(f"{used}file/").content
    assert mine.get(f"{used}structure/").content[:1] == b"\x30"
    stranger = Client()
    by_code = stranger.get(f"/verify/{use.code}/").content.decode()
    assert "有这份盖章文件的登记" in by_code and "供货合同" not in by_code
    by_file = stranger.post("/verify/", {"file": upload(content)}).content.decode()
    assert "文件未被改动，签章有效" in by_file and "深圳市粤味饮食有限公司" in by_file
    both = {
        "file": upload(content),
        "structure": SimpleUploadedFile("a.ses", mine.get(f"{used}structure/").content),
    }
    assert "签章有效" in stranger.post("/verify/", both).content.decode()
    assert (
        "核验不通过"
        in stranger.post(
            "/verify/", {"file": upload(content.replace(b"Contract", b"Kontract"))}
        ).content.decode()
    )


def test_what_is_wrong_with_a_form_stands_on_its_page() -> None:
    load_catalogues()
    shop = Shop()
    mine, home = signed_in(Client(), shop.user), f"/my/seals/{shop.seal().seal_id}/"
    for form, words in (
        ({"purpose": "CONTRACT", "spot": "5-3"}, "请选择要盖章的 PDF 文件"),
        ({"purpose": "CONTRACT", "spot": "99-3", "file": upload()}, "请选择盖章的位置"),
        ({"purpose": "", "spot": "1-1", "file": upload()}, "请选择用印用途"),
        ({"purpose": "CONTRACT", "spot": "1-1", "page": "7", "file": upload()}, "没有这一页"),
        ({"purpose": "CONTRACT", "spot": "1-1", "file": upload(pdf(password="x"))}, "设有密码或者加密"),
        ({"purpose": "CONTRACT", "spot": "1-1", "file": upload(b"%PDF-" + b"0" * (20 << 20))}, "超过 20 MB"),
    ):
        answer = mine.post(f"{home}use/", form)
        assert answer.status_code == 422 and words in answer.content.decode()
    again = mine.post("/my/seals/apply/", {"subject": shop.subject.pk, "ask": "NEW", "kind": "COMPANY"})
    assert again.status_code == 422 and "已有在用的公章" in again.content.decode()
    assert not SealUse.objects.exists()


def test_a_batch_and_a_round_on_their_pages() -> None:
    first, second = Shop("深圳市甲方有限公司"), Shop("深圳市乙方有限公司")
    seal = first.seal()
    second.seal()
    mine, theirs = signed_in(Client(), first.user), signed_in(Client(), second.user)
    home = f"/my/seals/{seal.seal_id}/"
    form = {"uuid": uuid_in(mine.get(f"{home}batch/").content.decode()), "purpose": "CONTRACT", "spot": "5-3"}
    done = mine.post(f"{home}batch/", form | {"file": [upload(name="a.pdf"), upload(name="b.pdf")]})
    assert "已盖章 2 份" in mine.get(done["Location"]).content.decode()
    form = {
        "subject": first.subject.pk, "title": "购销合同", "purpose": "CONTRACT", "file": upload(),
        "party-1-code": registry.uscc_of(first.subject), "party-1-kind": "COMPANY", "party-1-spot": "5-0",
        "party-2-code": registry.uscc_of(second.subject), "party-2-kind": "COMPANY", "party-2-spot": "5-3",
    }  # fmt: skip
    assert mine.get("/my/seals/rounds/open/").status_code == 200
    place = mine.post("/my/seals/rounds/open/", form)["Location"]
    assert "等待前一方" in theirs.get(place).content.decode()
    early = theirs.post(place, {"turn": "2"})
    assert early.status_code == 409 and "还没有轮到您" in early.content.decode()
    assert mine.post(place, {"turn": "1"}).status_code == 302
    assert "待您盖章" in theirs.get("/my/seals/rounds/").content.decode()
    assert theirs.post(place, {"turn": "2"}).status_code == 302
    assert Round.objects.get().state == "DONE"
    verdict = (
        Client().post("/verify/", {"file": upload(theirs.get(f"{place}file/").content)}).content.decode()
    )
    assert "签章有效" in verdict and "甲方" in verdict and "乙方" in verdict


def test_lent_and_stopped_on_its_page() -> None:
    shop = Shop()
    clerk = as_person(BusinessUserFactory(username="clerk"), "王小明")
    seal = shop.seal()
    mine, theirs, home = (
        signed_in(Client(), shop.user),
        signed_in(Client(), clerk),
        f"/my/seals/{seal.seal_id}/",
    )
    assert theirs.get(home).status_code == 404 and theirs.get(f"{home}use/").status_code == 404
    assert mine.post(f"{home}authorise/", {"login": "clerk", "purposes": ["CONTRACT"]}).status_code == 302
    shop.use(seal, title="老板的合同")
    body = theirs.get(home).content.decode()
    assert (
        "用印授权" not in body and "老板的合同" not in body and theirs.get(f"{home}use/").status_code == 200
    )
    assert mine.post(f"{home}authorise/", {"end": Authorisation.objects.get().pk}).status_code == 302
    assert theirs.get(home).status_code == 404
    refused = mine.post(f"{home}move/", {"move": "suspend", "reason": ""})
    assert refused.status_code == 409 and "请写明理由" in refused.content.decode()
    assert mine.post(f"{home}move/", {"move": "report_lost", "reason": "手机被盗"}).status_code == 302
    assert "挂失" in mine.get(home).content.decode()


def test_the_register_shows_the_officials_units_and_counts_them() -> None:
    from qipan.domains.seals import jobs

    tree = UnitTree()
    bureau = seals.create_seal(tree.districts[0], SYSTEM)
    shop = Shop()
    seal = shop.seal()
    shop.use(seal, title="秘密合同")
    leader = StaffFactory(role=Role.BUREAU_LEADER, unit=tree.districts[0])
    elsewhere = StaffFactory(role=Role.BUREAU_LEADER, unit=tree.districts[1])
    desk, other = signed_in(Client(), leader.user), signed_in(Client(), elsewhere.user)
    body = desk.get("/desk/seals/").content.decode()
    assert seal.seal_id in body and bureau.seal_id in body and "<strong>2</strong>" in body
    assert seal.seal_id not in other.get("/desk/seals/").content.decode()
    assert other.get(f"/desk/seals/{seal.seal_id}/").status_code == 404
    for query in (f"q={seal.seal_id[:9]}", f"q={seal.name}", "kind=COMPANY&state=ACTIVE"):
        assert seal.seal_id in desk.get(f"/desk/seals/?{query}").content.decode()
    assert seal.seal_id not in desk.get("/desk/seals/?state=EXPIRED").content.decode()
    uses = desk.get("/desk/seals/uses/").content.decode()
    assert "合同协议" in uses and "秘密合同" not in uses and "共用印 1 次" in uses
    import datetime

    from qipan.kernel.ledger.clock import at, now

    with at(now() + datetime.timedelta(days=1)):
        assert jobs.tally() == 1 and jobs.tally() == 0
        assert figures.count_uses(reader_for(leader)) == (1, 0)
    made = desk.post("/desk/seals/issue/", {"unit": "SZ/FT/", "kind": "LICENSING"})
    page = made["Location"]
    assert (
        desk.post(f"{page}authorise/", {"role": "bureau_leader", "purposes": ["LETTER"]}).status_code == 302
    )
    form = {"purpose": "LETTER", "spot": "5-3", "file": upload(name="复函.pdf")}
    used = desk.post(f"{page}use/", form)["Location"]
    assert "盖章时有效" in desk.get(used).content.decode() and other.get(used).status_code == 404
    file = f"{used}file/"
    assert desk.get(file).content.startswith(b"%PDF") and other.get(file).status_code == 404
    assert desk.get(f"{used}structure/").content and other.get(f"{used}structure/").status_code == 404
    form = {"purpose": "LETTER", "spot": "5-3", "file": [upload(name="复函.pdf"), upload(name="通知.pdf")]}
    batch = desk.post(f"{page}batch/", form)["Location"]
    told = desk.get(batch).content.decode()
    assert "已盖章 2 份" in told and "通知" in told and other.get(batch).status_code == 404
    renewed = desk.post(f"{page}renew/")["Location"]
    assert renewed != page and "已换发" in desk.get(page).content.decode()
    assert (
        desk.post(f"{renewed}use/", {"purpose": "LETTER", "spot": "5-3", "file": upload()}).status_code == 302
    )
    assert desk.get(f"{page}use/").status_code == 404
    assert desk.post(f"{page}renew/").status_code == 409
    assert desk.post(f"/desk/seals/{seal.seal_id}/renew/").status_code == 409
    assert (
        desk.post(f"/desk/seals/{seal.seal_id}/move/", {"move": "suspend", "reason": "涉嫌冒用"}).status_code
        == 302
    )
    assert "监管部门" in desk.get(f"/desk/seals/{seal.seal_id}/").content.decode()


def test_a_program_verifies_files_structures_and_codes() -> None:
    shop = Shop()
    seal = shop.seal()
    use = shop.use(seal, title="供货合同")
    content, structure = using.file_of(use), using.structure_of(SealUse.objects.select_related("seal").get())
    program = Client()
    found = program.post("/api/v1/verifications", {"file": upload(content)}).json()
    assert found["good"] and found["seals"][0]["number"] == seal.seal_id and found["seals"][0]["valid_then"]
    both = {"file": upload(content), "structure": SimpleUploadedFile("a.ses", structure)}
    assert program.post("/api/v1/verifications", both).json()["good"]
    changed = program.post(
        "/api/v1/verifications", {"file": upload(content.replace(b"Contract", b"Kontract"))}
    ).json()
    assert not changed["good"] and not changed["unchanged"] and changed["problems"]
    by_code = program.get(f"/api/v1/verifications/{use.code}").json()
    assert by_code["valid"] and by_code["digest"] == use.digest and "供货合同" not in str(by_code)
