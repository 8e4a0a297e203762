"""Resumable uploads by tus 1.0: creation, position, pieces, checksum, expiry, termination; one sender at a time."""

import base64
import datetime
import hashlib
import threading
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client

from qipan.kernel.evidence import actions, storage
from qipan.kernel.evidence.models import Evidence, Upload
from tests.evidence.test_files_are_kept_by_digest import picture
from tests.orgs.factories import PublicUserFactory, signed_in

CONTENT = picture("PNG", (640, 480)) + b""
TUS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture
def home(settings, tmp_path) -> Path:
    settings.HOME = tmp_path
    return tmp_path


def begin(client: Client, length: int = len(CONTENT), **metadata: str) -> HttpResponse:
    told = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in metadata.items())
    return client.post(
        "/evidence/uploads/", headers={**TUS, "Upload-Length": str(length), "Upload-Metadata": told}
    )


def piece(client: Client, url: str, offset: int, content: bytes, **headers: str) -> Any:
    return client.patch(
        url,
        data=content,
        content_type="application/offset+octet-stream",
        headers={**TUS, "Upload-Offset": str(offset), **headers},
    )


@pytest.fixture
def client(db) -> Client:
    return signed_in(Client(), PublicUserFactory())


def test_it_says_what_it_can(client: Client) -> None:
    told = client.options("/evidence/uploads/")
    assert told.status_code == 204 and told["Tus-Version"] == "1.0.0"
    assert told["Tus-Extension"] == "creation,termination,checksum,expiration"
    assert int(told["Tus-Max-Size"]) == actions.MOST_BYTES


def test_an_upload_that_was_cut_goes_on_where_it_was(client: Client, home: Path) -> None:
    made = begin(
        client, filename="门头照.png", kind="photo", taken_at="2026-11-25T08:00:00Z", place="22.54,114.05"
    )
    assert made.status_code == 201 and made["Upload-Expires"]
    url = made["Location"]
    middle = len(CONTENT) // 2
    assert piece(client, url, 0, CONTENT[:middle])["Upload-Offset"] == str(middle)
    head = client.head(url, headers=TUS)
    assert (head["Upload-Offset"], head["Upload-Length"]) == (str(middle), str(len(CONTENT)))
    assert head["Cache-Control"] == "no-store"
    wrong = piece(client, url, 0, CONTENT[:10])
    assert wrong.status_code == 409 and wrong["Upload-Offset"] == str(middle)
    assert piece(client, url, middle, CONTENT[middle:] + b"more").status_code == 400
    assert piece(client, url, middle, CONTENT[middle:]).status_code == 204
    found = Evidence.objects.get()
    assert storage.get(found.digest) == CONTENT and found.digest == hashlib.sha256(CONTENT).hexdigest()
    assert (found.name, found.kind, found.place) == ("门头照.png", "photo", "22.54,114.05")
    assert found.taken_at == datetime.datetime(2026, 11, 25, 8, tzinfo=datetime.UTC)
    assert client.head(url, headers=TUS)["Upload-Offset"] == str(len(CONTENT))


def test_what_the_machine_lost_is_sent_again(client: Client, home: Path) -> None:
    url = begin(client)["Location"]
    piece(client, url, 0, CONTENT[:1000])
    path = storage.partial(Upload.objects.get().pk)
    path.write_bytes(path.read_bytes()[:400])
    assert client.head(url, headers=TUS)["Upload-Offset"] == "400"
    assert piece(client, url, 1000, CONTENT[1000:]).status_code == 409
    assert piece(client, url, 400, CONTENT[400:]).status_code == 204
    assert storage.get(Evidence.objects.get().digest) == CONTENT


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_a_piece_that_was_damaged_is_not_taken(client: Client, home: Path, algorithm: str) -> None:
    url = begin(client)["Location"]
    good = base64.b64encode(hashlib.new(algorithm, CONTENT[:100]).digest()).decode()
    header = {"Upload-Checksum": f"{algorithm} {good}"}
    assert piece(client, url, 0, b"x" + CONTENT[1:100], **header).status_code == 460
    assert client.head(url, headers=TUS)["Upload-Offset"] == "0"
    assert piece(client, url, 0, CONTENT[:100], **header).status_code == 204
    assert piece(client, url, 100, b"x", **{"Upload-Checksum": "crc32 AAAA"}).status_code == 400


def test_bad_requests_are_told_apart(client: Client, home: Path, monkeypatch) -> None:
    assert begin(client, length=actions.MOST_BYTES + 1).status_code == 413
    assert begin(client, length=0).status_code == 400
    assert client.post("/evidence/uploads/", headers=TUS).status_code == 400
    old = client.post("/evidence/uploads/", headers={"Tus-Resumable": "0.2.2", "Upload-Length": "5"})
    assert old.status_code == 412 and old["Tus-Version"] == "1.0.0"
    url = begin(client)["Location"]
    assert (
        client.patch(url, b"x", content_type="text/plain", headers={**TUS, "Upload-Offset": "0"}).status_code
        == 415
    )
    stranger = signed_in(Client(), PublicUserFactory())
    assert stranger.head(url, headers=TUS).status_code == 404
    assert piece(stranger, url, 0, b"x").status_code == 404
    assert stranger.delete(url, headers=TUS).status_code == 404
    monkeypatch.setenv("QIPAN_LEAST_FREE_MB", str(10**9))
    full = begin(client)
    assert full.status_code == 507 and "存储空间不足" in full.content.decode()


def test_an_upload_is_given_up_or_expires(client: Client, home: Path) -> None:
    url = begin(client)["Location"]
    path = storage.partial(Upload.objects.get().pk)
    assert path.exists()
    with transaction.atomic():
        assert client.delete(url, headers=TUS).status_code == 204
    assert client.head(url, headers=TUS).status_code == 404
    url = begin(client)["Location"]
    Upload.objects.update(begun_at=datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=25))
    assert client.head(url, headers=TUS).status_code == 404
    assert actions.clear_uploads() == 1 and not Upload.objects.exists()


def test_a_file_that_is_refused_at_the_end_leaves_no_evidence(client: Client, home: Path) -> None:
    body = b"<svg><script>1</script></svg>"
    url = begin(client, length=len(body))["Location"]
    answer = piece(client, url, 0, body)
    assert answer.status_code == 400 and "只接受" in answer.content.decode()
    assert not Evidence.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_senders_at_once(home: Path) -> None:
    user = PublicUserFactory()
    client = signed_in(Client(), user)
    url = begin(client)["Location"]
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Upload.objects.select_for_update().get()
            held.set()
            done.wait(20)
        connection.close()

    other = threading.Thread(target=hold)
    other.start()
    assert held.wait(20)
    try:
        assert piece(client, url, 0, CONTENT[:50]).status_code == 423
    finally:
        done.set()
        other.join()
    assert piece(client, url, 0, CONTENT[:50]).status_code == 204
