"""Keyed hashes that stand for people where nobody may read who they are. Pure."""

import hmac
from hashlib import blake2b

HASH_BYTES = 15  # of a name: 120 bits, and as many as CPython keeps in 48 bytes
KEY_BYTES = 32
SHORT_BYTES = 4  # of a name in a log
_BLOCK = 32  # bytes of SHA-256


class Hasher:
    """Hashes names by keys that are derived from one secret.

    The secret is `privacy.hash_key`, or else the API key. Both are used alike, so the old API key,
    written as `privacy.hash_key`, keeps the memory when the API key is changed. What logs show is
    hashed by a key of its own: it cannot be looked up in the memory.

    A name is spelled as lanes are (`handlers.identity`): `u:` and the user id, `e:` and the e-mail
    in lower case, `p:` and the phone in digits.
    """

    __slots__ = ("_log", "_memory", "fingerprint")

    def __init__(self, secret: str) -> None:
        given = secret.encode()
        self.fingerprint = derived(given, info=b"esputnik-sync fingerprint").hex()
        self._memory = blake2b(
            digest_size=HASH_BYTES, key=derived(given, info=b"esputnik-sync memory")
        )
        self._log = blake2b(digest_size=SHORT_BYTES, key=derived(given, info=b"esputnik-sync log"))

    def of(self, name: str) -> bytes:
        """Return the hash by which the memory knows a name."""
        hashed = self._memory.copy()  # half the time of hashing the key again
        hashed.update(name.encode())
        return hashed.digest()

    def short(self, name: str) -> str:
        """Return the 8 hex digits by which logs know a name."""
        hashed = self._log.copy()
        hashed.update(name.encode())
        return hashed.hexdigest()


def derived(secret: bytes, *, info: bytes, salt: bytes = b"", length: int = KEY_BYTES) -> bytes:
    """Return a key derived by HKDF with SHA-256. Source: RFC 5869."""
    key = hmac.digest(salt or bytes(_BLOCK), secret, "sha256")
    block, output = b"", b""
    for number in range(1, -(-length // _BLOCK) + 1):
        block = hmac.digest(key, block + info + bytes([number]), "sha256")
        output += block
    return output[:length]
