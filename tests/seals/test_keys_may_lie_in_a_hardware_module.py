"""Keys of seals in a token, through PKCS#11: made there, used there; what the module cannot do is told in plain words.

SoftHSM2 stands for the module; without it, or without the optional library, these tests are skipped.
"""

import hashlib
import os
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from qipan.kernel.documents import queries as documents
from qipan.kernel.documents import seals, using
from qipan.kernel.documents.sealing import keys, sm2, token
from qipan.kernel.ledger.errors import Refused
from tests.seals.shop import Shop

MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
)
MODULE = next((path for path in MODULES if Path(path).exists()), "")
PIN = "8246"


@pytest.fixture(scope="session")
def hsm(tmp_path_factory):
    """A token of its own, for all tests here: the module reads its configuration once a process."""
    pytest.importorskip("pkcs11", reason="requirements/pkcs11.txt is not installed")
    if not MODULE or not shutil.which("softhsm2-util"):
        pytest.skip("SoftHSM2 is not installed (apt install softhsm2)")
    folder = tmp_path_factory.mktemp("hsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(
        f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\n"
    )
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", "seals", "--pin", PIN, "--so-pin", "13579"],
        check=True,
        capture_output=True,
    )
    (folder / "pin").write_text(PIN + "\n")
    (folder / "pin").chmod(0o600)
    return folder


@pytest.fixture
def access(hsm) -> token.Access:
    return token.Access(MODULE, "seals", str(hsm / "pin"))


def name() -> str:
    return f"seal-{uuid.uuid4().hex[:12]}"


def test_a_key_is_made_and_used_in_the_token_and_cannot_leave_it(access) -> None:
    import pkcs11

    store, key_id = token.TokenStore(access), name()
    public = serialization.load_der_public_key(store.create_ecdsa(key_id))
    digest = hashlib.sha256(b"contract").digest()
    public.verify(store.sign_digest(key_id, digest), digest, ec.ECDSA(Prehashed(hashes.SHA256())))
    assert store.holds(key_id)
    assert not store.holds(name())
    key = store._found(store._open(), key_id, True)
    assert key[pkcs11.Attribute.SENSITIVE]
    assert not key[pkcs11.Attribute.EXTRACTABLE]
    with pytest.raises(Refused, match="已有名为"):
        store.create_ecdsa(key_id)
    with pytest.raises(Refused, match="不在密码机里"):
        store.sign_digest(name(), digest)
    store.close()
    assert store.sign_digest(key_id, digest)


def test_a_process_that_was_forked_opens_the_token_itself(access) -> None:
    store, key_id = token.TokenStore(access), name()
    store.create_ecdsa(key_id)
    child = os.fork()
    if not child:
        code = 1
        try:
            code = 0 if store.sign_digest(key_id, bytes(32)) else 1
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert store.sign_digest(key_id, bytes(32))


def test_sm2_is_refused_where_the_module_has_none_or_gives_something_else(access) -> None:
    def tried(mechanism: int) -> None:
        store = token.TokenStore(token.Access(access.module, access.label, access.pin_file, mechanism))
        key_id = name()
        try:
            store.create_sm2(key_id)
        finally:
            assert not store.holds(key_id)

    with pytest.raises(Refused, match="没有设置 SM2 签名机制"):
        tried(0)
    with pytest.raises(Refused, match="没有机制 0x80000201"):
        tried(0x80000201)
    with pytest.raises(Refused, match=r"给出的不是 SM2 签名|没有完成操作"):
        tried(0x1041)  # plain ECDSA


