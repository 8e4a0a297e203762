"""What became public: decisions, filings, and the results of inspections."""

import datetime
from typing import Any

import numpy as np

from qipan.city import shape
from qipan.city.copying import Ref, Sheet
from qipan.city.dice import Dice
from qipan.city.history.past import ZONE, HistorySheets, Past, json_text
from qipan.city.licences import TITLES, Held
from qipan.city.places import Place
from qipan.city.registering import Block, Sheets
from qipan.kernel.law import library
from qipan.kernel.law.calendar import Calendar
from qipan.kernel.publication.models import PublicationKind

SOURCE = "示范历史检查"


class Publisher:
    """Writes the publications of blocks, and the inspections that some of them tell of."""

    def __init__(self, places: list[Place], calendar: Calendar, sheets: HistorySheets) -> None:
        self.places = places
        self.calendar = calendar
        self.sheets = sheets
        latest = PublicationKind.objects.order_by("code", "valid_from").values_list("code", "pk")
        self.kinds = dict(latest)

    def grants(self, block: Block, held: Held, past: list[Past], sheets: Sheets, dice: Dice) -> None:
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

    def inspections(self, block: Block, held: Held, sheets: Sheets, dice: Dice) -> None:
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
                "data": [json_text(data) for *_rest, data, _latest in found],
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
                "content": [json_text(content) for *_rest, content, _out in rows],
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


def _grams(title: str, content: dict[str, Any]) -> str:
    words = [str(value) for value in content.values() if isinstance(value, str)]
    return '{"' + '","'.join(library.grams(" ".join([title, *words]))) + '"}'
