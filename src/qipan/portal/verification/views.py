"""The verification pages; no account is needed."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from qipan.kernel.accounts import limits
from qipan.kernel.documents import queries as documents
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.subjects import queries as subjects
from qipan.kernel.subjects.models import Grant
from qipan.kernel.subjects.standing import standing
from qipan.portal.public.limiting import for_strangers
from qipan.ui.access import public

MOST = 20 * 1024 * 1024


@public
@for_strangers("verify", limits.VERIFY)
def verify_form(request: HttpRequest) -> HttpResponse:
    """Enter a code or a licence's number, or upload the file."""
    context: dict[str, object] = {}
    if request.method == "POST" and request.FILES.get("file"):
        upload, beside = request.FILES["file"], request.FILES.get("structure")
        if max(upload.size or 0, beside.size or 0 if beside else 0) > MOST:
            context["problem"] = _("文件超过 20 MB，不会是在本平台盖章的文件。")
        else:
            verdict = documents.check_upload(upload.read(), beside.read() if beside else None)
            context |= {"verdict": verdict, "document": verdict.document}
    elif request.method == "POST":
        typed = request.POST.get("code", "")[:60]
        code = "".join(sign for sign in typed.upper() if sign.isascii() and sign.isalnum())[:24]
        if subjects.grant_by_number(typed) is not None:
            return redirect(f"{reverse('verify_form')}?{urlencode({'number': typed.strip()})}")
        if code:
            return redirect("verify", code=code)
        context["problem"] = _("请输入核验码或者证照编号，或者选择要核验的文件。")
    elif number := request.GET.get("number", "").strip()[:60]:
        grant = subjects.grant_by_number(number)
        context |= {"number": number, "held": _held(grant) if grant else None}
        return render(request, "portal/verify.html", context, status=200 if grant else 404)
    return render(request, "portal/verify.html", context, status=400 if context.get("problem") else 200)


def _held(grant: Grant) -> dict[str, object]:
    """What anyone may know of a licence by its number."""
    return {
        "grant": grant,
        "standing": standing(grant),
        "code": subjects.uscc_of(grant.subject),
        "issuer": orgs.unit_at(grant.issuer).name if grant.issuer else "",
    }


@public
@for_strangers("verify", limits.VERIFY)
def verify(request: HttpRequest, code: str) -> HttpResponse:
    """What is public of a document, or of a file that a business sealed, with this code."""
    found = documents.by_code(code)
    sealed = None if found else documents.use_by_code(code)
    context = {"document": found, "sealed": sealed, "code": code, "looked": True}
    return render(request, "portal/verify.html", context, status=200 if found or sealed else 404)
