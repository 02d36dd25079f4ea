"""Identifiers of people and things: ids, e-mails, phones."""

from functools import lru_cache
from typing import Annotated, Any

import phonenumbers
from email_validator import EmailSyntaxError, validate_email
from pydantic import AfterValidator, BeforeValidator, ValidationInfo
from pydantic_core import PydanticCustomError

LONGEST_ID = 256
WIDE_FORMS = "\uff00"  # full-width twins of ASCII begin here


def _identifier(value: str) -> str:
    if not value.strip():
        raise PydanticCustomError("ident.missing_contact", "is empty; leave the field out")
    return _safe(value)


def _safe(value: str) -> str:
    if value in {".", ".."} or not 1 <= len(value) <= LONGEST_ID or not value.isprintable():
        raise PydanticCustomError(
            "ident.id_unsafe", "must be 1 to 256 printable characters, not dots alone"
        )
    return value


def _token(value: str) -> str:
    if any(sign.isspace() for sign in value) or len(value) > 4096:  # noqa: PLR2004 - see Token
        raise PydanticCustomError("ident.id_unsafe", "must be 1 to 4,096 characters, no spaces")
    return value if value.isprintable() and value not in {"", ".", ".."} else _safe(value)


@lru_cache(maxsize=8192)
def _email(value: str) -> str:
    """Return the address as it is sent: the domain as A-label in lower case."""
    bare = value.strip(" \t\r\n\u00a0")
    if any(sign >= WIDE_FORMS for sign in bare) or "。" in bare:
        raise _bad_email()  # wide letters: what was meant is not guessed
    try:
        checked = validate_email(
            bare, check_deliverability=False, allow_smtputf8=False, test_environment=True
        )
    except EmailSyntaxError as fault:
        raise _bad_idn() if "IDNA" in str(fault) else _bad_email() from None
    if checked.ascii_email is None:
        raise _bad_email()
    return checked.ascii_email


def _bad_email() -> PydanticCustomError:
    return PydanticCustomError("ident.email_invalid", "is no e-mail address; correct or leave out")


def _bad_idn() -> PydanticCustomError:
    return PydanticCustomError(
        "ident.email_idn", "has a domain that cannot be written in ASCII; correct it"
    )


def _no_number(value: Any) -> Any:  # noqa: ANN401 - whatever JSON held
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise PydanticCustomError("schema.type", "is a number; send the phone as a string")
    return value


def _phone(value: str, info: ValidationInfo) -> str:
    region = (info.context or {}).get("phone_region")
    return _e164(value.strip(" \u00a0"), region)


@lru_cache(maxsize=8192)
def _e164(value: str, region: str | None) -> str:
    if not value.isascii() or any(sign.isalpha() for sign in value):
        raise _bad_phone()
    if region is None and not value.startswith("+"):
        raise PydanticCustomError(
            "ident.phone_ambiguous",
            "has no country; send +380… or set ESPUTNIK_SYNC_CONTACTS__PHONE_REGION",
        )
    try:
        parsed = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        raise _bad_phone() from None
    if not phonenumbers.is_possible_number(parsed) or parsed.extension:
        raise _bad_phone()
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _bad_phone() -> PydanticCustomError:
    return PydanticCustomError("ident.phone_invalid", "is no phone number; correct or leave out")


UserId = Annotated[str, AfterValidator(_identifier)]
"""Our own id of a person: 1 to 256 printable characters."""

ItemId = Annotated[str, AfterValidator(_safe)]
"""An id of a thing: 1 to 256 printable characters."""

Token = Annotated[str, AfterValidator(_token)]
"""A push token: 1 to 4,096 characters without spaces."""

Email = Annotated[str, AfterValidator(_email)]
"""An address as it is sent; compared without case."""

Phone = Annotated[str, BeforeValidator(_no_number), AfterValidator(_phone)]
"""A phone in E.164, with its plus."""
