"""`qipan seals`: who certifies seals and where their keys are made; with a folder, takes an authority in."""

import argparse
from pathlib import Path
from typing import Any


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser("seals", help="电子印章:认证机构的证书链和密钥所在;给出文件夹时导入认证机构")
    parser.add_argument(
        "folder", metavar="文件夹", nargs="?", type=Path,
        help="放有 ca.crt、ca.key、ca-sm2.crt、ca-sm2.key 的文件夹(PEM,证书文件依次放到根)",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Takes in where asked; prints both chains with their days. 1 where none certifies yet."""
    from qipan.cli.session import Refusal
    from qipan.kernel.documents import authority
    from qipan.kernel.documents.models import Authority, Seal
    from qipan.kernel.documents.sealing import keys
    from qipan.kernel.ledger.clock import now
    from qipan.kernel.ledger.errors import Refused

    try:
        if arguments.folder:
            authority.take_in(arguments.folder)
        store = keys.store()
        if isinstance(store, keys.Stores):
            store.token.holds("qipan")
    except Refused as refused:
        raise Refusal(str(refused)) from None
    row = Authority.objects.order_by("-pk").first()
    in_token = isinstance(store, keys.Stores)
    sm2_in_token = isinstance(store, keys.Stores) and not store.sm2_in_files
    print(
        f"密钥:P-256 {'在密码机' if in_token else '在加密文件'},SM2 {'在密码机' if sm2_in_token else '在加密文件'}。"
    )
    if row is None:
        print("还没有认证机构:制作第一枚印章时建立,或者用 ./qipan seals 文件夹 导入。")
        return 1
    for title, gm in (("P-256", False), ("SM2", True)):
        print(f"{title} 证书链:")
        for link in authority.chain_of(row, gm=gm):
            over = " 已到期!" if link.until < now() else ""
            print(f"  {link.title}({link.since:%Y-%m-%d} 至 {link.until:%Y-%m-%d}){over}")
    print(f"登记的印章 {Seal.objects.count():,} 枚。")
    return 0
