"""The store: in a folder or behind S3, a digest proves a file unchanged; what must not come in does not."""

import datetime
import hashlib
import http.server
import io
import json
import re
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client
from django.urls import reverse
from PIL import Image

from qipan.cli import evidence as command
from qipan.kernel.evidence import actions, examination, preview, queries, storage
from qipan.kernel.evidence.models import Evidence
from qipan.kernel.evidence.stores import StoreDown
from qipan.kernel.evidence.stores.folder import FolderStore
from qipan.kernel.evidence.stores.s3 import S3Store, signature
from qipan.kernel.ledger.actor import Actor
from qipan.kernel.ledger.errors import Refused
from qipan.kernel.ledger.models import Event
from qipan.kernel.orgs.roles import Role
from tests.orgs.factories import PublicUserFactory, StaffFactory, UnitTree, signed_in

SYSTEM = Actor.system()
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def picture(kind: str = "PNG", size: tuple[int, int] = (900, 600)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, kind)
    return out.getvalue()


@pytest.fixture
def home(settings, tmp_path) -> Path:
    settings.HOME = tmp_path
    return tmp_path


class Bucket(http.server.ThreadingHTTPServer):
    """A small S3: computes each signature itself, from the bytes on the wire."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Bucket)
        self.objects: dict[str, bytes] = {}
        self.broken = False
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Bucket(http.server.BaseHTTPRequestHandler):
    def answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def handle_any(self) -> None:
        import hmac

        server: Bucket = self.server  # type: ignore[assignment]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        found = re.fullmatch(
            r"AWS4-HMAC-SHA256 Credential=(\w+)/(\d{8})/([\w-]+)/s3/aws4_request,SignedHeaders=([\w;-]+),Signature=(\w{64})",
            self.headers.get("Authorization", ""),
        )
        if server.broken:
            return self.answer(503)
        if found is None or self.headers["x-amz-content-sha256"] != hashlib.sha256(body).hexdigest():
            return self.answer(400)
        _key, day, region, names, told = found.groups()
        lines = "".join(f"{name}:{self.headers[name]}\n" for name in names.split(";"))
        asked = f"{self.command}\n{self.path}\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
        text = f"AWS4-HMAC-SHA256\n{self.headers['x-amz-date']}\n{day}/{region}/s3/aws4_request\n{hashlib.sha256(asked.encode()).hexdigest()}"
        key = b"AWS4" + SECRET.encode()
        for part in (day, region, "s3", "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        if hmac.digest(key, text.encode(), "sha256").hex() != told:
            return self.answer(403, b"SignatureDoesNotMatch")
        if self.command == "PUT":
            server.objects[self.path] = body
            return self.answer(200)
        content = server.objects.get(self.path)
        return self.answer(404) if content is None else self.answer(200, content)

    do_GET = do_PUT = do_HEAD = handle_any

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    server = Bucket()
    yield server
    server.shutdown()


def test_the_signature_is_that_of_the_published_example() -> None:
    """GET /test.txt of examplebucket with a Range header, in Amazon's description of Signature Version 4 for S3."""
    headers = {
        "host": "examplebucket.s3.amazonaws.com",
        "range": "bytes=0-9",
        "x-amz-content-sha256": hashlib.sha256(b"").hexdigest(),
        "x-amz-date": "20130524T000000Z",
    }
    told = signature(
        SECRET, "GET", "/test.txt", headers, hashlib.sha256(b"").hexdigest(), "us-east-1", "20130524T000000Z"
    )
    assert told == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"


@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_both_stores_keep_what_they_are_given(kind: str, tmp_path, bucket: Bucket) -> None:
    address = f"http://127.0.0.1:{bucket.server_port}/evidence/qipan"
    store = FolderStore(tmp_path) if kind == "folder" else S3Store(address, "AKID", SECRET, "cn-south-1")
    digest = hashlib.sha256(b"content").hexdigest()
    assert store.get(digest) is None
    store.put(digest, b"content")
    store.put(digest, b"content")
    assert store.get(digest) == b"content"


def test_a_wrong_secret_and_a_store_that_is_down_are_told(bucket: Bucket) -> None:
    address = f"http://127.0.0.1:{bucket.server_port}/evidence"
    digest = hashlib.sha256(b"content").hexdigest()
    with pytest.raises(StoreDown, match="SignatureDoesNotMatch"):
        S3Store(address, "AKID", "another secret").put(digest, b"content")
    assert not bucket.objects
    bucket.broken = True
    with pytest.raises(StoreDown, match="503"):
        S3Store(address, "AKID", SECRET).get(digest)
    with pytest.raises(ValueError, match="QIPAN_EVIDENCE_URL"):
        S3Store("https://host-only", "AKID", SECRET)


@pytest.mark.django_db
def test_evidence_in_s3_is_taken_in_read_and_missed(settings, home: Path, bucket: Bucket) -> None:
    settings.QIPAN_EVIDENCE_URL = f"http://127.0.0.1:{bucket.server_port}/evidence"
    settings.QIPAN_EVIDENCE_KEY, settings.QIPAN_EVIDENCE_SECRET = "AKID", SECRET
    found = actions.store(picture(), actor=SYSTEM, name="门头.png")
    assert storage.get(found.digest) == picture() and len(bucket.objects) == 1
    assert not list((home / "evidence").rglob(found.digest))
    bucket.broken = True
    with pytest.raises(Refused, match="存储服务暂时不可用"):
        actions.store(picture(size=(10, 10)), actor=SYSTEM)
    assert examination.store_answers().level == "error"
    bucket.broken = False
    bucket.objects.clear()
    assert [each.state for each in examination.every_file()] == ["missing"]


