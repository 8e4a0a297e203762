"""An operator's own authority: certificates with their chains and keys as PEM, held to what they must be, told to all."""

import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from django.test import Client

from qipan.kernel.documents import queries as documents
from qipan.kernel.documents import using
from qipan.kernel.documents.authority import authority, take_in
from qipan.kernel.documents.models import Authority
from qipan.kernel.ledger.clock import at, now
from qipan.kernel.ledger.errors import Refused
from tests.seals.shop import Shop

pytestmark = pytest.mark.django_db

WORLDS = (("", "prime256v1", ["-sha256"]), ("-sm2", "SM2", ["-sm3", "-sigopt", "distid:1234567812345678"]))
MAY_CERTIFY = "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n"


class Maker:
    """A root and an issuing authority below it in both worlds, made by openssl as docs/documents.md says."""

    def __init__(self, folder: Path, extensions: str = MAY_CERTIFY, days: int = 1800) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "ca.ext").write_text(extensions)
        for end, curve, digest in WORLDS:
            vfy = ["-vfyopt", digest[-1]] if end else []
            self.key(f"root{end}", curve)
            self.key(f"ca{end}", curve)
            self.openssl("req", "-new", "-x509", "-key", f"root{end}.key", *digest, "-days", "3650", "-subj", "/C=CN/O=Test/CN=Root",
                         "-addext", "keyUsage=critical,keyCertSign", "-out", f"root{end}.crt")  # fmt: skip
            self.openssl(
                "req",
                "-new",
                "-key",
                f"ca{end}.key",
                *digest,
                "-subj",
                "/C=CN/O=Test/CN=Licensed CA",
                "-out",
                f"ca{end}.csr",
            )
            self.openssl("x509", "-req", "-in", f"ca{end}.csr", *vfy, "-CA", f"root{end}.crt", "-CAkey", f"root{end}.key", "-CAcreateserial",
                         *digest, "-days", str(days), "-extfile", "ca.ext", "-out", f"issuing{end}.crt")  # fmt: skip
            self.write(f"ca{end}.crt", f"issuing{end}.crt", f"root{end}.crt")

    def openssl(self, *words: str) -> None:
        done = subprocess.run(
            ["openssl", *words], check=False, capture_output=True, cwd=self.folder, text=True
        )
        assert done.returncode == 0, done.stderr

    def key(self, name: str, curve: str) -> None:
        self.openssl("ecparam", "-name", curve, "-genkey", "-noout", "-out", f"{name}.raw")
        self.openssl("pkcs8", "-topk8", "-nocrypt", "-in", f"{name}.raw", "-out", f"{name}.key")

    def write(self, name: str, *parts: str) -> None:
        (self.folder / name).write_bytes(b"".join((self.folder / part).read_bytes() for part in parts))


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Maker:
    return Maker(tmp_path_factory.mktemp("authority") / "ca")


def test_a_paper_sealed_under_it_tells_its_chain_to_anyone(made, settings) -> None:
    settings.QIPAN_SEAL_CA = str(made.folder)
    shop = Shop()
    seal = shop.seal()
    issuing = x509.load_pem_x509_certificates((made.folder / "ca.crt").read_bytes())[0]
    x509.load_der_x509_certificate(bytes(seal.certificate)).verify_directly_issued_by(issuing)
    use = shop.use(seal)
    found = documents.check_upload(using.file_of(use))
    assert found.good
    assert found.seals[0].certified_by == ("Licensed CA", "Root")
    page = Client().get(f"/verify/{use.code}/").content.decode()
    assert "Licensed CA ← Root" in page
    told = Client().get(f"/api/v1/verifications/{use.code}").json()
    assert told["seals"][0]["certified_by"] == ["Licensed CA", "Root"]


