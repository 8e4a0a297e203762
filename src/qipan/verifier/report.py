"""What the verifier found, for people and for programs."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Kind = Literal[
    "edited",
    "rewritten",
    "payload_swapped",
    "reordered",
    "deleted",
    "truncated",
    "inserted",
    "seal_missing",
    "seal_changed",
    "seal_forged",
    "chain_broken",
    "outside_missing",
    "key_missing",
]
TITLES: dict[Kind, str] = {
    "edited": "事件被改动",
    "rewritten": "事件被改写并重算了摘要",
    "payload_swapped": "事件内容被调换",
    "reordered": "事件次序被调换",
    "deleted": "事件被删除",
    "truncated": "末尾的事件被截去",
    "inserted": "已封存的范围内插入了事件",
    "seal_missing": "数据库中缺少封存",
    "seal_changed": "封存被改动",
    "seal_forged": "封存的签名无效",
    "chain_broken": "封存链中断",
    "outside_missing": "库外封存副本缺失",
    "key_missing": "无法核对签名",
}


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it was sealed; `events` are the ids of the rows, where they can be told."""

    kind: Kind
    text: str
    seal: int | None = None
    events: tuple[int, ...] = ()

    def line(self) -> str:
        """For people."""
        rows = "、".join(map(str, self.events[:10])) + ("……" if len(self.events) > 10 else "")
        where = f"封存 {self.seal}" if self.seal is not None else ""
        return f"{TITLES[self.kind]}:" + ",".join(
            filter(None, [where, f"事件 {rows}" if rows else "", self.text])
        )


@dataclass
class Report:
    """The outcome of one run. `intact` is False with the first finding."""

    events: int = 0
    seals: int = 0
    sealed: int = 0
    unsealed: int = 0
    unsealed_since: str = ""
    last_seal: int = 0
    last_seal_at: str = ""
    signatures: int = 0
    seconds: float = 0.0
    findings: list[Finding] = field(default_factory=list)

    @property
    def intact(self) -> bool:
        """Nothing was found."""
        return not self.findings

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {"intact": self.intact, **asdict(self)}
