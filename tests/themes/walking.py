"""A theme walked over HTTP: the guide's questions, the one form, and the officers' steps until everything has come to its end."""

import re
import uuid
from typing import Any
from urllib.parse import urlencode

from django.test import Client
from django.urls import reverse

from qipan.domains.licensing import actions, countersigning
from qipan.domains.licensing.guards import needs_check
from qipan.domains.licensing.models import Application
from qipan.domains.licensing.themes import forming, queries
from qipan.domains.licensing.themes.declaration import ThemeRow
from qipan.domains.licensing.themes.models import ThemeCase
from qipan.kernel.accounts.models import User
from qipan.kernel.evidence import actions as evidence
from qipan.kernel.flow import actions as flow
from qipan.kernel.flow.models import Case, WorkOrder
from qipan.kernel.forms import queries as forms
from qipan.kernel.forms.declaration import FormField
from qipan.kernel.jobs.testing import drain
from qipan.kernel.orgs.roles import Role
from qipan.kernel.subjects.models import Subject
from tests.licensing.city import City
from tests.licensing.test_a_new_restaurant_is_checked_and_decided_by_people import drawn, picture
from tests.orgs.factories import BusinessUserFactory, StaffFactory, reader_for, signed_in

#: A canteen that two items come of.
CANTEEN = {"area": "80", "drain": False, "place": "OTHER"}
WORDS = {
    "subject_new_name": "深圳市福田区一件事{number}店",
    "subject_new_domicile": "深圳市福田区园岭街道红荔路{number}号",
    "subject_new_street": "园岭街道",
    "place_address": "深圳市福田区园岭街道红荔路{number}号首层",
    "place_street": "园岭街道",
    "subject_business_scope": "餐饮服务；食品销售",
}


def answer_to(one: FormField, number: int, photo: str) -> Any:
    """Something right for a field of any kind."""
    if one.code in WORDS:
        return WORDS[one.code].format(number=number)
    kinds = {
        "number": str(one.min or 5),
        "date": "2026-11-20",
        "bool": "true",
        "phone": "13800138000",
        "address": f"深圳市福田区园岭街道红荔路{number}号",
        "file": [photo],
    }
    if one.kind in {"choice", "multi"}:
        return [one.options[0].code] if one.kind == "multi" else one.options[0].code
    return kinds.get(one.kind, "按实际情况填写")


