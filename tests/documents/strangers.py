"""PDFs that are none of ours, and signers that no authority of ours certified."""

import datetime
import io

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko_certvalidator.registry import SimpleCertificateStore
from pypdf import PdfWriter


def stranger(name: str) -> signers.SimpleSigner:
    """A signer with a certificate of its own making in this name."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - datetime.timedelta(days=1))
    certificate = made.not_valid_after(now + datetime.timedelta(days=9)).sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return signers.SimpleSigner(
        signing_cert=asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER)),
        signing_key=asn1_keys.PrivateKeyInfo.load(private),
        cert_registry=SimpleCertificateStore(),
    )


def written(pdf: PdfWriter) -> bytes:
    """The file that a writer writes."""
    out = io.BytesIO()
    pdf.write(out)
    return out.getvalue()


def blank() -> bytes:
    """An empty page."""
    pdf = PdfWriter()
    pdf.add_blank_page(200, 200)
    return written(pdf)


def signed_by(name: str) -> bytes:
    """An empty page that a stranger signed in this name."""
    meta = signers.PdfSignatureMetadata(field_name="Sig1")
    made = signers.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(blank())), meta, signer=stranger(name))
    return bytes(made.getvalue())
