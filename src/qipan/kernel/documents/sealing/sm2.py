"""The digest that SM2 signs (GB/T 32918.2, 5.5): SM3 over the signer's identity and key, and then over the message."""

from cryptography.hazmat.primitives import hashes

CURVE = "1.2.156.10197.1.301"
IDENTITY = b"1234567812345678"
#: a, b and the base point of the recommended curve (GB/T 32918.5).
PARAMETERS = bytes.fromhex(
    "fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc"
    "28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93"
    "32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7"
    "bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0"
)


def sm3(content: bytes) -> bytes:
    """The SM3 digest."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(content)
    return digest.finalize()


def digest(point: bytes, message: bytes) -> bytes:
    """The 32 bytes that a key signs for a message; `point` is its public point (65 bytes)."""
    bits = (len(IDENTITY) * 8).to_bytes(2, "big")
    return sm3(sm3(bits + IDENTITY + PARAMETERS + point[1:]) + message)