def test_what_is_set_wrongly_is_told(access, hsm, settings) -> None:
    def refused(text: str, **changes: str) -> None:
        values = {"module": access.module, "label": access.label, "pin_file": access.pin_file, **changes}
        with pytest.raises(Refused, match=text):
            token.TokenStore(token.Access(**values)).holds("seal-1")

    refused("没有名为“other”的令牌", label="other")
    refused("打不开", module="/nowhere/module.so")
    refused("读不到", pin_file="/nowhere/pin")
    (hsm / "wrong").write_text("000000")
    (hsm / "wrong").chmod(0o644)
    refused("chmod 600", pin_file=str(hsm / "wrong"))
    settings.QIPAN_SEAL_KEYS = "pkcs11"
    with pytest.raises(Refused, match="还须设置 QIPAN_PKCS11_MODULE"):
        keys.store()
    settings.QIPAN_SEAL_KEYS = "hsm"
    with pytest.raises(Refused, match="只能是 file 或者 pkcs11"):
        keys.store()


def told(access: token.Access) -> str:
    """What a process of its own is told: who is signed in to a token stays so for the whole process."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        said = "the child fell"
        try:
            __import__("pkcs11").lib(access.module).reinitialize()
            said = str(token.TokenStore(access).holds("seal-1"))
        except Refused as refused:
            said = str(refused)
        finally:
            os.write(writing, said.encode())
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        said = stream.read().decode()
    os.waitpid(child, 0)
    return said


def test_a_wrong_pin_is_told_and_not_tried_again(access, hsm, settings, tmp_path) -> None:
    settings.HOME = tmp_path
    file = hsm / "bad"
    file.write_text("000000")
    file.chmod(0o600)
    bad = token.Access(access.module, access.label, str(file))
    assert "口令不对" in told(bad)
    assert "不再尝试" in told(bad) and "口令不对" not in told(bad)
    assert told(access) == "False", "another file of the same token is tried"
    (kept,) = (path for path in (tmp_path / "secrets").iterdir() if path.stat().st_size)
    assert "000000" not in kept.read_text() and not kept.stat().st_mode & 0o077
    file.write_text("000001")
    assert "口令不对" in told(bad), "a file that was written anew is tried"
    file.write_text(PIN)
    assert told(bad) == "False"


@pytest.mark.django_db
def test_a_seal_of_the_token_seals_a_paper_and_one_of_before_stays_where_it_is(access, settings) -> None:
    shop = Shop()
    before = shop.seal()
    settings.QIPAN_SEAL_KEYS, settings.QIPAN_SEAL_SM2_KEYS = "pkcs11", "file"
    settings.QIPAN_PKCS11_MODULE, settings.QIPAN_PKCS11_TOKEN = access.module, access.label
    settings.QIPAN_PKCS11_PIN_FILE = access.pin_file
    seal = shop.seal("CONTRACT")
    store = keys.store()
    assert isinstance(store, keys.Stores)
    assert not store.files.holds(seal.key_id)
    assert store.files.holds(seal.sm2_key_id)
    assert store.files.holds(before.key_id)
    seals.signers.cache_clear()
    for one in (seal, before):
        assert documents.check_upload(using.file_of(shop.use(one))).good


def test_the_digest_for_a_module_is_what_sm2_signs() -> None:
    """GB/T 32918.2: a signature over this digest by an independent implementation holds against the message here."""
    from gmssl import sm2 as independent
    from tongsuopy.crypto import hashes as gm_hashes
    from tongsuopy.crypto.asymciphers import ec as gm_ec

    private = f"{int.from_bytes(os.urandom(31), 'big') + 1:064x}"
    signer = independent.CryptSM2(private_key=private, public_key="")
    point = signer._kg(int(private, 16), independent.default_ecc_table["g"])
    message = "合同".encode()
    value = signer.sign(
        sm2.digest(b"\x04" + bytes.fromhex(point), message), f"{int.from_bytes(os.urandom(31), 'big'):064x}"
    )
    public = gm_ec.EllipticCurvePublicNumbers(
        int(point[:64], 16), int(point[64:], 16), gm_ec.SM2()
    ).public_key()
    from asn1crypto.algos import DSASignature

    public.verify(DSASignature.from_p1363(bytes.fromhex(value)).dump(), message, gm_ec.ECDSA(gm_hashes.SM3()))
