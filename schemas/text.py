"""Texts, names, languages, zones and links, within what eSputnik takes."""

import ipaddress
import re
import unicodedata
from functools import lru_cache
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import langcodes
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from schemas.described import described
from schemas.patterns import NO_CONTROL, NOT_BLANK, usual_text

LONGEST_NAME = 40
LONGEST_WORD_OF_ABBREVIATION = 3
MAX_LONG_WORDS = 3
MAX_DIGITS = 3
LONGEST_URL = 2048
LONGEST_TEXT = 64 * 1024
LINE_BREAKS = "\t\n\r"
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")
_WORD = re.compile(r"[^\W_]+(?:['’ʼ-][^\W_]+)*")  # noqa: RUF001 - apostrophes of names
_ABBREVIATION = re.compile(r"[^\W_]{1,3}\.")
# Up to three words of letters that are never spelled in two ways: no rule of names can fail.
_WORDS = "[A-Za-zА-Яа-яЄІЇҐєіїґ]+"  # noqa: RUF001 - Latin and Cyrillic
USUAL_NAME = f"^{_WORDS}(?:[ '’-]{_WORDS}){{0,2}}$"  # noqa: RUF001
# A host under a public name, and behind it signs that mean nothing to whoever reads links.
USUAL_URL = (
    r"^https?://[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)*\.(?:[a-z]{2}|com|net|org|info|shop|store)"
    r"(?:[/?#][!-\[\]-~]*)?$"
)
_PRIVATE_ENDS = (".local", ".localhost", ".internal", ".lan", ".home", ".corp", ".test")


def has_control(value: str, allowed: str = "") -> bool:
    """Tell whether a text holds control characters, or signs that turn the direction of writing."""
    if value.isascii() and value.isprintable():
        return False
    return any(
        (unicodedata.category(sign) == "Cc" and sign not in allowed) or sign in _TURNING
        for sign in value
    )


def judge_name(value: str, longest_words: int | None) -> str:
    """Check the vendor's rules of names, with the accents composed.

    Source: docs.yespo.io/docs/adding-new-users.
    """
    name = unicodedata.normalize("NFC", value.strip())
    if has_control(name):
        raise PydanticCustomError("text.control", "contains control characters; remove them")
    if len(name) > LONGEST_NAME:
        raise PydanticCustomError("text.too_long", "is longer than 40 characters")
    words = name.split()
    bare = [word.rstrip(".") for word in words]
    is_formed = all(_WORD.fullmatch(word) or _ABBREVIATION.fullmatch(word) for word in words)
    long = sum(len(word) > LONGEST_WORD_OF_ABBREVIATION for word in bare)
    fits = longest_words is None or (long <= longest_words and len(words) - long <= MAX_LONG_WORDS)
    digits = sum(sign.isdigit() for sign in name)
    has_letters = any(sign.isalpha() for sign in name)
    if not (is_formed and fits and has_letters and digits <= MAX_DIGITS):
        raise PydanticCustomError(
            "schema.range", "is not a name that eSputnik accepts: letters, hyphens, apostrophes"
        )
    return name


def _first_name(value: str) -> str:
    return judge_name(value, MAX_LONG_WORDS)


def _last_name(value: str) -> str:
    return judge_name(value, None)


@lru_cache(maxsize=1024)
def _language(value: str) -> str:
    if len(value) > 35 or not langcodes.tag_is_valid(value):  # noqa: PLR2004 - RFC 5646, 4.4.1
        raise PydanticCustomError("schema.enum", "is not a language tag such as uk or es-AR")
    return value


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _time_zone(value: str) -> str:
    if value not in _zones():
        raise PydanticCustomError("schema.enum", "is not a time zone such as Europe/Kyiv")
    return value


def judge_url(value: str) -> str:
    """Check a link that is passed on: a public web address that carries no credentials."""
    if len(value) > LONGEST_URL:
        raise PydanticCustomError("text.too_long", "is longer than 2,048 characters")
    if _is_public(value):
        return value
    raise PydanticCustomError(
        "map.unsafe_url", "is not a public http or https URL without credentials"
    )


def _secure(value: str) -> str:
    if not value.lower().startswith("https:"):
        raise PydanticCustomError("schema.range", "must be an https URL")
    return value


def _is_public(value: str) -> bool:
    if not value.isprintable() or " " in value or "\\" in value:
        return False
    try:
        parts = urlsplit(value)
        host, _ = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return False
    if parts.scheme not in {"http", "https"} or "@" in parts.netloc or not host:
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        is_numeric = host.rpartition(".")[2].isdigit() or host.startswith("0x")
        return "." in host and not is_numeric and not host.endswith(_PRIVATE_ENDS)


_IS_NAME = described(
    "a name of up to 40 letters; hyphens and apostrophes within words", maxLength=LONGEST_NAME
)

FirstName = Annotated[
    str, AfterValidator(_first_name), usual_text(USUAL_NAME, LONGEST_NAME), _IS_NAME
]
LastName = Annotated[
    str, AfterValidator(_last_name), usual_text(USUAL_NAME, LONGEST_NAME), _IS_NAME
]
Language = Annotated[str, AfterValidator(_language), described("a BCP 47 tag such as `uk`")]
TimeZone = Annotated[
    str, AfterValidator(_time_zone), described("an IANA name such as `Europe/Kyiv`")
]
Url = Annotated[
    str,
    AfterValidator(judge_url),
    usual_text(USUAL_URL, LONGEST_URL),
    described(
        "a public http or https URL of up to 2,048 characters", format="uri", maxLength=LONGEST_URL
    ),
]
SecureUrl = Annotated[
    str,
    AfterValidator(judge_url),
    AfterValidator(_secure),
    described("a public https URL of up to 2,048 characters", format="uri", maxLength=LONGEST_URL),
]
ShortText = Annotated[
    str,
    Field(max_length=255, pattern=NO_CONTROL),
    described("text, up to 255 characters", maxLength=255),
]
MediumText = Annotated[
    str,
    Field(max_length=1000, pattern=NO_CONTROL),
    described("text, up to 1,000 characters", maxLength=1000),
]
Title = Annotated[
    str,
    Field(min_length=1, max_length=1000, pattern=NO_CONTROL),
    NOT_BLANK,
    described("text, 1 to 1,000 characters", minLength=1, maxLength=1000),
]
LongText = Annotated[
    str,
    Field(min_length=1, max_length=LONGEST_TEXT, pattern=NO_CONTROL),
    NOT_BLANK,
    described("text, 1 to 65,536 characters", minLength=1, maxLength=LONGEST_TEXT),
]
