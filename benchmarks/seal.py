"""Seals in CPU time, one core: the GB/T 38540 structure beside bare SM2, our PDF signature beside pyHanko's; and what
a document of three pages costs to set; and a batch of 10,000 licences beside the bare sum of its parts."""

import collections
import datetime
import io
import re
import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks import batch, system
from qipan.cli.bench import Measure, share
from qipan.conf import environment as env

HELP = "印章：国密签章结构对照裸 SM2，PDF 签名对照 pyHanko；三页文书的排版；一万张证照的批量制发"
ROUNDS = 5
TEXT = "依照《中华人民共和国食品安全法》第三十五条的规定，本机关决定准予食品经营许可。"


def run(scale: float, tell: Callable[[str], None]) -> Iterator[Measure]:
    """Signatures a CPU-second, the median of five interleaved rounds; then a batch of licences."""
    with system.database(tell) as qipan:
        yield from _signing(scale, tell)
        yield from batch.measured(qipan, scale, tell)


def _signing(scale: float, tell: Callable[[str], None]) -> Iterator[Measure]:
    from qipan.kernel.documents.sealing import gbt38540, keys, pades

    maker = _Maker()
    pdf = _document(maker)
    signed = pades.sign(pdf, maker.signer, maker.moment, "许可证")
    digest = gbt38540.sm3(signed)
    store = keys.store()
    peer = _pyhanko(maker)
    acts: dict[str, tuple[Callable[[], object], int]] = {
        "gm": (lambda: maker.gm_signer.sign(gbt38540.sm3(signed), maker.moment, secrets.token_hex(16)), 400),
        "sm2": (lambda: store.sign_sm2(maker.gm_signer.key_id, digest), 400),
        "pdf": (lambda: pades.sign(pdf, maker.signer, maker.moment, "许可证"), 200),
        "pyhanko": (lambda: peer(pdf), 12),
    }
    rates: dict[str, list[float]] = {name: [] for name in acts}
    for number in range(ROUNDS):
        tell(f"第 {number + 1} 轮…")
        for name, (act, count) in acts.items():
            many = max(3, round(count * scale))
            begun = time.process_time()
            for _one in range(many):
                act()
            rates[name].append(many / max(time.process_time() - begun, 1e-9))
    middle = {name: share(values, 0.5) for name, values in rates.items()}
    size = f"{len(signed) / 1000:.0f} kB"
    for title, ours, reference, limit, wanted in (
        (f"GB/T 38540 签章（{size} 文书）", "gm", "裸 SM2", "sm2", 0.45),
        (f"PDF 签名（{size} 文书）", "pdf", "pyHanko 默认方式", "pyhanko", 4.0),
    ):
        ratio = middle[ours] / middle[limit]
        yield Measure(
            "seal",
            title,
            middle[ours],
            "次/CPU秒",
            reference,
            middle[limit],
            ratio,
            f"≥ {wanted:g}",
            ratio >= wanted,
        )
    yield from _setting(maker)


def _setting(maker: "_Maker") -> Iterator[Measure]:
    """CPU time a page, size, fonts and text of an official document of three pages."""
    from pypdf import PdfReader

    times: list[float] = []
    pdf, pages = b"", 1
    lines = _lines()
    for number in range(15):
        text = "\n\n".join([f"{number} {lines[0]}", *lines[number + 1 : number + 56]])
        begun = time.process_time()
        pdf = _document(maker, text)
        times.append((time.process_time() - begun) * 1000)
    reader = PdfReader(io.BytesIO(pdf))
    pages = len(reader.pages)
    text = "".join(page.extract_text() for page in reader.pages)
    loose = [name for page in reader.pages for name in _fonts_not_embedded(page)]
    each, size = share(times, 0.5) / pages, len(pdf) / 1000
    yield Measure("seal", f"{pages} 页文书排版，每页", each, "CPU 毫秒", target="≤ 5", met=each <= 5)
    signs = len(set(text) - set(" \n"))
    why = f"正文有 {signs} 个不同的字，文件的大部分是它们的字形：每个约 {size * 1000 / signs:.0f} 字节"
    yield Measure("seal", f"{pages} 页文书", size, "kB", target="≤ 60", met=size <= 60, why=why)
    yield Measure("seal", "没有嵌入的字体", float(len(loose)), "个", target="= 0", met=not loose)
    wanted = [sign for sign in "".join(lines[number + 1 : number + 56]) if sign.isalnum()]
    there = collections.Counter(text)
    lost = sum((collections.Counter(wanted) - there).values())
    yield Measure("seal", "不能提取的字", float(lost), f"个（共 {len(wanted)}）", target="= 0", met=not lost)
    marked = b"<pdfaid:part>2</pdfaid:part>" in pdf
    yield Measure("seal", "PDF/A-2b 标识", float(marked), "", target="= 1", met=marked)


