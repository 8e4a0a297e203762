"""DER, written by hand: what a seal needs and no more. Encoded parts are reused, which is where the speed comes from."""

import datetime


def length(size: int) -> bytes:
    """The length octets of a definite form."""
    if size < 0x80:
        return bytes([size])
    body = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(body)]) + body


def element(tag: int, content: bytes) -> bytes:
    """Tag, length, content."""
    return bytes([tag]) + length(len(content)) + content


def sequence(*parts: bytes) -> bytes:
    """SEQUENCE."""
    return element(0x30, b"".join(parts))


def set_of(*parts: bytes) -> bytes:
    """SET OF: the elements sorted by their encoding, as DER asks."""
    return element(0x31, b"".join(sorted(parts)))


def explicit(number: int, content: bytes) -> bytes:
    """[number] EXPLICIT."""
    return element(0xA0 | number, content)


def integer(value: int) -> bytes:
    """INTEGER, not negative."""
    return element(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octets(value: bytes) -> bytes:
    """OCTET STRING."""
    return element(0x04, value)


def bits(value: bytes) -> bytes:
    """BIT STRING without unused bits."""
    return element(0x03, b"\x00" + value)


def utf8(value: str) -> bytes:
    """UTF8String."""
    return element(0x0C, value.encode())


def ia5(value: str) -> bytes:
    """IA5String."""
    return element(0x16, value.encode("ascii"))


def oid(dotted: str) -> bytes:
    """OBJECT IDENTIFIER."""
    first, second, *rest = (int(part) for part in dotted.split("."))
    body = bytearray([first * 40 + second])
    for value in rest:
        groups = [value & 0x7F]
        while value := value >> 7:
            groups.append(0x80 | value & 0x7F)
        body += bytes(reversed(groups))
    return element(0x06, bytes(body))


def general_time(moment: datetime.datetime) -> bytes:
    """GeneralizedTime in UTC, to the second."""
    return element(0x18, moment.astimezone(datetime.UTC).strftime("%Y%m%d%H%M%SZ").encode())


def utc_time(moment: datetime.datetime) -> bytes:
    """UTCTime (years 1950 to 2049)."""
    return element(0x17, moment.astimezone(datetime.UTC).strftime("%y%m%d%H%M%SZ").encode())


NULL = b"\x05\x00"
