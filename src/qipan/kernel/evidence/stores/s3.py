"""An S3-compatible service (AWS, MinIO, Ceph, OSS in its S3 dialect), spoken to with Signature Version 4 over httpx."""

import datetime
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

import httpx

from qipan.kernel.evidence.stores import StoreDown

EMPTY = hashlib.sha256(b"").hexdigest()


def signature(
    secret: str,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body_digest: str,
    region: str,
    moment: str,
) -> str:
    """The hex signature over a request without a query (AWS Signature Version 4, service s3).

    `headers` are the signed ones, by lower-case name; `moment` is the x-amz-date, e.g. 20260101T000000Z.
    """
    names = sorted(headers)
    request = "\n".join(
        [
            method,
            quote(path, safe="/-_.~"),
            "",
            *(f"{name}:{headers[name].strip()}" for name in names),
            "",
            ";".join(names),
            body_digest,
        ]
    )
    scope = f"{moment[:8]}/{region}/s3/aws4_request"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{secret}".encode()
    for part in (moment[:8], region, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()


class S3Store:
    """Objects `prefix/ab/cd/abcd…` in one bucket, addressed by path."""

    def __init__(self, url: str, key: str, secret: str, region: str = "us-east-1") -> None:
        """`url` is `https://host[:port]/bucket[/prefix]`."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.netloc or not parts.path.strip("/"):
            raise ValueError("QIPAN_EVIDENCE_URL: https://host/bucket is needed")
        self.host = parts.netloc
        self.base = f"{parts.scheme}://{parts.netloc}"
        self.path = "/" + parts.path.strip("/")
        self.key, self.secret, self.region = key, secret, region
        self.client = httpx.Client(timeout=httpx.Timeout(60, connect=5), trust_env=False)

    def _ask(self, method: str, digest: str, content: bytes = b"") -> httpx.Response:
        path = f"{self.path}/{digest[:2]}/{digest[2:4]}/{digest}"
        moment = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
        body_digest = hashlib.sha256(content).hexdigest() if content else EMPTY
        signed = {"host": self.host, "x-amz-content-sha256": body_digest, "x-amz-date": moment}
        told = signature(self.secret, method, path, signed, body_digest, self.region, moment)
        scope = f"{moment[:8]}/{self.region}/s3/aws4_request"
        headers = {
            **signed,
            "Authorization": f"AWS4-HMAC-SHA256 Credential={self.key}/{scope},"
            f"SignedHeaders={';'.join(sorted(signed))},Signature={told}",
        }
        last: Exception | None = None
        for _attempt in range(3):
            try:
                answer = self.client.request(
                    method, self.base + path, headers=headers, content=content or None
                )
            except httpx.HTTPError as error:
                last = error
                continue
            if answer.status_code < 500:
                return answer
            last = StoreDown(f"{answer.status_code} {answer.text[:200]}")
        raise StoreDown(str(last)) from last

    def put(self, digest: str, content: bytes) -> None:
        if self._ask("HEAD", digest).status_code == 200:
            return
        answer = self._ask("PUT", digest, content)
        if not answer.is_success:
            raise StoreDown(f"{answer.status_code} {answer.text[:200]}")

    def get(self, digest: str) -> bytes | None:
        answer = self._ask("GET", digest)
        if answer.status_code == 404:
            return None
        if not answer.is_success:
            raise StoreDown(f"{answer.status_code} {answer.text[:200]}")
        return answer.content
