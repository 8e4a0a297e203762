"""Pages for what went wrong, in the house style: what happened, why, and what to do now."""

import logging
import sys
from typing import Any

from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

log = logging.getLogger(__name__)
TOO_BIG = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)

WORDS = {
    400: (lazy("这个请求不能识别"), lazy("地址或者提交的内容不完整。请返回上一页，重新操作。")),
    403: (
        lazy("您不能打开这一页"),
        lazy("您的账户或者岗位没有这项权限。需要办理的，请联系所在机构负责人或者系统管理员。"),
    ),
    404: (
        lazy("没有找到"),
        lazy("地址可能写错了，内容可能已经移走，或者不在您的查看范围内。"),
    ),
    405: (lazy("不能这样操作"), lazy("请返回上一页，从页面上的按钮操作。")),
    409: (lazy("情况已经变化"), lazy("别人刚刚办理过，请刷新后再操作。")),
    413: (
        lazy("提交的内容太大"),
        lazy("单次提交超过了上限。请减少附件或者压缩图片后重试；大文件请用页面上的上传按钮。"),
    ),
    429: (lazy("操作太频繁"), lazy("请稍等几分钟再试。")),
    500: (lazy("系统出错了"), lazy("问题已经记录。您填写的内容没有丢失，请稍后再试。")),
    503: (
        lazy("系统暂时不能使用"),
        lazy("数据库正在恢复，或者没有空间可写。刚才的操作没有办成，填写的内容留在本机；请一分钟后再试。"),
    ),
}
#: The database is away, starting, full, or too busy: the same request may well succeed in a while.
PASSING = (OperationalError, InterfaceError)
RETRY_AFTER = 30


def page(request: HttpRequest, status: int, text: str = "") -> HttpResponse:
    """The page of a status; `text` says more than the usual words."""
    title, usual = WORDS.get(status, WORDS[400])
    context = {"status": status, "title": title, "text": text or usual}
    return render(request, "portal/error.html", context, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400, and 413 where too much was sent."""
    return page(request, 413 if isinstance(exception, TOO_BIG) else 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403."""
    return page(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404."""
    return page(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    """500, and 503 while the database cannot work: drawn without it or the session, for either may be what failed."""
    status = 503 if isinstance(sys.exc_info()[1], PASSING) else 500
    title, text = WORDS[status]
    context: dict[str, Any] = {"status": status, "title": title, "text": text}
    answer = HttpResponse(render_to_string("portal/error_plain.html", context), status=status)
    if status == 503:
        answer["Retry-After"] = str(RETRY_AFTER)
    answer["Cache-Control"] = "no-store"
    return answer


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form's token does not hold: the page was open too long, or one signed in anew in another window."""
    log.info("csrf: %s", reason)
    text = _(
        "这个页面打开得太久，或者您在别的窗口重新登录过，所以没有提交。请返回上一页，刷新后再提交；填写的内容留在本机。"
    )
    context = {"status": 403, "title": _("页面已过期"), "text": text}
    return render(request, "portal/error.html", context, status=403)
