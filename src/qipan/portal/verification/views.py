"""The verification pages; no account is needed."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from qipan.kernel.accounts import limits
from qipan.kernel.documents import queries as documents
from qipan.portal.public.limiting import for_strangers
from qipan.ui.access import public

MOST = 20 * 1024 * 1024


@public
@for_strangers("verify", limits.VERIFY)
def verify_form(request: HttpRequest) -> HttpResponse:
    """Enter a code, or upload the file."""
    context: dict[str, object] = {}
    if request.method == "POST" and request.FILES.get("file"):
        upload, beside = request.FILES["file"], request.FILES.get("structure")
        if max(upload.size or 0, beside.size or 0 if beside else 0) > MOST:
            context["problem"] = _("文件超过 20 MB，不会是在本平台盖章的文件。")
        else:
            verdict = documents.check_upload(upload.read(), beside.read() if beside else None)
            context |= {"verdict": verdict, "document": verdict.document}
    elif request.method == "POST":
        code = "".join(sign for sign in request.POST.get("code", "").upper() if sign.isalnum())[:24]
        if code:
            return redirect("verify", code=code)
        context["problem"] = _("请输入核验码，或者选择要核验的文件。")
    return render(request, "portal/verify.html", context, status=400 if context.get("problem") else 200)


@public
@for_strangers("verify", limits.VERIFY)
def verify(request: HttpRequest, code: str) -> HttpResponse:
    """What is public of a document, or of a file that a business sealed, with this code."""
    found = documents.by_code(code)
    sealed = None if found else documents.use_by_code(code)
    context = {"document": found, "sealed": sealed, "code": code, "looked": True}
    return render(request, "portal/verify.html", context, status=200 if found or sealed else 404)