class Walk:
    """One applicant with one theme. `city` has the officers."""

    def __init__(self, client: Client, city: City, theme: ThemeRow, user: User) -> None:
        self.client, self.city, self.theme, self.user = client, city, theme, user
        self.photo = ""

    def begin(self, situation: dict[str, Any] | None = None, subject: Subject | None = None) -> ThemeCase:
        """From the guide through the questions to the one form."""
        given = {**self.theme.usual, **(situation or {})}
        asked = {
            key: "true" if value is True else value for key, value in given.items() if value is not False
        }
        query = urlencode({"asked": 1, **asked}, doseq=True)
        guide = self.client.get(f"{reverse('theme', args=[self.theme.code])}?{query}")
        assert guide.status_code == 200
        page = f"{reverse('theme_start', args=[self.theme.code])}?{query}"
        shown = self.client.get(page)
        assert shown.status_code == 200, shown.content.decode()[-3000:]
        posted = {"uuid": str(uuid.uuid4()), **({"choice": subject.pk} if subject else {})}
        begun = self.client.post(page, posted)
        assert begun.status_code == 302, begun.content.decode()[-3000:]
        number = re.search(r"[0-9a-f-]{36}", begun.url)
        assert number is not None
        return ThemeCase.objects.select_related("case").get(case__uuid=number.group())

    def answers(self, row: ThemeCase, **own: Any) -> dict[str, Any]:
        """Right answers to everything that the one form asks."""
        if not self.photo:
            actor = reader_for(self.user).actor()
            self.photo = str(evidence.store(picture(), actor=actor, kind="material", name="图.png").uuid)
        merged = forming.merged_of(row)
        answers = {each.code: answer_to(each, row.pk, self.photo) for each in merged.form.fields}
        for group in merged.form.groups:
            for each in group.fields:
                answers[f"{group.code}.0.{each.code}"] = answer_to(each, row.pk, self.photo)
        return {**answers, "key": uuid.uuid4().hex, **own}

    def hand_in(self, row: ThemeCase, **own: Any) -> ThemeCase:
        """Fill in the one form and hand it in."""
        address = reverse("theme_form", args=[row.case.uuid])
        assert self.client.get(address).status_code == 200
        handed = self.client.post(address, {**self.answers(row, **own), "act": "submit"})
        assert handed.status_code == 302, handed.content.decode()[-6000:]
        drain()
        return self.again(row)

    def again(self, row: ThemeCase) -> ThemeCase:
        """The theme as it now stands."""
        return ThemeCase.objects.select_related("case__subject").get(pk=row.pk)

    def states(self, row: ThemeCase) -> dict[str, str]:
        """Where each part stands."""
        return dict(row.parts.order_by("position").values_list("code", "state"))

    def part(self, row: ThemeCase, code: str) -> Case:
        """The case of a part."""
        return row.parts.select_related("application__case").get(code=code).application.case

    def officers(self, row: ThemeCase, refuse: frozenset[str] = frozenset()) -> ThemeCase:
        """The people's part: decide everything that waits for them, until nothing does; `refuse` these parts."""
        for _round in range(6):
            waiting = [
                part
                for part in row.parts.select_related("application__case").order_by("position")
                if part.application.case.state in {"SUBMITTED", "ACCEPTED"}
            ]
            if not waiting:
                break
            for part in waiting:
                self.decide(part.application.case, refuse=part.code in refuse)
            drain()
        return self.again(row)

    def decide(self, case: Case, refuse: bool = False) -> None:
        """One application: at once where nobody need look on site, else accepted, checked by two, decided."""
        row = Application.objects.select_related("case").get(pk=case.pk)
        if refuse:
            self.step(self.city.receiver, case, "decline", reason="材料不符合规定")
            return
        if not needs_check(row):
            self.step(self.city.decider, case, "grant_now")
            return
        self.step(self.city.receiver, case, "accept")
        self.step(self.city.reviewer, case, "order_check")
        order = WorkOrder.objects.get(case=case, kind="licensing.check")
        for officer in self.city.inspectors:
            flow.claim(order, actor=reader_for(officer).actor(None, case.org_path))
        row = Application.objects.get(pk=case.pk)
        reader = reader_for(self.city.inspectors[0])
        officers = [officer.user_id for officer in self.city.inspectors]
        check = actions.start_check(row, reader, uuid=uuid.uuid4(), officers=officers)
        wanted = forms.checklist(check.checklist_code).applicable(actions.check_facts(row))
        actions.conclude_check(
            check,
            reader,
            answers={item.code: {"answer": "YES"} for item in wanted},
            signatures={"officer1": drawn(), "officer2": drawn(), "operator": drawn()},
        )
        self.countersign(case)
        self.step(self.city.decider, case, "grant")

    def countersign(self, case: Case) -> None:
        """The office agrees, where the table asks for it."""
        row = Application.objects.select_related("case").get(pk=case.pk)
        if countersigning.wanted(row) is None:
            return
        head = StaffFactory(role=Role.OFFICE_HEAD, unit=self.city.tree.offices[0])
        order = countersigning.ask(row, [head.user_id], reader_for(self.city.decider))
        flow.sign(order, agree=True, actor=reader_for(head).actor(Role.OFFICE_HEAD), note="")

    def step(self, who: Any, case: Case, code: str, **more: Any) -> None:
        """One step of an officer."""
        found = Case.objects.get(pk=case.pk)
        flow.fire(found, code, reader_for(who).actor(None, found.org_path), **more)


def walker(client: Client, city: City, code: str, person: User | None = None) -> Walk:
    """Somebody at the browser with the theme of this code."""
    person = person or BusinessUserFactory()
    signed_in(client, person)
    theme = queries.theme(code)
    assert theme is not None
    return Walk(client, city, theme, person)
