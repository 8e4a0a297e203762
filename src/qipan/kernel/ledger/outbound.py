"""Where events may be sent: no address of a self-served webhook leads into the installation's own network (SSRF)."""

import ipaddress
import socket
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.utils.translation import gettext as _

from qipan.kernel.ledger.errors import Refused


@dataclass(frozen=True)
class Way:
    """How an address is reached: at the IP address that was looked at, under the name that it was given by."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)
    extensions: dict[str, str] = field(default_factory=dict)


def addresses(host: str, port: int) -> list[str]:
    """The IP addresses of a host. Raises OSError for an unknown one."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_outside(address: str) -> bool:
    """Whether an IP address is one of the public network: not loopback, private, link-local, multicast or reserved."""
    given = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(given, "ipv4_mapped", None) or getattr(given, "sixtofour", None)
    return given.is_global and not given.is_multicast and (mapped is None or is_outside(str(mapped)))


def way_to(url: str) -> Way:
    """The way to a self-served address, looked up now and held to: a name that later means another address does not help.

    Refuses what is no https, carries a password or a strange port, is unknown, or leads inside. The setting
    QIPAN_WEBHOOK_PRIVATE allows http and inside addresses, for tests and closed networks.
    """
    parts = urlsplit(url)
    private = settings.QIPAN_WEBHOOK_PRIVATE
    if parts.scheme != "https" and not (private and parts.scheme == "http"):
        raise Refused(_("推送地址应当以 https:// 开头。"), field="url")
    if parts.username or parts.password or not parts.hostname:
        raise Refused(_("推送地址不能带用户名和密码，须写明主机名。"), field="url")
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        found = addresses(parts.hostname, port)
    except (OSError, ValueError, UnicodeError):
        raise Refused(_("找不到推送地址的主机，请检查是否写对。"), field="url") from None
    if not private and (not found or not all(map(is_outside, found))):
        raise Refused(_("推送地址不能指向本机或者内部网络。"), field="url")
    if not private and port not in {443, 8443}:
        raise Refused(_("推送地址只能用 443 或者 8443 端口。"), field="url")
    host = f"[{found[0]}]" if ":" in found[0] else found[0]
    return Way(
        urlunsplit((parts.scheme, f"{host}:{port}", parts.path or "/", parts.query, "")),
        {"Host": parts.netloc},
        {"sni_hostname": parts.hostname},
    )
