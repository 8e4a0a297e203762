"""`qipan load`: the catalogues of every room, or a bureau's own file; `qipan load laws PATH`: the texts of the laws."""

import argparse
import json
from pathlib import Path
from typing import Any

from qipan.cli.session import Refusal, tell, use_settings
from qipan.conf.database import Database

DATABASE = None


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "load",
        help="载入目录(期限、事项、表单、决策表、文书模板);load catalogues PATH 载入本局自己的目录文件;load laws PATH 载入法规",
    )
    parser.add_argument(
        "what", nargs="?", choices=["catalogues", "laws"], default="catalogues", help="载入什么"
    )
    parser.add_argument(
        "path",
        nargs="?",
        type=Path,
        help="法规文件 laws.jsonl(或者它所在的文件夹),或者本局自己的目录文件(YAML)",
    )
    parser.add_argument("--json", action="store_true", help="结果以 JSON 输出")


def run(arguments: argparse.Namespace) -> int:
    """Loads; afterwards every citation is checked against the library, and a wrong one makes the command fail."""
    if arguments.what == "laws" and arguments.path is None:
        raise Refusal("请给出法规文件,例如:./qipan load laws ../shared/data/laws")
    use_settings()
    database = Database(tell)
    with database.running():
        if database.server is not None:
            database.migrate()
        elif not database.identity():
            raise Refusal(
                "DATABASE_URL 指定的数据库里还没有数据表。请先运行 ./qipan manage migrate(或 ./qipan serve)。"
            )
        database.use("app")
        import django

        django.setup()
        from qipan.kernel.law import catalogue, citing
        from qipan.kernel.ledger.errors import Refused

        try:
            if arguments.what == "laws":
                result: list[dict[str, object]] = [{"kind": "laws", **vars(_load_laws(arguments.path))}]
            else:
                own = [arguments.path] if arguments.path else []
                reports = catalogue.load_files(own) if own else catalogue.load_all()
                result = [vars(report) for report in reports]
                if not own:
                    database.note_loaded()
        except Refused as problem:
            raise Refusal(str(problem)) from None
        wrong = citing.problems()
        if arguments.json:
            print(json.dumps({"loaded": result, "citations": wrong}, ensure_ascii=False))
        else:
            tell(summary(result))
            for line in wrong:
                tell(f"引用有误:{line}")
    return 1 if wrong else 0


def summary(result: list[dict[str, Any]]) -> str:
    """What a load did, in one line."""
    if result and result[0]["kind"] == "laws":
        row = result[0]
        return f"法规库:新增 {row['laws']} 部、{row['articles']} 条,已有 {row['known']} 部。"
    created = sum(row["created"] for row in result)
    return f"{len(result)} 类目录:新增 {created} 行,未变 {sum(row['unchanged'] for row in result)} 行。"


def _load_laws(path: Path) -> Any:
    from qipan.kernel.law import library

    loaded = library.load(library.read_laws(path))
    for name in loaded.changed:
        tell(f"《{name}》同一日期的文本已在库中而条文不同,没有改动;确有新文本的,请写明新的文本日期(as_of)。")
    return loaded
