"""Three years behind a block: closed cases with their events, checks and limits, publications, inspection results.

The rows are written as the engine and the actions would have left them, events included: each event has its own
digest in the ledger's canonical form and is sealed like any other. Nothing reacts to them (nobody is told today of a
licence of two years ago), and no paper is made: a licence of before has no file here until it is changed or renewed.
"""

import datetime
import json
import uuid
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qipan.city import shape
from qipan.city.copying import NULL, Ref, Sheet, bytes_text, escaped
from qipan.city.dice import Dice
from qipan.city.licences import TITLES, Held
from qipan.city.places import Place
from qipan.city.registering import Block, Sheets
from qipan.city.staffing import People
from qipan.domains.licensing import events
from qipan.domains.licensing.models import Application, SiteCheck
from qipan.kernel.flow.models import Case, Clock
from qipan.kernel.law import library
from qipan.kernel.law.calendar import Calendar
from qipan.kernel.ledger.canonical import digest
from qipan.kernel.ledger.models import Event
from qipan.kernel.ledger.registry import EventType
from qipan.kernel.publication.models import Publication, PublicationKind
from qipan.kernel.subjects.models import ExternalRecord

ZONE = datetime.timezone(datetime.timedelta(hours=8))
FORMS = {
    "FB-NEW": ("NEW", "licensing.food_new"),
    "FB-RENEW": ("RENEW", "licensing.food_renew"),
    "FB-CANCEL": ("CANCEL", "licensing.food_cancel"),
    "FF-NEW": ("FILING", "licensing.filing_new"),
    "FF-CANCEL": ("FILING_CANCEL", "licensing.food_cancel"),
}
ITEM_NAMES = {
    "FB-NEW": "食品经营许可（餐饮服务）新办",
    "FB-RENEW": "食品经营许可延续",
    "FB-CANCEL": "食品经营许可注销",
    "FF-NEW": "仅销售预包装食品备案",
    "FF-CANCEL": "仅销售预包装食品备案注销",
}
SOURCE = "示范历史检查"


@dataclass
class HistorySheets:
    """The tables of history."""

    cases: Sheet = field(default_factory=lambda: Sheet(Case, numbered=True))
    applications: Sheet = field(default_factory=lambda: Sheet(Application))
    checks: Sheet = field(default_factory=lambda: Sheet(SiteCheck, "officers"))
    clocks: Sheet = field(default_factory=lambda: Sheet(Clock))
    events: Sheet = field(default_factory=lambda: Sheet(Event, "actor_id", "data", "digest"))
    records: Sheet = field(default_factory=lambda: Sheet(ExternalRecord, numbered=True))
    publications: Sheet = field(default_factory=lambda: Sheet(Publication, "kind_id"))

    def all(self) -> list[Sheet]:
        """Each of them."""
        return list(vars(self).values())


@dataclass
class Past:
    """One closed case to be: the subject's row, the grant's (−1: none), item, days, way and end."""

    row: int
    grant: int
    item: str
    decided: datetime.date
    auto: bool
    state: str = "ISSUED"
    submitted: datetime.datetime = datetime.datetime.min
    ended: datetime.datetime = datetime.datetime.min
    steps: list[tuple[EventType, str, str, str, datetime.datetime, str, int | None]] = field(
        default_factory=list
    )
    number: str = ""


