"""`qipan load`: the catalogues of every room; `qipan load laws PATH`: the texts of the laws."""

import argparse
import json
from pathlib import Path
from typing import Any

from qipan.cli.session import Refusal, tell, use_settings
from qipan.conf.database import Database

DATABASE = None


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser(
        "load", help="载入目录(期限、事项、表单、决策表、文书模板);load laws PATH 载入法规"
    )
    parser.add_argument(
        "what", nargs="?", choices=["catalogues", "laws"], default="catalogues", help="载入什么"
    )
    parser.add_argument("path", nargs="?", type=Path, help="法规文件 laws.jsonl,或者它所在的文件夹")
    parser.add_argument("--json", action="store_true", help="结果以 JSON 输出")


def run(arguments: argparse.Namespace) -> int:
    """Loads; afterwards every citation is checked against the library, and a wrong one makes the command fail."""
    if arguments.what == "laws" and arguments.path is None:
        raise Refusal("请给出法规文件,例如:./qipan load laws ../shared/data/laws")
    use_settings()
    database = Database(tell)
    with database.running():
        database.use("app")
        import django

        django.setup()
        from qipan.kernel.law import catalogue, citing, library
        from qipan.kernel.ledger.errors import Refused

        try:
            if arguments.what == "laws":
                laws, articles = library.load(library.read_laws(arguments.path))
                result: list[dict[str, object]] = [{"kind": "laws", "laws": laws, "articles": articles}]
            else:
                result = [vars(report) for report in catalogue.load_all()]
                database.note_loaded()
        except Refused as problem:
            raise Refusal(str(problem)) from None
        wrong = citing.problems()
        if arguments.json:
            print(json.dumps({"loaded": result, "citations": wrong}, ensure_ascii=False))
        else:
            for row in result:
                tell("  ".join(f"{name}={value}" for name, value in row.items()))
            for problem in wrong:
                tell(f"引用有误:{problem}")
    return 1 if wrong else 0
