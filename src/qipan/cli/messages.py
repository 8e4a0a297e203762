"""`qipan messages`: takes the texts of the sources into each language's catalogue, for translators."""

import argparse
from typing import Any

from qipan.cli.session import tell, use_settings

DATABASE = None


def register(subparsers: Any) -> None:
    subparsers.add_parser("messages", help="把界面文字收进各语言的翻译文件(供译者使用)")


def run(arguments: argparse.Namespace) -> int:
    """Merges and compiles; says how many texts wait for a translation."""
    use_settings()
    import django

    django.setup()
    from qipan.conf import messages

    for language in messages.languages():
        total, waiting = messages.update(language)
        tell(f"{language}:{total} 条文字,{waiting} 条待译({messages.catalogue_file(language)})")
    messages.compile_stale()
    return 0
