"""Filling in an application: the form, the draft that saves itself, and what happened meanwhile."""

import uuid as uuids
from abc import ABC, abstractmethod
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from qipan.domains.licensing import actions, origins
from qipan.domains.licensing.drafting import ApplicationDraft, Clash, Draft
from qipan.domains.licensing.elicences import calling, offering
from qipan.domains.licensing.elicences.models import Offering
from qipan.domains.licensing.models import Application
from qipan.kernel.evidence import queries as evidence
from qipan.kernel.forms import queries as forms
from qipan.kernel.forms.validation import Result
from qipan.kernel.items import queries as items
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.orgs import queries as orgs
from qipan.kernel.orgs.reader import Reader
from qipan.ui import declared
from qipan.ui.access import business

OPEN = {"DRAFT", "CORRECTION"}


class Filled:
    """What a page sent: the answers by the version of the form that the page showed, and what it had seen."""

    def __init__(self, request: HttpRequest, draft: Draft) -> None:
        post = request.POST
        self.version = post.get("form_version", "")
        self.form = draft.former(self.version) or draft.form
        self.answers = declared.typed(post, self.form, draft.known)
        revision = post.get("revision", "")
        self.seen = int(revision) if revision.isdecimal() and len(revision) < 9 else None
        #: Fields that two people filled in, by what the second chose: `mine`, `theirs`, or nothing yet.
        self.chosen = {code: post.get(f"choose.{code}", "") for code in post.getlist("clash")}

    def settle(self, draft: Draft) -> list[str]:
        """Take what another person saved where that was chosen; the fields where nothing was chosen yet."""
        theirs = draft.said
        for code, choice in self.chosen.items():
            if choice == "theirs":
                self.answers[code] = theirs.get(code)
        return [code for code, choice in self.chosen.items() if choice not in {"mine", "theirs"}]

    def rows_changed(self, act: str) -> dict[str, Any]:
        """The answers with an empty row more, or a row less: for browsers without scripts."""
        verb, _sign, rest = act.partition(":")
        code, _sign, number = rest.partition(":")
        rows = self.answers.get(code)
        if isinstance(rows, list):
            if verb == "add":
                self.answers[code] = [*rows, {}]
            elif number.isdecimal():
                self.answers[code] = [row for place, row in enumerate(rows) if place != int(number)]
        return self.answers


