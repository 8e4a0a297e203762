"""`qipan staff`: the first people of an installation, and those who come later, by whoever runs it."""

import argparse
import datetime
import getpass
import json
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qipan.cli.session import Refusal, tell

if TYPE_CHECKING:
    from qipan.kernel.orgs.models import Post, Unit


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser("staff", help="工作人员:任命、岗位、重置密码和第二因素")
    several = parser.add_subparsers(title="操作", metavar="操作", dest="act", required=True)
    appoint = several.add_parser("appoint", help="开立工作人员账号并任命到岗位;已有账号则再任一岗")
    appoint.add_argument("username", help="用户名")
    appoint.add_argument("--name", default="", help="显示的姓名(新账号必填)")
    appoint.add_argument("--unit", required=True, help="机构代码,例如 SZ、FT、FT01")
    appoint.add_argument("--post", required=True, help="岗位代码,见 staff posts")
    appoint.add_argument("--number", default="", help="工号(新账号必填)")
    appoint.add_argument("--certificate", default="", help="执法证号(监督检查、执法岗位需要)")
    appoint.add_argument(
        "--certificate-until", type=datetime.date.fromisoformat, help="执法证有效期至,如 2030-12-31"
    )
    appoint.add_argument("--legal", action="store_true", help="有法律职业资格(法制审核岗位需要)")
    posts = several.add_parser("posts", help="一个机构有哪些岗位、谁在岗")
    posts.add_argument("unit", help="机构代码")
    password = several.add_parser("reset-password", help="重置密码,显示一次临时密码")
    factor = several.add_parser("reset-factor", help="清除第二因素,下次登录时重新设置")
    for each in (password, factor):
        each.add_argument("username", help="用户名")
        each.add_argument("--reason", required=True, help="理由,记入总账")
    for each in (appoint, posts, password, factor):
        each.add_argument("--json", action="store_true", help="以 JSON 输出")


def run(arguments: argparse.Namespace) -> int:
    """One of the four; what they write goes through the same actions as everything else, and into the ledger."""
    from qipan.kernel.ledger.errors import Refused

    acts: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
        "appoint": _appoint,
        "posts": _posts,
        "reset-password": _reset_password,
        "reset-factor": _reset_factor,
    }
    try:
        result = acts[arguments.act](arguments)
    except Refused as problem:
        raise Refusal(str(problem)) from None
    if arguments.json:
        print(json.dumps(result, ensure_ascii=False, default=str))
    return 0


def _appoint(arguments: argparse.Namespace) -> dict[str, Any]:
    from django.db import transaction

    from qipan.kernel.accounts import actions as accounts
    from qipan.kernel.accounts.models import User, UserKind
    from qipan.kernel.ledger.actor import Actor
    from qipan.kernel.ledger.clock import today
    from qipan.kernel.orgs import actions as orgs
    from qipan.kernel.orgs.models import Post, Staff

    if bool(arguments.certificate) != bool(arguments.certificate_until):
        raise Refusal("执法证号(--certificate)和有效期(--certificate-until)须同时给出。")
    unit = _unit(arguments.unit)
    posts = {_short(unit, post): post for post in Post.objects.filter(unit=unit).order_by("code")}
    post = posts.get(arguments.post.removeprefix(f"{unit.code}-"))
    if post is None:
        known = "、".join(posts) or "无(请先运行 ./qipan load)"
        raise Refusal(f"{unit.name} 没有岗位 {arguments.post}。现有岗位:{known}。")
    actor = Actor.system(unit.path)
    password = ""
    with transaction.atomic():
        user = User.objects.filter(username=arguments.username.strip()).first()
        staff = Staff.objects.filter(user=user).first() if user else None
        if staff is None:
            if not (arguments.name and arguments.number):
                raise Refusal("新账号要给出姓名和工号:--name 姓名 --number 工号")
            password = secrets.token_urlsafe(12)
            user = user or accounts.create_user(
                arguments.username,
                password,
                UserKind.STAFF,
                arguments.name,
                actor=actor,
                must_change_password=True,
            )
            staff = orgs.create_staff(user, unit, arguments.number, actor=actor)
        if arguments.certificate or arguments.legal:
            orgs.qualify(
                staff,
                certificate_number=arguments.certificate or staff.certificate_number,
                certificate_valid_to=arguments.certificate_until or staff.certificate_valid_to,
                certificate_lines=staff.certificate_lines,
                legal_qualification=arguments.legal or staff.legal_qualification,
                actor=actor,
            )
        orgs.appoint(staff, post, today(), actor=actor)
    if not arguments.json:
        tell(f"{arguments.username} 已任命为{unit.name}{post.name}(由 {getpass.getuser()} 在命令行办理)。")
        if password:
            tell("一次性密码(只显示这一次,首次登录须修改并设置第二因素):")
            print(password)
    return {
        "username": arguments.username,
        "unit": unit.code,
        "post": _short(unit, post),
        "password": password,
    }


def _posts(arguments: argparse.Namespace) -> dict[str, Any]:
    from qipan.kernel.ledger.clock import today
    from qipan.kernel.orgs.models import Appointment, Post
    from qipan.kernel.orgs.queries import in_force

    unit = _unit(arguments.unit)
    held: dict[int, list[str]] = {}
    for row in Appointment.objects.filter(in_force("", today()), post__unit=unit).select_related(
        "staff__user"
    ):
        held.setdefault(row.post_id, []).append(row.staff.user.username)
    rows = [
        {"post": _short(unit, post), "name": post.name, "holders": sorted(held.get(post.pk, []))}
        for post in Post.objects.filter(unit=unit).order_by("code")
    ]
    if not arguments.json:
        for each in rows:
            print(f"{each['post']:12} {each['name']}  {'、'.join(each['holders']) or '(空缺)'}")
    return {"unit": unit.code, "posts": rows}


def _reset_password(arguments: argparse.Namespace) -> dict[str, Any]:
    from qipan.kernel.accounts import actions
    from qipan.kernel.ledger.actor import Actor

    password = actions.reset_password(
        _user(arguments.username), actor=Actor.system(), reason=arguments.reason
    )
    if not arguments.json:
        tell("一次性密码(只显示这一次,下次登录须修改):")
        print(password)
    return {"username": arguments.username, "password": password}


def _reset_factor(arguments: argparse.Namespace) -> dict[str, Any]:
    from qipan.kernel.accounts import actions
    from qipan.kernel.ledger.actor import Actor

    actions.reset_second_factor(_user(arguments.username), actor=Actor.system(), reason=arguments.reason)
    if not arguments.json:
        tell("第二因素已清除,下次登录时重新设置。")
    return {"username": arguments.username}


def _short(unit: "Unit", post: "Post") -> str:
    """A post's code within its unit: `SZ-system` is `system` there."""
    return post.code.removeprefix(f"{unit.code}-")


def _unit(code: str) -> "Unit":
    from qipan.kernel.orgs.models import Unit

    unit = Unit.objects.filter(code=code).first()
    if unit is None:
        raise Refusal(
            f"没有机构 {code}。市局是 SZ,辖区局如 FT,监管所如 FT01;还没有机构时请先运行 ./qipan load。"
        )
    return unit


def _user(username: str) -> Any:
    from qipan.kernel.accounts.models import User

    user = User.objects.filter(username=username).first()
    if user is None:
        raise Refusal(f"没有账号 {username}。")
    return user