def test_the_whole_chain_stands_in_the_signature(made, settings) -> None:
    """Who trusts the root alone needs no other file: openssl holds the signature to it."""
    settings.QIPAN_SEAL_CA = str(made.folder)
    shop = Shop()
    content = using.file_of(shop.use(shop.seal()))
    start = content.rindex(b"/Contents<") + 10
    cms = bytes.fromhex(content[start : content.index(b">", start)].decode())
    from asn1crypto import cms as asn1

    names = [
        one.chosen.subject.native["common_name"]
        for one in asn1.ContentInfo.load(cms)["content"]["certificates"]
    ]
    assert names[1:] == ["Licensed CA", "Root"]


def test_seals_of_the_authority_before_keep_its_chain(made, settings) -> None:
    shop = Shop()
    before = shop.seal()
    own = authority()
    assert take_in(made.folder).name == "Licensed CA"
    assert take_in(made.folder).pk == authority().pk
    assert Authority.objects.count() == 2
    after = shop.seal("CONTRACT")
    for seal, wanted in ((before, (own.name,)), (after, ("Licensed CA", "Root"))):
        found = documents.check_upload(using.file_of(shop.use(seal)))
        assert found.good
        assert found.seals[0].certified_by == wanted


def test_a_seal_ends_with_the_first_certificate_above_it(made, settings) -> None:
    import datetime

    settings.QIPAN_SEAL_CA = str(made.folder)
    shop = Shop()
    take_in(made.folder)
    with at(now() + datetime.timedelta(days=1750)):
        seal = shop.seal()
        assert seal.valid_to < now() + datetime.timedelta(days=51)
    with (
        at(now() + datetime.timedelta(days=1801)),
        pytest.raises(Refused, match=r"已于 .* 到期，不能制发印章"),
    ):
        shop.seal("CONTRACT")


def test_what_does_not_hold_is_refused_with_the_file_and_what_to_do(made, tmp_path) -> None:
    import datetime
    import shutil

    folder = tmp_path / "ca"
    shutil.copytree(made.folder, folder)
    maker = Maker.__new__(Maker)
    maker.folder = folder

    def refused(text: str) -> None:
        with pytest.raises(Refused, match=text):
            take_in(folder)
        for end in ("", "-sm2"):
            maker.write(f"ca{end}.crt", f"issuing{end}.crt", f"root{end}.crt")
            shutil.copy(made.folder / f"ca{end}.key", folder / f"ca{end}.key")

    for end in ("", "-sm2"):
        maker.write(f"ca{end}.crt", f"root{end}.crt", f"issuing{end}.crt")
        refused("不是由后一张|不允许下面再有")
        maker.write(f"ca{end}.crt", f"issuing{end}.crt")
        refused("证书链不完整")
        shutil.copy(folder / f"root{end}.key", folder / f"ca{end}.key")
        refused("不是一对")
        (folder / f"ca{end}.key").write_text("nothing")
        refused("密钥不能识别")
        (folder / f"ca{end}.crt").write_text("nothing")
        refused("证书不能识别")
        (folder / f"ca{end}.crt").unlink()
        refused("读不到")
    maker.write("ca.crt", "issuing-sm2.crt", "root-sm2.crt")
    refused("须是 P-256 密钥的证书")
    with at(now() + datetime.timedelta(days=1801)):
        refused("不在有效期内")
    assert not Authority.objects.exists()


def test_a_certificate_that_may_not_certify_is_refused(tmp_path) -> None:
    maker = Maker(tmp_path / "ca", "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature\n")
    with pytest.raises(Refused, match="不是可以签发证书的机构证书"):
        take_in(maker.folder)


def test_the_command_takes_it_in_and_tells_both_chains(made, capsys) -> None:
    from argparse import Namespace

    from qipan.cli import seals as command
    from qipan.cli.session import Refusal

    assert command.run(Namespace(folder=None)) == 1
    assert "还没有认证机构" in capsys.readouterr().out
    assert command.run(Namespace(folder=made.folder)) == 0
    told = capsys.readouterr().out
    assert told.count("Licensed CA(") == told.count("Root(") == 2
    with pytest.raises(Refusal, match="读不到"):
        command.run(Namespace(folder=made.folder.parent))
