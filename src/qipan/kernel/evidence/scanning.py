"""A virus scanner asked before a file is taken in, where the operator has one (ClamAV's clamd, by its INSTREAM command)."""

import logging
import socket

from django.conf import settings
from django.utils.translation import gettext as _

from qipan.conf.logs import plain
from qipan.kernel.ledger.errors import Refused

log = logging.getLogger("qipan.security")
PIECE = 1 << 18
SECONDS = 30.0
LONGEST_ANSWER = 4096


def must_be_clean(content: bytes) -> None:
    """Refuse a file in which the scanner of `QIPAN_SCANNER` finds something, and every file while it does not answer.

    Without the setting nothing is asked.
    """
    address = settings.QIPAN_SCANNER
    if not address:
        return
    try:
        verdict = _ask(address, content)
    except (OSError, ValueError) as error:
        log.error("the scanner does not answer: %s", error)
        raise Refused(
            _("文件检查服务暂时不可用，文件没有存入；已填写的内容不受影响，请稍后再试。"),
            code="state",
            field="file",
        ) from None
    if verdict == "OK":
        return
    log.warning("malware verdict=%s", plain(verdict))
    raise Refused(_("文件中发现恶意程序，不能接收。请检查您的设备后，换一个文件重新上传。"), field="file")


def _connect(address: str) -> socket.socket:
    """`/path/of/socket` or `host:port`."""
    if address.startswith("/"):
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(SECONDS)
        line.connect(address)
        return line
    host, _colon, port = address.rpartition(":")
    return socket.create_connection((host.strip("[]"), int(port)), SECONDS)


def _ask(address: str, content: bytes) -> str:
    """What the scanner says: `OK` or the name of what it found. Raises OSError, and ValueError for an odd answer."""
    with _connect(address) as line:
        line.sendall(b"zINSTREAM\0")
        for start in range(0, len(content), PIECE):
            piece = content[start : start + PIECE]
            line.sendall(len(piece).to_bytes(4, "big") + piece)
        line.sendall(bytes(4))
        answer = b""
        while (
            not answer.endswith(b"\0")
            and len(answer) < LONGEST_ANSWER
            and (part := line.recv(LONGEST_ANSWER))
        ):
            answer += part
    said = answer.rstrip(b"\0").decode("utf-8", "replace").strip().removeprefix("stream: ")
    if said == "OK" or said.endswith(" FOUND"):
        return said.removesuffix(" FOUND")
    raise ValueError(said or "no answer")
