"""Names become hashes that only the key's owner can make."""

import pytest

from consumer.consent.hashing import Hasher, derived

NAMES = ("e:ann@example.com", "e:bob@example.com", "u:ann@example.com", "u:1", "p:1", "u:юзер")


@pytest.mark.parametrize(
    ("secret", "salt", "info", "length", "key"),
    [
        (
            "0b" * 22,
            "000102030405060708090a0b0c",
            "f0f1f2f3f4f5f6f7f8f9",
            42,
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        ),
        (
            bytes(range(0x50)).hex(),
            bytes(range(0x60, 0xB0)).hex(),
            bytes(range(0xB0, 0x100)).hex(),
            82,
            (
                "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271"
                "cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"
            ),
        ),
        (
            "0b" * 22,
            "",
            "",
            42,
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        ),
    ],
)
def test_keys_are_derived_as_rfc_5869_shows(
    secret: str, salt: str, info: str, length: int, key: str
) -> None:
    given = {"salt": bytes.fromhex(salt), "info": bytes.fromhex(info)}

    assert derived(bytes.fromhex(secret), length=length, **given).hex() == key


def test_a_name_has_one_hash_of_its_own_for_each_key() -> None:
    hashers = (Hasher("sandbox"), Hasher("another"))

    hashes = [hasher.of(name) for hasher in hashers for name in NAMES]

    assert len(set(hashes)) == len(hashes)
    assert {len(one) for one in hashes} == {15}
    assert [Hasher("sandbox").of(name) for name in NAMES] == hashes[: len(NAMES)]


def test_hashing_one_name_leaves_no_trace_on_the_next() -> None:
    hasher = Hasher("sandbox")
    before = hasher.of("u:1")

    hasher.of("u:2")

    assert hasher.of("u:1") == before


def test_a_log_shows_eight_digits_that_the_memory_does_not_hold() -> None:
    hasher = Hasher("sandbox")

    shown = hasher.short("e:ann@example.com")

    assert (len(shown), int(shown, 16) >= 0) == (8, True)
    assert bytes.fromhex(shown) not in hasher.of("e:ann@example.com")
    assert hasher.short("e:bob@example.com") != shown


def test_a_secret_has_a_fingerprint_that_does_not_tell_it() -> None:
    secret = "canary-secret"

    assert Hasher(secret).fingerprint == Hasher(secret).fingerprint
    assert Hasher(secret).fingerprint != Hasher("another").fingerprint
    assert secret.encode().hex() not in Hasher(secret).fingerprint


def test_hashes_stay_the_same_over_versions() -> None:
    hasher = Hasher("sandbox")

    assert hasher.of("e:ann@example.com").hex() == "d9fb0351d6140553699dfba33bb5f1"
    assert hasher.short("e:ann@example.com") == "cab462b1"
    assert hasher.fingerprint.startswith("95e69e81ee105db1")
