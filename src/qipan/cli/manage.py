"""`qipan manage …`: Django's own commands, on the database as its owner."""

import argparse
import os
import sys
from typing import Any

from qipan.cli.session import tell, use_settings
from qipan.conf.database import Database

DATABASE = None
PASSES_ARGUMENTS = True


def register(subparsers: Any) -> None:
    subparsers.add_parser("manage", help="Django 管理命令(以数据库属主身份)", add_help=False)


def run(arguments: argparse.Namespace) -> int:
    """Runs `django-admin` with what follows; no migration comes before it, so it can be `migrate` itself."""
    use_settings()
    database = Database(tell)
    with database.running():
        database.use("owner")
        from django.core.management import execute_from_command_line  # after the address is set

        execute_from_command_line([f"{os.path.basename(sys.argv[0])} manage", *arguments.rest])
        if arguments.rest[:1] == ["migrate"] and database.server is not None:
            database.grant()
    return 0
