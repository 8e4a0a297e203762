"""What the pages of seals read from a request and put into every context."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from qipan.domains.seals import permissions
from qipan.domains.seals.models import Purpose
from qipan.kernel.documents import moves, using
from qipan.kernel.documents.models import Seal
from qipan.kernel.documents.sealing.foreign import Place
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.queries import timeline_of
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.reader import Reader
from qipan.ui.sent import whole

ROWS, COLUMNS = 7, 5
"""The places offered on a page: a grid, from its upper left."""


def place_of(post: Any, pages: int, prefix: str = "") -> Place:
    """Where a form wants the seal: `page` (a number, or last), `spot` (row-column of the grid)."""
    page_text = post.get(f"{prefix}page", "last").strip()
    page = pages if page_text in {"", "last"} else whole(page_text) or 0
    row, column = (whole(part) for part in (post.get(f"{prefix}spot", "").partition("-")[::2]))
    if row is None or column is None or row >= ROWS or column >= COLUMNS:
        raise Refused(_("请选择盖章的位置。"), field=f"{prefix}spot")
    return Place(page, (column + 0.5) / COLUMNS, (row + 0.5) / ROWS)


def grid() -> list[list[dict[str, str]]]:
    """The places as the page draws them."""
    return [
        [
            {
                "value": f"{row}-{column}",
                "label": _("第 %(row)d 行第 %(column)d 列") % {"row": row + 1, "column": column + 1},
            }
            for column in range(COLUMNS)
        ]
        for row in range(ROWS)
    ]


def uploaded(request: HttpRequest, name: str = "file") -> tuple[str, bytes]:
    """(name without ending, content) of an uploaded PDF. Refuses what is too large before it is read."""
    upload = request.FILES.get(name)
    if upload is None:
        raise Refused(_("请选择要盖章的 PDF 文件。"), field=name)
    if (upload.size or 0) > using.MOST_BYTES:
        raise Refused(_("文件超过 20 MB，不能盖章。请压缩图片或者分成几份。"), field=name)
    return title_of(upload.name or ""), upload.read()


def title_of(name: str) -> str:
    """A file's name without folders and ending, as the register keeps it."""
    last = "".join(sign for sign in name.replace("\\", "/").rsplit("/", 1)[-1] if sign.isprintable())
    return (last[:-4] if last.lower().endswith(".pdf") else last)[:200] or str(_("未命名文件"))


def purposes() -> list[tuple[str, Any]]:
    """What a seal may be used for."""
    return list(Purpose.choices)


def history(seal: Seal) -> list[dict[str, Any]]:
    """What happened to a seal, but for its uses."""
    quiet = ["documents.seal.used", "documents.seal.used_many"]
    rows = list(timeline_of(seal).exclude(name__in=quiet)[:60])
    names = orgs.labels(row.actor_id for row in rows if row.actor_id)
    titles = {
        "documents.seal.made": _("制发"),
        "seals.authorisation.granted": _("授权用印"),
        "seals.authorisation.ended": _("收回用印授权"),
        "seals.activation.asked": _("发送激活验证码"),
    }
    return [
        {
            "title": titles.get(row.name) or _move_title(row.data.get("move")),
            "at": row.at,
            "who": names.get(row.actor_id, "") if row.actor_id else _("系统"),
            "official": row.actor_kind == "staff",
            "reason": row.reason,
        }
        for row in rows
    ]


def _move_title(code: Any) -> str:
    return str(moves.MOVES[code].title) if code in moves.MOVES else str(_("状态变更"))


def offered(seal: Seal, reader: Reader) -> list[moves.Move]:
    """The moves that the reader may make now."""
    manage, intervene = permissions.may_manage(reader, seal), permissions.may_intervene(reader, seal)
    found = []
    for step in moves.leaving(seal.state):
        if step.code in {"activate", "replace"}:
            continue
        by_official = intervene and step.code in {"suspend", "resume", "revoke"}
        if manage or by_official or (step.code == "report_lost" and permissions.may_use(reader, seal)):
            found.append(step)
    return found


def png(seal: Seal) -> HttpResponse:
    """The picture of a seal, for those who may see it."""
    answer = HttpResponse(bytes(seal.picture), content_type="image/png")
    answer["Cache-Control"] = "private, max-age=3600"
    return answer


def pdf(content: bytes, name: str, *, media: str = "application/pdf") -> HttpResponse:
    """A file to keep."""
    answer = HttpResponse(content, content_type=media)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def found(seal: Seal | None) -> Seal:
    """The seal, or the page that it is not there."""
    if seal is None:
        raise Http404
    return seal
