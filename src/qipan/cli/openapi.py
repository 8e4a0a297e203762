"""`qipan openapi`: writes the description of the open interface to docs/openapi.json, or tells that it is stale."""

import argparse
import os
from typing import Any

from qipan.cli.session import tell, use_settings
from qipan.conf import environment as env

DATABASE = None
FILE = env.ROOT / "docs" / "openapi.json"


def register(subparsers: Any) -> None:
    parser = subparsers.add_parser("openapi", help="生成开放接口的说明 docs/openapi.json")
    parser.add_argument("--check", action="store_true", help="只检查文件是否是最新的")


def run(arguments: argparse.Namespace) -> int:
    """1 when `--check` finds the file stale."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qipan.conf.settings.test")
    use_settings()
    import django

    django.setup()
    from qipan.portal.api import schema

    text = schema.as_text()
    if arguments.check:
        if FILE.exists() and FILE.read_text(encoding="utf-8") == text:
            return 0
        tell(f"{FILE.name} 不是最新的，请运行 ./qipan openapi 并提交。")
        return 1
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(text, encoding="utf-8")
    tell(f"已写入 {FILE.relative_to(env.ROOT)}。")
    return 0
