"""`python -m qipan.verifier`: the verifier by itself, for an auditor who holds his own copy of seals and key."""

import argparse
import json
import sys
from pathlib import Path

from qipan.verifier import verify


def main() -> int:
    """0 when everything is as it was sealed, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m qipan.verifier", description="独立核验总账")
    parser.add_argument("database", help="数据库地址 postgresql://…(只需读 ledger_event 与 ledger_seal)")
    parser.add_argument("--seals", type=Path, required=True, help="库外封存文件夹(seals.jsonl、digests.bin)")
    parser.add_argument("--key", type=Path, required=True, help="公钥文件 ledger.pub.pem")
    parser.add_argument("--full", action="store_true", help="逐个核对封存的签名")
    options = parser.parse_args()
    report = verify(options.database, options.seals, options.key, full=options.full)
    print(json.dumps(report.as_json(), ensure_ascii=False))
    return 0 if report.intact else 1


if __name__ == "__main__":
    sys.exit(main())