@pytest.mark.django_db
def test_a_changed_and_a_missing_file_are_named(home: Path, capsys) -> None:
    import argparse

    files = [actions.store(picture(size=(50 + n, 50)), actor=SYSTEM, name=f"照片{n}.png") for n in range(3)]
    as_json = argparse.Namespace(act="verify", json=True)
    assert command.run(as_json) == 0
    assert json.loads(capsys.readouterr().out) == {"checked": 3, "broken": []}
    store = FolderStore(home / "evidence")
    changed = store.path_of(files[0].digest)
    changed.chmod(0o600)
    changed.write_bytes(changed.read_bytes()[:-1] + b"x")
    store.path_of(files[1].digest).unlink()
    assert command.run(as_json) == 1
    broken = {row["state"]: row for row in json.loads(capsys.readouterr().out)["broken"]}
    assert "照片0.png" in broken["changed"]["names"][0] and "照片1.png" in broken["missing"]["names"][0]
    assert command.run(argparse.Namespace(act="verify", json=False)) == 1
    assert "照片1.png" in capsys.readouterr().out
    assert [queries.intact(each) for each in files] == [False, False, True]
    with pytest.raises(Refused, match="摘要不符"):
        storage.get(files[0].digest)


@pytest.mark.django_db
def test_a_nearly_full_disk_takes_nothing_in_and_says_so(home: Path, monkeypatch) -> None:
    monkeypatch.setenv("QIPAN_LEAST_FREE_MB", str(10**9))
    with pytest.raises(Refused, match="存储空间不足"):
        actions.store(picture(), actor=SYSTEM)
    assert not Evidence.objects.exists() and examination.store_answers().level == "error"
    monkeypatch.setenv("QIPAN_LEAST_FREE_MB", "1")
    actions.store(picture(), actor=SYSTEM)
    assert examination.store_answers().level == "ok"


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
ZIP = b"PK\x03\x04" + bytes(200)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "空的"),
        (SVG, "只接受"),
        (b"<html><script>1</script></html>", "只接受"),
        (ZIP, "只接受"),
        (b"MZ" + bytes(300), "只接受"),
        (picture() + b"<script>alert(1)</script>", "夹带"),
        (picture("JPEG") + ZIP, "夹带"),
        (picture()[:200], "损坏"),
        (b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\n%%EOF", "脚本"),
        (picture(size=(20_000, 3_001)), "像素"),
    ],
    ids=["empty", "svg", "html", "zip", "program", "script", "archive", "torn", "pdf-script", "bomb"],
)
def test_what_must_not_come_in_is_refused(home: Path, content: bytes, said: str) -> None:
    with pytest.raises(Refused, match=said):
        actions.store(content, actor=SYSTEM, name="a.png")
    assert not Evidence.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "..\\..\\boot.ini", "a\x00b\r\nSet-Cookie: x.png", "𠀀" * 400, "炸弹.zip/../x.png"],
)
def test_a_name_is_only_a_name(home: Path, name: str) -> None:
    found = actions.store(picture(), actor=SYSTEM, name=name)
    assert not set(found.name) & set("/\\\x00\r\n") and len(found.name) <= 200
    kept = [path for path in home.rglob("*") if path.is_file()]
    assert [path.name for path in kept] == [found.digest]


@pytest.mark.django_db
def test_opening_is_logged_and_scoped_and_a_page_gets_the_preview(home: Path) -> None:
    officer = StaffFactory(role=Role.INSPECTOR, unit=UnitTree().offices[0])
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    out = io.BytesIO()
    Image.new("RGB", (2000, 1000), "teal").save(out, "JPEG", exif=exif)
    found = actions.store(
        out.getvalue(), actor=Actor("staff", officer.user.pk), name="门头.jpg", place="22.54,114.05"
    )
    url = reverse("evidence_file", args=[found.uuid])
    owner = signed_in(Client(), officer.user)
    page = owner.get(url)
    assert page.content == out.getvalue() and "sandbox" in page["Content-Security-Policy"]
    assert not Event.objects.filter(name="evidence.file.opened").exists()  # one's own
    small = owner.get(url, headers={"Sec-Fetch-Dest": "image"})
    assert small["Content-Type"] == "image/webp" and "Sec-Fetch-Dest" in small["Vary"]
    with Image.open(io.BytesIO(small.content)) as shown:
        assert max(shown.size) == preview.LONGEST and b"secret place" not in small.content
    assert signed_in(Client(), PublicUserFactory()).get(url).status_code == 404
    assert Client().get(url).status_code in (302, 401)
    actions.note_opened(found, Actor("staff", officer.user.pk + 1))
    assert Event.objects.get(name="evidence.file.opened").data == {"digest": found.digest}


def test_a_store_with_a_strangers_certificate_gets_nothing(tmp_path: Path) -> None:
    """TLS with a certificate that nobody vouches for is no TLS: neither the key nor a file is sent."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    day = datetime.datetime(2026, 1, 1)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), day, day.replace(year=2046))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file = tmp_path / "own.pem"
    file.write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain) + made.public_bytes(serialization.Encoding.PEM))
    bucket = Bucket()
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        bucket.socket = context.wrap_socket(bucket.socket, server_side=True)
        store = S3Store(f"https://localhost:{bucket.server_port}/evidence", "AKIA", SECRET)
        with pytest.raises(StoreDown, match="certificate"):
            store.put(hashlib.sha256(b"x").hexdigest(), b"x")
        assert bucket.objects == {}
    finally:
        bucket.shutdown()
