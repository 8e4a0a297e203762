"""What a browser is told with a static file: a picture or script opened by its own address is nobody's page."""

from collections.abc import MutableMapping

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; sandbox"


def add_headers(headers: MutableMapping[str, str], path: str, url: str) -> None:
    """Called by WhiteNoise once a file, when the process starts."""
    headers["Content-Security-Policy"] = POLICY
