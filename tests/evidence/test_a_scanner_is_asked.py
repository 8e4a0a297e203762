"""A virus scanner, where the operator has one, is asked before a file is taken in; and names end as their content says."""

import email
import email.policy
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client

from qipan.kernel.evidence import actions
from qipan.kernel.evidence.models import Evidence
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused
from tests.evidence.test_files_are_kept_by_digest import SYSTEM, picture
from tests.orgs.factories import BusinessUserFactory, signed_in

PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF"


class _Scanner(socketserver.StreamRequestHandler):
    """Speaks clamd's INSTREAM, and finds something in everything that holds the word `virus`."""

    def handle(self) -> None:
        assert self.rfile.read(10) == b"zINSTREAM\0"
        content = b""
        while size := int.from_bytes(self.rfile.read(4), "big"):
            content += self.rfile.read(size)
        self.server.seen.append(content)  # type: ignore[attr-defined]
        answer = self.server.answer or ("stream: Test.Found FOUND" if b"virus" in content else "stream: OK")  # type: ignore[attr-defined]
        self.wfile.write(answer.encode() + b"\0")


def served(server: socketserver.BaseServer) -> Iterator[socketserver.BaseServer]:
    server.seen, server.answer = [], ""  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["tcp", "socket"])
def scanner(request: pytest.FixtureRequest, tmp_path: Path, settings) -> Iterator[socketserver.BaseServer]:
    settings.HOME = tmp_path / "home"
    server: socketserver.BaseServer
    if request.param == "tcp":
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Scanner)
        settings.QIPAN_SCANNER = f"127.0.0.1:{server.server_address[1]}"
    else:
        settings.QIPAN_SCANNER = str(tmp_path / "clamd.ctl")
        server = socketserver.ThreadingUnixStreamServer(settings.QIPAN_SCANNER, _Scanner)
    yield from served(server)


@pytest.mark.django_db
def test_what_it_finds_is_refused_and_what_is_clean_is_taken(scanner, caplog) -> None:
    big = picture("PNG", (900, 600)) + bytes(700_000)
    assert actions.store(big, actor=SYSTEM, name="门头.png").size == len(big)
    assert scanner.seen == [big], "the whole file is asked about"
    with pytest.raises(Refused, match="恶意程序"):
        actions.store(PDF.replace(b"<<>>endobj", b"<<>>endobj virus"), actor=SYSTEM)
    assert Evidence.objects.count() == 1
    assert "malware verdict=Test.Found" in caplog.messages


@pytest.mark.django_db
def test_while_it_does_not_answer_nothing_is_taken(scanner) -> None:
    scanner.answer = "INSTREAM size limit exceeded. ERROR"
    with pytest.raises(Refused, match="暂时不可用"):
        actions.store(PDF, actor=SYSTEM)
    scanner.answer = ""
    scanner.shutdown()
    scanner.server_close()
    with pytest.raises(Refused, match="暂时不可用"):
        actions.store(PDF, actor=SYSTEM)
    assert not Evidence.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("门头.JPG", "门头.JPG.png"),
        ("门头.png", "门头.png"),
        ("setup.exe", "setup.exe.png"),
        ("page.html", "page.html.png"),
        ("图", "图.png"),
        ("", ""),
        ("长" * 300, "长" * 196 + ".png"),
    ],
)
def test_a_name_ends_as_its_content_says(tmp_path: Path, settings, name: str, kept: str) -> None:
    """What is handed out again never claims to be a program or a page."""
    settings.HOME = tmp_path
    assert actions.store(picture(), actor=SYSTEM, name=name).name == kept


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", ['a"; filename="b.html', "图\r\nSet-Cookie: x=1", "报告 2026.pdf", "100%;x='y'"]
)
def test_a_name_cannot_break_out_of_its_header(tmp_path: Path, settings, name: str) -> None:
    settings.HOME = tmp_path
    user = BusinessUserFactory()
    found = actions.store(PDF, actor=Actor("business", user.pk), name=name)
    told = signed_in(Client(), user).get(f"/evidence/{found.uuid}/")["Content-Disposition"]
    read = email.message_from_string(f"Content-Disposition: {told}", policy=email.policy.default)
    header = read["Content-Disposition"]
    assert (
        told.isprintable()
        and header.content_disposition == "attachment"
        and set(header.params) == {"filename"}
    )
    assert header.params["filename"] == found.name and found.name.endswith(".pdf")