def _lines() -> list[str]:
    """Sentences as documents hold them: what our own checklists ask."""
    import yaml

    lists = env.ROOT / "src" / "qipan" / "domains" / "inspection" / "catalogue"
    found: list[str] = []
    for path in sorted(lists.glob("*.yaml")):
        found += re.findall(
            r"[\u4e00-\u9fff，、；：（）0-9]{14,}",
            yaml.dump(yaml.safe_load(path.read_text()), allow_unicode=True, width=10_000),
        )
    return list(dict.fromkeys(found))


def _fonts_not_embedded(page: Any) -> list[str]:
    fonts = page["/Resources"].get("/Font", {})
    loose = []
    for name in fonts:
        font = fonts[name].get_object()
        inner = font.get("/DescendantFonts", [font])[0].get_object()
        described = inner.get("/FontDescriptor")
        if described is None or not {"/FontFile", "/FontFile2", "/FontFile3"} & set(described.get_object()):
            loose.append(str(font.get("/BaseFont")))
    return loose


class _Maker:
    """A root and a seal, with keys of their own in the benchmark's folder."""

    def __init__(self) -> None:
        from asn1crypto import x509

        from qipan.kernel.documents import picture
        from qipan.kernel.documents.sealing import certificates, gbt38540, keys, pades

        store, tag = keys.store(), secrets.token_hex(4)
        self.moment = datetime.datetime.now(datetime.UTC)
        who = certificates.name("性能测试监管局", "性能测试")
        span = {"valid_from": self.moment, "valid_to": self.moment + datetime.timedelta(days=365)}
        self.key_id, gm_key = f"seal-{tag}", f"seal-sm2-{tag}"
        info = store.create_ecdsa(self.key_id)
        gm_info = certificates.sm2_key_info(store.create_sm2(gm_key))
        self.certificate, gm_certificate = (
            certificates.make(
                subject=who,
                issuer=who,
                key_info=one,
                issuer_key_info=one,
                issuer_key_id=key,
                gm=gm,
                **span,
            )
            for one, key, gm in ((info, self.key_id, False), (gm_info, gm_key, True))
        )
        gm_seal = gbt38540.make_seal(
            seal_id="44030000000001",
            name="性能测试监管局",
            certificates=[gm_certificate],
            made=self.moment,
            picture=picture.png("性能测试监管局"),
            width=42,
            height=42,
            maker_certificate=gm_certificate,
            maker_key_id=gm_key,
            **span,
        )
        self.signer = pades.Signer.of(self.key_id, "性能测试监管局", self.certificate, [])
        self.gm_signer = gbt38540.GmSigner(gm_key, gm_seal, gm_certificate)
        self.parsed = x509.Certificate.load(self.certificate)


def _document(maker: _Maker, text: str = f"{TEXT}\n\n" * 60) -> bytes:
    from qipan.kernel.documents import rendering

    body = '#set page(paper: "a4")\n#set text(font: "Noto Serif SC", lang: "zh", size: 16pt)\n#set par(leading: 14pt)\n'
    return rendering.render(f"{body}{text}", {}, maker.moment)


def _pyhanko(maker: _Maker) -> Callable[[bytes], bytes]:
    """pyHanko as its documentation shows it: a simple signer, an incremental writer, an invisible field."""
    from asn1crypto import keys as asn1_keys
    from cryptography.hazmat.primitives import serialization
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import signers
    from pyhanko.sign.fields import SigSeedSubFilter
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    from qipan.kernel.documents.sealing import keys

    pem = keys.store()._pem(maker.key_id)
    key = serialization.load_pem_private_key(pem, None)
    plain = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    signer = signers.SimpleSigner(
        signing_cert=maker.parsed,
        signing_key=asn1_keys.PrivateKeyInfo.load(plain),
        cert_registry=SimpleCertificateStore(),
    )
    meta = signers.PdfSignatureMetadata(
        field_name="Seal1", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES, reason="许可证"
    )

    def sign(pdf: bytes) -> bytes:
        out = signers.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), meta, signer=signer)
        return bytes(out.getvalue())

    return sign