class Historian:
    """Writes the history of blocks; case numbers count on from block to block."""

    def __init__(self, places: list[Place], people: People, calendar: Calendar) -> None:
        self.places = places
        self.people = people
        self.calendar = calendar
        self.sheets = HistorySheets()
        self.numbers: dict[str, int] = {}
        latest = PublicationKind.objects.order_by("code", "valid_from").values_list("code", "pk")
        self.kinds = dict(latest)

    def write(self, block: Block, held: Held, sheets: Sheets, grants: Sheet) -> None:
        """Everything that happened to the subjects of the block."""
        dice = block.dice("history")
        past = self._draw(block, held, dice)
        self._write_cases(block, held, past, sheets, grants, dice)
        self._write_events(block, held, past, sheets, grants, dice)
        self._publish_grants(block, held, past, sheets, dice)
        self._inspections(block, held, sheets, dice)

    def _draw(self, block: Block, held: Held, dice: Dice) -> list[Past]:
        """Which cases there were, in the order in which they were decided."""
        today = block.plan.as_of
        since = today - datetime.timedelta(days=shape.HISTORY_DAYS)
        chance = dice.shares(held.count).tolist()
        found = []
        for at, row in enumerate(held.rows.tolist()):
            filing = held.kind[at] == "YB"
            if held.decided[at] >= since:
                item = "FF-NEW" if filing else "FB-RENEW" if held.renewed[at] else "FB-NEW"
                found.append(
                    Past(row, at, item, held.decided[at], filing or (held.renewed[at] and chance[at] < 0.8))
                )
            ended = held.ended[at]
            if ended and ended >= since and held.state[at] == "CANCELLED":
                found.append(Past(row, at, "FF-CANCEL" if filing else "FB-CANCEL", ended, True))
        chance_of_row = dice.shares(block.count)
        licensed = set(held.rows.tolist())
        for row in np.flatnonzero((block.risk != "") & (chance_of_row < 0.03)).tolist():
            if row not in licensed and block.status[row] == "ACTIVE":
                back = 1 + int(chance_of_row[row] / 0.03 * 700)
                day = self.calendar.add_working_days(today - datetime.timedelta(days=back), -1)
                if day > block.established[row].astype(datetime.date):
                    state = "REFUSED" if back % 3 else "WITHDRAWN"
                    found.append(Past(row, -1, "FB-NEW", day, False, state))
        found.sort(key=lambda each: (each.decided, each.row, each.item))
        for each, hour, wait in zip(
            found, dice.shares(len(found)).tolist(), dice.shares(len(found)).tolist(), strict=True
        ):
            self._take_course(block, each, hour, wait)
        return found

    def _take_course(self, block: Block, past: Past, hour: float, wait: float) -> None:
        """The moments and the people of one case, backwards from its decision."""
        place = self.places[block.street[past.row]]
        office = place.org_path.rstrip("/").split("/")[-1]

        def moment(day: datetime.date, shift: float = 0.0) -> datetime.datetime:
            seconds = int(3600 * (9 + 7.5 * ((hour + shift) % 1)))
            return datetime.datetime.combine(day, datetime.time(), ZONE) + datetime.timedelta(seconds=seconds)

        def someone(unit: str, post: str) -> int | None:
            there = self.people.holders(unit, post)
            return there[int(wait * 97) % len(there)] if there else None

        end = moment(past.decided)
        steps = past.steps
        if past.auto:
            past.submitted = end
            steps.append((events.SUBMITTED, "submit", "DRAFT", "SUBMITTED", end, "business", None))
            steps.append((events.GRANTED, "grant_by_rules", "SUBMITTED", "GRANTED", end, "rules", None))
        else:
            first = self.calendar.add_working_days(past.decided, -3 - int(wait * 6))
            accepted = self.calendar.add_working_days(first, 1)
            past.submitted = moment(first, 0.2)
            steps.append((events.SUBMITTED, "submit", "DRAFT", "SUBMITTED", past.submitted, "business", None))
            if past.state == "WITHDRAWN":
                steps.append((events.WITHDRAWN, "withdraw", "SUBMITTED", "WITHDRAWN", end, "business", None))
            else:
                checked = self.calendar.add_working_days(past.decided, -1)
                window, examiner = someone(place.bureau, "window"), someone(place.bureau, "examine")
                inspector, decider = someone(office, "inspector"), someone(place.bureau, "decide")
                steps.append(
                    (events.ACCEPTED, "accept", "SUBMITTED", "ACCEPTED", moment(accepted), "staff", window)
                )
                ordered = moment(accepted) + datetime.timedelta(minutes=50)
                steps.append(
                    (events.CHECK_ORDERED, "order_check", "ACCEPTED", "CHECKING", ordered, "staff", examiner)
                )
                visited = max(moment(checked, 0.5), ordered + datetime.timedelta(minutes=30))
                steps.append(
                    (
                        events.CHECK_CONCLUDED,
                        "finish_check",
                        "CHECKING",
                        "REVIEWED",
                        visited,
                        "staff",
                        inspector,
                    )
                )
                end = max(end, visited + datetime.timedelta(minutes=20))
                granted = past.state == "ISSUED"
                kind, code, state = (
                    (events.GRANTED, "grant", "GRANTED") if granted else (events.REFUSED, "refuse", "REFUSED")
                )
                steps.append((kind, code, "REVIEWED", state, end, "staff", decider))
        past.ended = end
        if past.state == "ISSUED":
            past.ended = end + datetime.timedelta(seconds=2)
            steps.append((events.ISSUED, "issue", "GRANTED", "ISSUED", past.ended, "system", None))
        series = f"{place.bureau}{past.item}{past.submitted:%Y%m%d}"
        self.numbers[series] = self.numbers.get(series, 0) + 1
        past.number = f"{place.bureau}-{past.item}-{past.submitted:%Y%m%d}-{self.numbers[series]:04d}"

    def _write_cases(
        self, block: Block, held: Held, past: list[Past], sheets: Sheets, grants: Sheet, dice: Dice
    ) -> None:
        count, mine = len(past), self.sheets
        rows = np.array([each.row for each in past], dtype=np.int64)
        places = [self.places[block.street[each.row]] for each in past]
        at = np.array([each.grant for each in past], dtype=np.int64)
        mine.cases.put(
            {
                "uuid": dice.uuids(count),
                "flow_code": "licensing.application",
                "flow_version": "1",
                "state": [each.state for each in past],
                "number": [each.number for each in past],
                "title": [f"{block.names[each.row]} {ITEM_NAMES[each.item]}" for each in past],
                "org_path": [place.org_path for place in places],
                "subject": Ref(sheets.subjects, rows),
                "premises": Ref(sheets.premises, block.premises_row[rows] if count else rows),
                "opened_at": [each.submitted.isoformat() for each in past],
                "rules_on": [each.submitted.date().isoformat() for each in past],
                "closed_at": [each.ended.isoformat() for each in past],
                "result": [{"ISSUED": "GRANTED", "REFUSED": "REFUSED"}.get(each.state, "") for each in past],
                "version": [str(1 + len(each.steps)) for each in past],
                "is_demo": "t",
            },
            count,
        )
        following = np.array(
            [each.item in {"FB-RENEW", "FB-CANCEL", "FF-CANCEL"} for each in past], dtype=bool
        )
        granted = np.array([each.state == "ISSUED" for each in past], dtype=bool)
        mine.applications.put(
            {
                "case": Ref(mine.cases, np.arange(count)),
                "item_code": [each.item for each in past],
                "kind": [FORMS[each.item][0] for each in past],
                "form_code": [FORMS[each.item][1] for each in past],
                "mode": ["AUTO" if each.auto else "NORMAL" for each in past],
                "answers": [_json(self._answers(block, held, each)) for each in past],
                "known": [_json(self._known(block, held, each)) for each in past],
                "grant": Ref(grants, np.where(following, at, -1)),
                "result_grant": Ref(grants, np.where(granted, at, -1)),
                "premises": Ref(sheets.premises, block.premises_row[rows] if count else rows),
                "submitted_at": [each.submitted.isoformat() for each in past],
                "decided_at": [
                    each.ended.isoformat() if each.state != "WITHDRAWN" else NULL for each in past
                ],
            },
            count,
        )
        self._write_checks(block, past, dice)
        self._write_clocks(past)

    @staticmethod
    def _answers(block: Block, held: Held, past: Past) -> dict[str, Any]:
        if past.item in {"FB-CANCEL", "FF-CANCEL"}:
            return {"cause": "STOPPED", "no_investigation": True}
        if past.item == "FB-RENEW":
            return {
                "unchanged": past.auto,
                **({} if past.auto else {"changes": "更新部分设备设施"}),
                "truthful": True,
            }
        content = (
            held.data[past.grant] if past.grant >= 0 else {"main_format": "2", "items": ["HOT"], "marks": []}
        )
        return {"premises": block.addresses[past.row], **content, "truthful": True}

    @staticmethod
    def _known(block: Block, held: Held, past: Past) -> dict[str, Any]:
        known = {
            "name": block.names[past.row],
            "uscc": block.uscc[past.row] or block.reg_no[past.row],
            "domicile": block.addresses[past.row],
        }
        return known | (
            {"number": held.numbers[past.grant]} if FORMS[past.item][0] in {"RENEW", "CANCEL"} else {}
        )

    def _write_checks(self, block: Block, past: list[Past], dice: Dice) -> None:
        rows = [(at, each) for at, each in enumerate(past) if len(each.steps) > 3]
        officers, begun, concluded = [], [], []
        for _at, each in rows:
            office = self.places[block.street[each.row]].org_path.rstrip("/").split("/")[-1]
            there = self.people.holders(office, "inspector")
            officers.append(json.dumps(sorted(there[:2])))
            visited = each.steps[3][4]
            concluded.append(visited.isoformat())
            begun.append((visited - datetime.timedelta(minutes=40)).isoformat())
        self.sheets.checks.put(
            {
                "uuid": dice.uuids(len(rows)),
                "application": Ref(self.sheets.cases, np.array([at for at, _each in rows], dtype=np.int64)),
                "checklist_code": "LIC-CATER",
                "officers": officers,
                "started_at": begun,
                "concluded_at": concluded,
                "conclusion": ["FAIL" if each.state == "REFUSED" else "PASS" for _at, each in rows],
                "note": [
                    "专间面积和洗消设施不符合要求" if each.state == "REFUSED" else "" for _at, each in rows
                ],
            },
            len(rows),
        )

    def _write_clocks(self, past: list[Past]) -> None:
        """One limit a case: to decide, or, where the rules decided, to issue the licence."""
        due, started, rules, cases, ended = [], [], [], [], []
        for at, each in enumerate(past):
            if each.state == "WITHDRAWN":
                continue
            start = each.submitted if each.auto else each.steps[1][4]
            due.append(self.calendar.add_working_days(start.date(), 5 if each.auto else 10).isoformat())
            started.append(start.isoformat())
            rules.append("FBL23.issue" if each.auto else "FBL23.decide")
            cases.append(at)
            ended.append(each.ended.isoformat())
        self.sheets.clocks.put(
            {
                "case": Ref(self.sheets.cases, np.array(cases, dtype=np.int64)),
                "rule_code": rules,
                "rule_on": [text[:10] for text in started],
                "started_at": started,
                "due_on": due,
                "state": "MET",
                "ended_at": ended,
            },
            len(cases),
        )

    def _write_events(
        self, block: Block, held: Held, past: list[Past], sheets: Sheets, grants: Sheet, dice: Dice
    ) -> None:
        cases, subjects = self.sheets.cases, sheets.subjects.base
        uuids = iter(dice.uuids(sum(len(each.steps) for each in past)))
        lines = []
        for at, each in enumerate(past):
            path = self.places[block.street[each.row]].org_path
            for version, (kind, code, source, target, when, who, person) in enumerate(each.steps, start=2):
                data: dict[str, Any] = {
                    "transition": code,
                    "source": source,
                    "target": target,
                    "version": version,
                }
                if kind is events.SUBMITTED:
                    mode = "AUTO" if each.auto else "NORMAL"
                    data |= {
                        "item": each.item,
                        "kind": FORMS[each.item][0],
                        "channel": "web",
                        "mode": mode,
                        "reasons": [],
                    }
                elif kind is events.GRANTED:
                    data |= {"number": held.numbers[each.grant], "mode": "AUTO" if each.auto else "NORMAL"}
                elif kind is events.CHECK_CONCLUDED:
                    data |= {"conclusion": "FAIL" if each.state == "REFUSED" else "PASS"}
                elif kind is events.ISSUED:
                    data |= {
                        "number": held.numbers[each.grant],
                        "kind": FORMS[each.item][0],
                        "grant": grants.base + each.grant,
                    }
                values = {
                    "uuid": uuid.UUID(next(uuids)),
                    "at": when,
                    "name": kind.name,
                    "record_kind": "flow.case",
                    "record_id": cases.base + at,
                    "record_key": each.number,
                    "subject_id": subjects + each.row,
                    "org_path": path,
                    "actor_kind": who,
                    "actor_id": person,
                    "post": "",
                    "data": data,
                    "reason": "专间和洗消设施不符合规定条件。" if kind is events.REFUSED else "",
                }
                lines.append((at, each.row, values))
        self.sheets.events.put(
            {
                "uuid": [str(values["uuid"]) for _at, _row, values in lines],
                "at": [values["at"].isoformat() for _at, _row, values in lines],
                "name": [values["name"] for _at, _row, values in lines],
                "record_kind": "flow.case",
                "record_id": Ref(cases, np.array([at for at, _row, _values in lines], dtype=np.int64)),
                "record_key": [values["record_key"] for _at, _row, values in lines],
                "subject_id": Ref(
                    sheets.subjects, np.array([row for _at, row, _values in lines], dtype=np.int64)
                ),
                "org_path": [values["org_path"] for _at, _row, values in lines],
                "actor_kind": [values["actor_kind"] for _at, _row, values in lines],
                "actor_id": [NULL if v["actor_id"] is None else str(v["actor_id"]) for _at, _row, v in lines],
                "data": [_json(values["data"]) for _at, _row, values in lines],
                "reason": [values["reason"] for _at, _row, values in lines],
                "digest": [bytes_text(digest(values)) for _at, _row, values in lines],
            },
            len(lines),
        )

    def _publish_grants(self, block: Block, held: Held, past: list[Past], sheets: Sheets, dice: Dice) -> None:
        """Decisions are public, filings as long as they stand."""
        rows = []
        for at, each in enumerate(past):
            if each.state != "ISSUED" or each.item == "FF-CANCEL":
                continue
            if each.item == "FF-NEW" and held.state[each.grant] != "VALID":
                continue
            place, number = self.places[block.street[each.row]], held.numbers[each.grant]
            content = {
                "number": number,
                "name": block.names[each.row],
                "code": block.uscc[each.row] or block.reg_no[each.row],
                "place": block.addresses[each.row],
                "authority": place.bureau_name,
            }
            day, until = each.decided, held.valid_to[each.grant]
            if each.item == "FF-NEW":
                kind, title, content["filed_on"] = "filing.record", "仅销售预包装食品备案", day.isoformat()
            else:
                kind = "licence.grant"
                word = {"FB-NEW": "新办", "FB-RENEW": "延续"}.get(each.item, "注销")
                title = f"{TITLES['JY']}{word}"
                content |= {
                    "item": TITLES["JY"],
                    "kind": word,
                    "decided_on": day.isoformat(),
                    "valid_from": held.decided[each.grant].isoformat(),
                    "valid_to": until.isoformat() if until else "",
                }
            rows.append((at, each.row, kind, f"{block.names[each.row]} {title}", content, each.ended))
        self._publish(block, "flow.case", self.sheets.cases, rows, sheets, dice)

    def _inspections(self, block: Block, held: Held, sheets: Sheets, dice: Dice) -> None:
        """Inspection results of those who were licensed; the latest of each is public until the next."""
        today = block.plan.as_of
        since = today - datetime.timedelta(days=shape.HISTORY_DAYS)
        often = (dice.shares(held.count) * 4).astype(int).tolist()
        found: list[tuple[int, datetime.date, str, dict[str, Any], bool]] = []
        when = dice.shares(4 * held.count).tolist()
        results = dice.words(shape.CONCLUSIONS, 4 * held.count).tolist()
        for at, row in enumerate(held.rows.tolist()):
            if held.kind[at] != "JY":
                continue
            start = max(since, held.decided[at] + datetime.timedelta(days=20))
            stop = min(held.ended[at] or today, today) - datetime.timedelta(days=1)
            span = (stop - start).days
            if span < 30:
                continue
            dates = sorted(
                {
                    self.calendar.add_working_days(
                        start + datetime.timedelta(days=int(when[4 * at + n] * span)), -1
                    )
                    for n in range(often[at])
                }
            )
            for n, day in enumerate(dates):
                result = results[4 * at + n]
                key_failed = 1 + n % 2 if result == "不符合" else 0
                general = 0 if result == "符合" else 1 + int(when[4 * at + n] * 5)
                data = {
                    "kind": "日常监督检查",
                    "checklist": "餐饮服务监督检查要点表"
                    if held.form[at] in {"2", "3"}
                    else "食品销售监督检查要点表",
                    "key_failed": key_failed,
                    "general_failed": general,
                    "handling": "" if not general else "责令改正",
                }
                found.append((row, day, result, data, n == len(dates) - 1))
        self.sheets.records.put(
            {
                "subject": Ref(sheets.subjects, np.array([each[0] for each in found], dtype=np.int64)),
                "source": SOURCE,
                "kind": "inspection",
                "key": [f"JC{block.first + row:08d}-{day:%Y%m%d}" for row, day, *_rest in found],
                "on": [day.isoformat() for _row, day, *_rest in found],
                "result": [result for _row, _day, result, *_rest in found],
                "data": [_json(data) for *_rest, data, _latest in found],
            },
            len(found),
        )
        rows = []
        for at, (row, day, result, data, latest) in enumerate(found):
            if not latest:
                continue
            place = self.places[block.street[row]]
            content = {
                "number": f"JC{block.first + row:08d}-{day:%Y%m%d}",
                "name": block.names[row],
                "code": block.uscc[row] or block.reg_no[row],
                "place": block.addresses[row],
                "inspected_on": day.isoformat(),
                "conclusion": result,
                "authority": place.bureau_name,
                **{key: value for key, value in data.items() if value != ""},
            }
            out = datetime.datetime.combine(self.calendar.add_working_days(day, 2), datetime.time(10), ZONE)
            out = min(out, datetime.datetime.combine(today, datetime.time(), ZONE))
            rows.append(
                (at, row, "inspection.result", f"{block.names[row]} 食品安全监督检查结果", content, out)
            )
        self._publish(block, "subjects.externalrecord", self.sheets.records, rows, sheets, dice)

    def _publish(
        self,
        block: Block,
        record_kind: str,
        records: Sheet,
        rows: list[tuple[Any, ...]],
        sheets: Sheets,
        dice: Dice,
    ) -> None:
        at = np.array([row[1] for row in rows], dtype=np.int64)
        limits = {"filing.record": 5, "licence.grant": 7, "inspection.result": 20}
        self.sheets.publications.put(
            {
                "uuid": dice.uuids(len(rows)),
                "kind": [str(self.kinds[kind]) for _at, _row, kind, *_rest in rows],
                "record_kind": record_kind,
                "record_id": Ref(records, np.array([row[0] for row in rows], dtype=np.int64)),
                "subject": Ref(sheets.subjects, at),
                "premises": Ref(sheets.premises, block.premises_row[at] if len(rows) else at),
                "org_path": [self.places[block.street[row]].org_path for row in at.tolist()],
                "title": [title[:200] for *_rest, title, _content, _out in rows],
                "content": [_json(content) for *_rest, content, _out in rows],
                "grams": [_grams(title, content) for *_rest, title, content, _out in rows],
                "formed_on": [out.date().isoformat() for *_rest, out in rows],
                "due_on": [
                    self.calendar.add_working_days(out.date(), limits[kind]).isoformat()
                    for _at, _row, kind, _title, _content, out in rows
                ],
                "state": "PUBLISHED",
                "published_at": [out.isoformat() for *_rest, out in rows],
                "created_at": [out.isoformat() for *_rest, out in rows],
                "is_demo": "t",
            },
            len(rows),
        )


def _json(value: Any) -> str:
    return escaped(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def _grams(title: str, content: dict[str, Any]) -> str:
    words = [str(value) for value in content.values() if isinstance(value, str)]
    return '{"' + '","'.join(library.grams(" ".join([title, *words]))) + '"}'