class Filling(ABC):
    """One page on which a draft is filled in, saved and handed in: that of an item, and that of a theme."""

    template: str
    #: The names of the addresses of the page and of the draft that saves itself, by the case's uuid.
    page_name: str
    draft_name: str
    row: Any
    draft: Draft

    def __init__(self, request: HttpRequest, uuid: uuids.UUID) -> None:
        self.request, self.uuid = request, uuid
        self.reader: Reader = request.reader  # type: ignore[attr-defined]
        self.load()

    @abstractmethod
    def load(self) -> None:
        """Read `row` and `draft` as they now are kept; Http404 for who may not see them."""

    @abstractmethod
    def is_open(self) -> bool:
        """Whether the reader may fill it in now."""

    @abstractmethod
    def save(self, filled: Filled, seen: int | None) -> Result:
        """Keep what was filled in. Refuses as stale who did not see revision `seen`."""

    @abstractmethod
    def submit(self, key: str) -> None:
        """Hand in."""

    @abstractmethod
    def context(self) -> dict[str, Any]:
        """What the page shows besides the form."""

    def answer(self) -> HttpResponse:
        """Fill in, save as a draft, hand in. What was typed stays, whatever happens."""
        request = self.request
        if not self.is_open():
            return redirect("my_case", uuid=self.uuid)
        if request.method != "POST":
            return self.page()
        filled, act = Filled(request, self.draft), request.POST.get("act", "")
        if act.startswith(("add:", "remove:")):
            return self.page(typed=filled.rows_changed(act))
        undecided = filled.settle(self.draft)
        errors: dict[str, str] = {}
        general: list[str] = []
        try:
            found = self.clashes(filled, undecided)
            if found:
                return self.page(typed=filled.answers, clashes=found)
            news = self.draft.news(filled.version)
            errors = self.save(filled, self.row.revision).errors
            self.load()
            if news:
                return self.page(news=news, errors=errors)
            if act == "save" and not errors:
                messages.success(request, _("草稿已保存，可以随时回来继续。"))
                return redirect(self.page_name, uuid=self.uuid)
            if not errors:
                self.submit(request.POST.get("key", ""))
                return redirect("my_case", uuid=self.uuid)
        except Refused as refused:
            errors, general = declared.told_of(refused)
            self.load()  # as it is kept, not as the refused act left it in memory
            if (
                refused.code == "stale" and filled.seen is not None
            ):  # another saved since this page was looked at
                found = self.draft.clashes(filled.answers, filled.seen)
                if found:
                    return self.page(typed=filled.answers, clashes=found)
        return self.page(typed=filled.answers, errors=errors, general=general)

    def save_itself(self) -> JsonResponse:
        """Keeps what is filled in so far: {"saved": "10:32", "revision": 3, "errors": {…}}.

        409 where another person saved meanwhile or a new version of the form holds; the page then shows both.
        """
        if self.request.method != "POST":
            raise Http404
        filled = Filled(self.request, self.draft)
        if self.draft.news(filled.version):
            text = _("表单有了新的版本，请点“保存草稿”查看变化；您填写的内容没有丢失。")
            return JsonResponse({"error": text, "stale": True}, status=409)
        try:
            filled.settle(self.draft)
            result = self.save(filled, filled.seen)
        except Refused as refused:
            stale = refused.code == "stale"
            text = (
                _("%(who)s刚才保存过这份草稿，请点“保存草稿”核对。") % {"who": self.other()}
                if stale
                else str(refused)
            )
            return JsonResponse({"error": text, "stale": stale}, status=409 if stale else 422)
        self.row.refresh_from_db()
        at = timezone.localtime(self.row.saved_at or timezone.now())
        errors = declared.placed(filled.form, result.errors)
        return JsonResponse({"saved": at.strftime("%H:%M"), "revision": self.row.revision, "errors": errors})

    def clashes(self, filled: Filled, undecided: list[str]) -> list[Clash]:
        """The fields between which the second of two people still has to choose."""
        if filled.seen is None:
            return []
        if filled.seen != self.row.revision:
            return self.draft.clashes(filled.answers, filled.seen)
        return [one for one in self.draft.clashes(filled.answers, -1) if one.code in undecided]

    def page(
        self,
        *,
        typed: dict[str, Any] | None = None,
        errors: dict[str, str] | None = None,
        general: list[str] | None = None,
        clashes: list[Clash] | None = None,
        news: list[Any] | None = None,
    ) -> HttpResponse:
        """The form with what is kept and what was typed, what is wrong with it, and what happened meanwhile."""
        draft, row = self.draft, self.row
        told = declared.placed(draft.form, errors or {})
        fresh = typed is None and not news
        if news is None:
            news = draft.news()
        said = draft.said
        personal = {
            code: said[code] for field in draft.form.fields if (code := field.code) in said and field.personal
        }
        values = {**draft.kept, **personal, **(typed or {})}
        context = {
            "row": row,
            "form": draft.form,
            "form_version": draft.version,
            "autosave": reverse(self.draft_name, args=[self.uuid]),
            "sections": declared.sections(
                draft.form,
                values,
                told,
                known=draft.known,
                files=lambda code, tokens: evidence.named(tokens, row.answers.get(code) or [], self.reader),
                sources=origins.of_account(personal) if not row.revision else {},
            ),
            "declaration": forms.as_json(draft.form, draft.known),
            "errors": told,
            "general": general or [],
            "clashes": clashes or [],
            "other": self.other() if clashes else "",
            "news": news,
            "news_seen": not fresh,
            "key": uuids.uuid4().hex,
            "saved_at": row.saved_at,
            "keep_uploads": f"apply-{self.uuid}",
            **self.context(),
        }
        status = 409 if clashes or (news and not fresh) else 422 if told or general else 200
        return render(self.request, self.template, context, status=status)

    def other(self) -> str:
        """Who saved last."""
        names = orgs.labels([self.row.saved_by] if self.row.saved_by else [])
        return names.get(self.row.saved_by or 0, "") or _("另一位经办人")


class ApplicationFilling(Filling):
    """The form of one item."""

    template, page_name, draft_name = "licensing/form.html", "apply_form", "apply_draft"

    def load(self) -> None:
        """The application, where the reader may see it."""
        row = (
            Application.objects.visible_to(self.reader)
            .select_related("case__subject", "grant", "premises", "contact", "manager")
            .filter(case__uuid=self.uuid)
            .first()
        )
        if row is None:
            raise Http404
        self.row, self.draft = row, ApplicationDraft(row)

    def is_open(self) -> bool:
        """A draft, or what is to be corrected."""
        return self.row.case.state in OPEN and actions.may_fill_in(self.row, self.reader)

    def save(self, filled: Filled, seen: int | None) -> Result:
        """Keep the answers."""
        return actions.save(self.row, filled.answers, self.reader, seen=seen, version=filled.version)

    def submit(self, key: str) -> None:
        """Hand in."""
        actions.submit(self.row, self.reader, key=key)

    def context(self) -> dict[str, Any]:
        """What the registers and e-licences supply."""
        return {
            "item": items.item(self.row.item_code),
            "known": origins.of_known(self.row, self.draft.form),
            "supplied": calling.supplied(self.row),
            "offers": offering.used(self.row, Offering.LINKED, Offering.PAPER),
        }


@business
def apply_form(request: HttpRequest, uuid: uuids.UUID) -> HttpResponse:
    """The form of one item."""
    return ApplicationFilling(request, uuid).answer()


@business
def apply_draft(request: HttpRequest, uuid: uuids.UUID) -> JsonResponse:
    """The draft of one item saves itself."""
    return ApplicationFilling(request, uuid).save_itself()
