"""The demo accounts: one for every part that a person plays in the city, with something to do for each."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from qipan.city.copying import Sheet
from qipan.city.parts import NAMES, PASSWORD, applicant
from qipan.city.shape import Plan
from qipan.city.staffing import Member, Register
from qipan.kernel.accounts import factors
from qipan.kernel.accounts.actions import create_person
from qipan.kernel.accounts.models import User
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.subjects import actions, codes
from qipan.kernel.subjects.models import Grant, Representative, Subject
from qipan.ui.signin.hooks import DemoAccount

SYSTEM = Actor.system()
STREET, AREA, OFFICE, BUREAU = "园岭街道", "福田区", "FT01", "FT"


@dataclass(frozen=True)
class Named:
    """One named account. Staff have a unit and a post (by code); others say by `shop` which business they have."""

    username: str
    title: str
    purpose: str
    unit: str = ""
    post: str = ""
    shop: str = ""


STAFF = (
    Named("window", "窗口受理员", "受理申请、一次性告知补正", BUREAU, "window"),
    Named("reviewer", "审查员", "审查申请、安排现场核查", BUREAU, "examine"),
    Named("decider", "许可决定人", "准予或者不予许可", BUREAU, "decide"),
    Named("leader", gettext_noop("辖区局领导"), "延长期限、督办、指派", BUREAU, "leader"),
    Named("head", "监管所所长", "看本所全部工单、指派和督办", OFFICE, "head"),
    Named("inspector1", "监督检查人员", "手机上现场核查、检查（两人中的一人）", OFFICE, "inspector"),
    Named("inspector2", "监督检查人员", "手机上现场核查、检查（两人中的另一人）", OFFICE, "inspector"),
    Named("officer", "执法人员", "线索核查、办案", BUREAU, "officer"),
    Named("casereview", "案件审核员", "审核案件", BUREAU, "review"),
    Named("legal", "法制审核员", "法制审核", BUREAU, "legal"),
    Named("complaints", "投诉举报受理员", "登记和分送投诉举报", BUREAU, "complaints"),
    Named("sampler", "抽样员", "抽样检验", BUREAU, "sampler"),
    Named("publisher", "公示管理员", "审核和撤回公示", BUREAU, "publicity"),
    Named("city", gettext_noop("市局领导"), "看全市", "SZ", "leader"),
    Named("duty", "指挥中心值班员", "全市调度和督办", "SZ", "command"),
    Named("campaign", gettext_noop("专项行动牵头人"), "发起专项行动", "SZ", "campaign"),
    Named("editor", "事项与规则编辑", "起草事项、表单和规则", "SZ", "catalogue"),
    Named("releaser", "事项与规则发布", "复核并发布规则", "SZ", "release"),
    Named("sysadmin", "系统管理员", "系统管理（/admin/）", "SZ", "system"),
    Named("secadmin", "安全管理员", "账户安全", "SZ", "security"),
    Named("auditor", "审计管理员", "审计事件账本", "SZ", "audit"),
)
BUSINESS = (
    Named("shop1", gettext_noop("餐馆经营者"), "许可证快到期，条件不变，申请延续即可秒批", shop="renew"),
    Named("shop2", gettext_noop("准备开餐馆的经营者"), "刚领营业执照，申请食品经营许可新办", shop="new"),
    Named("shop3", gettext_noop("便利店经营者"), "只卖预包装食品，申请备案", shop="filing"),
    Named("shop4", gettext_noop("风险等级较高的餐馆"), "申请延续不能秒批，转给工作人员", shop="risky"),
    Named("shop5", gettext_noop("有两家分店的餐饮企业"), "变更、补办、注销", shop="chain"),
)
PUBLIC = (Named("public1", "公众", "查询、核验、注册后办事"),)
GROUPS = (
    (gettext_lazy("工作人员"), STAFF),
    (gettext_lazy("经营者"), BUSINESS),
    (gettext_lazy("公众"), PUBLIC),
)


def enter_accounts(plan: Plan, register: Register) -> list[Sheet]:
    """Enter the named accounts with their businesses, and those that the simulator plays; gives what was filled."""
    people = [
        Member(
            each.username,
            _label(each),
            each.unit,
            each.post,
            f"SZD{at:05d}",
            each.post in {"inspector", "head", "officer", "sampler"},
            each.post == "legal",
        )
        for at, each in enumerate(STAFF, start=1)
    ]
    register.enter_staff(people)
    owners = register.enter_users(
        [each.username for each in BUSINESS], [each.title for each in BUSINESS], "business"
    )
    register.enter_users([each.username for each in PUBLIC], [each.title for each in PUBLIC], "public")
    for number, each in enumerate(BUSINESS, start=1):
        _open_shop(plan, number, each.shop, User.objects.get(pk=owners[each.username]))
    return [_enter_applicants(plan, register)]


def _label(named: Named) -> str:
    number = named.username[-1] if named.username[-1].isdigit() else ""
    return f"{named.title}{ {'1': '甲', '2': '乙'}.get(number, '') }"


def _open_shop(plan: Plan, number: int, shop: str, owner: User) -> None:
    """Register a named business by the ordinary actions, as people would."""
    name, kind, industry, scope = NAMES[shop]
    unit = orgs.unit(OFFICE)
    address = f"深圳市{AREA}{STREET}天元路{number}号"
    subject = actions.register_subject(
        name=name,
        type=kind,
        org_path=unit.path,
        identifiers={
            "USCC": codes.make_uscc("91" if kind == "COMPANY" else "92", "440304", f"MX{number:06d}")
        },
        legal_rep=create_person(name=f"陈弈{'一二三四五'[number - 1]}", actor=SYSTEM, is_demo=True),
        domicile=address,
        business_scope=scope,
        industry=industry,
        established_on=plan.as_of - datetime.timedelta(days=12 if shop == "new" else 2400),
        is_demo=True,
        credit_class="A",
        risk_grade="D" if shop == "risky" else "A",
        actor=SYSTEM,
    )
    actions.represent(owner, subject, SYSTEM)
    if shop in {"renew", "risky"}:
        _licence(plan, subject, address, ends_in=75)
    elif shop == "chain":
        _licence(plan, subject, address, ends_in=900)
        _licence(plan, subject, f"深圳市{AREA}{STREET}元角街8号2号铺", ends_in=1200)
    if shop == "risky":
        actions.add_mark(subject, "ABNORMAL_MARK", SYSTEM, ground="未按照规定报送年度报告", since=plan.as_of)


def _licence(plan: Plan, subject: Subject, address: str, *, ends_in: int) -> None:
    unit = orgs.unit(OFFICE)
    place = actions.add_premises(
        subject,
        address=address,
        org_path=unit.path,
        division_code=unit.division_code,
        street=STREET,
        longitude="114.093000",
        latitude="22.552000",
        area_m2="86.5",
        actor=SYSTEM,
    )
    until = plan.as_of + datetime.timedelta(days=ends_in)
    actions.register_grant(
        number=actions.take_licence_number("JY", "2", unit.licence_area_code or unit.division_code),
        kind="JY",
        title="食品经营许可证",
        subject=subject,
        premises=place,
        org_path=unit.path,
        item_code="FB-NEW",
        data={"main_format": "2", "items": ["HOT"], "marks": []},
        valid_from=until - datetime.timedelta(days=1825),
        valid_to=until,
        issuer=orgs.unit(BUREAU).path,
        actor=SYSTEM,
    )


def _enter_applicants(plan: Plan, register: Register) -> Sheet:
    """People who act for businesses of the city: some with a licence to renew, some with one, some without."""
    count = plan.applicants
    names = [applicant(number) for number in range(1, count + 1)]
    users = register.enter_users(names, [f"经营者{number:03d}" for number in range(1, count + 1)], "business")
    wanted = [
        *_renewable(plan, 2 * count),
        *_holders(plan, 2 * count),
        *_filed(count),
        *_unlicensed(2 * count),
    ]
    subjects = list(dict.fromkeys(wanted))
    sheet = Sheet(Representative, "user_id", "subject_id")
    sheet.put(
        {
            "user": [str(users[names[at % count]]) for at in range(len(subjects))],
            "subject": list(map(str, subjects)),
            "role": "LEGAL_REP",
            "valid_from": (plan.as_of - datetime.timedelta(days=400)).isoformat(),
        },
        len(subjects),
    )
    return sheet


def _held() -> Any:
    rows = Grant.objects.filter(state="VALID", subject__is_demo=True, subject__status="ACTIVE")
    return rows.exclude(subject__representatives__isnull=False).order_by("subject_id")


def _renewable(plan: Plan, most: int) -> list[int]:
    soon = plan.as_of + datetime.timedelta(days=120)
    rows = _held().filter(
        kind="JY", valid_to__gt=plan.as_of + datetime.timedelta(days=10), valid_to__lte=soon
    )
    return list(rows.values_list("subject_id", flat=True)[:most])


def _holders(plan: Plan, most: int) -> list[int]:
    rows = _held().filter(kind="JY", valid_to__gt=plan.as_of + datetime.timedelta(days=400))
    return list(rows.values_list("subject_id", flat=True)[:most])


def _filed(most: int) -> list[int]:
    return list(_held().filter(kind="YB").values_list("subject_id", flat=True)[:most])


def _unlicensed(most: int) -> list[int]:
    rows = Subject.objects.filter(
        is_demo=True, status="ACTIVE", grants__isnull=True, representatives__isnull=True
    )
    rows = rows.exclude(risk_grade="").order_by("pk")
    return list(rows.values_list("pk", flat=True)[:most])


def _everybody() -> Iterator[tuple[str, Named]]:
    for group, accounts in GROUPS:
        for each in accounts:
            yield str(group), each


def demo_accounts() -> list[dict[str, str]]:
    """The named accounts that are there, as rows for people: role, user name, password, second factor, unit, purpose.

    Refuses outside the demo.
    """
    _refuse_unless_demo()
    there = {
        user.username: user
        for user in User.objects.filter(
            is_demo=True, username__in=[each.username for _group, each in _everybody()]
        )
        .select_related("staff__unit")
        .prefetch_related("represents__subject")
    }
    return [
        {
            "角色": each.title,
            "用户名": each.username,
            "密码": PASSWORD,
            "第二因素/口令密钥": f"--code {each.username}" if each.unit else "不需要",
            "所属": _belonging(there[each.username]),
            "用途": each.purpose,
        }
        for _group, each in _everybody()
        if each.username in there
    ]


def _belonging(user: User) -> str:
    if hasattr(user, "staff"):
        return str(user.staff.unit.name)
    return "、".join(row.subject.name for row in user.represents.all())


def offered() -> list[DemoAccount]:
    """The named accounts, as the sign-in page of the demo offers them."""
    names = [each.username for _group, each in _everybody()]
    there = set(User.objects.filter(is_demo=True, username__in=names).values_list("username", flat=True))
    return [
        DemoAccount(each.username, PASSWORD, each.title, group)
        for group, each in _everybody()
        if each.username in there
    ]


def present_code(username: str) -> tuple[str, int]:
    """The code that the second step of signing in takes now from a demo account, and for how many seconds.

    Refuses outside the demo, an unknown or a real account, and one whose codes are used up for the moment.
    """
    _refuse_unless_demo()
    user = User.objects.filter(username=username, is_demo=True).first()
    if user is None:
        raise Refused(_("没有示范账号 %(name)s。") % {"name": username}, code="not_found")
    if user.kind != "staff":
        raise Refused(_("账号 %(name)s 登录不需要第二因素。") % {"name": username}, code="state")
    found = factors.usable_code(user)
    if found is None:
        raise Refused(_("最近的口令都已用过，请等半分钟再试。"), code="state")
    return found


def _refuse_unless_demo() -> None:
    if not settings.QIPAN_DEMO:
        raise Refused(_("这是正式系统，没有示范账号。"), code="forbidden")
