"""`python -m qipan.cli`: finds the subcommands, prepares what the chosen one needs, runs it."""

import signal

if __name__ == "__main__":  # until `main` can say it in words, Ctrl-C ends the process without a traceback
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import argparse
import importlib
import os
import pkgutil
import sys
from types import ModuleType

import qipan
import qipan.cli
from qipan.cli.session import Refusal, session, tell
from qipan.conf.backup import BackupFailure
from qipan.conf.frontend import FrontendFailure
from qipan.conf.postgres import DatabaseFailure


def commands() -> dict[str, ModuleType]:
    """Every module of this package with a `register` function, by the module's name."""
    found = {}
    for entry in pkgutil.iter_modules(qipan.cli.__path__):
        if not entry.name.startswith("_"):
            module = importlib.import_module(f"qipan.cli.{entry.name}")
            if hasattr(module, "register"):
                found[entry.name] = module
    return found


def parser() -> tuple[argparse.ArgumentParser, dict[str, ModuleType]]:
    """The whole command line, and which module stands behind each word."""
    main_parser = argparse.ArgumentParser(
        prog="qipan", description="棋盘:市场监管业务全局一盘棋。每个命令都有 --help。"
    )
    main_parser.add_argument("--version", action="version", version=f"qipan {qipan.__version__}")
    subparsers = main_parser.add_subparsers(title="命令", metavar="命令", dest="command")
    owners: dict[str, ModuleType] = {}
    for module in commands().values():
        module.register(subparsers)
        owners |= {word: owners.get(word, module) for word in subparsers.choices}
    return main_parser, owners


def understood(arguments: list[str]) -> tuple[ModuleType | None, argparse.Namespace]:
    """The command of a line, None where there is none (help is shown), and what it is given. Exits on what it does not know."""
    main_parser, owners = parser()
    # What follows `manage` and `test` belongs to another program, in the order in which it stands.
    chosen, rest = main_parser.parse_known_args(arguments)
    if not chosen.command:
        main_parser.print_help()
        return None, chosen
    module = owners[chosen.command]
    if getattr(module, "PASSES_ARGUMENTS", False):
        chosen.rest = rest
    elif rest:
        main_parser.parse_args(arguments)
    return module, chosen


def main(arguments: list[str]) -> int:
    """Runs one command; what a user may have caused is told in a sentence, not in a traceback."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    module, chosen = understood(arguments)
    if module is None:
        return 0
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with session(getattr(module, "DATABASE", "app")):
            return int(module.run(chosen) or 0)
    except (Refusal, BackupFailure, DatabaseFailure, FrontendFailure) as problem:
        tell(str(problem))
        return 1
    except PermissionError as problem:
        tell(f"没有权限:{problem.filename}。请用拥有该文件夹的账户运行,或用 QIPAN_HOME 另指一个文件夹。")
        return 1
    except KeyboardInterrupt:
        tell("已中断。")
        return 130
    except BrokenPipeError:  # the reader of our output went away
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
