"""Identifiers of people and things: ids, e-mails, phones."""

from functools import lru_cache
from typing import Annotated, Any

import phonenumbers
from email_validator import EmailSyntaxError, validate_email
from pydantic import AfterValidator, ValidationInfo
from pydantic_core import PydanticCustomError, PydanticKnownError

from schemas.described import described
from schemas.patterns import AN_ID, SAFE_ID, SAFE_TOKEN, Matches, usual_text

REMEMBERED = 32_768  # addresses and phones whose long way is not gone again
LONGEST_EMAIL = 254
WIDE_FORMS = "\uff00"  # full-width twins of ASCII begin here

# Short addresses of plain letters under names of two or three letters, none of which is reserved.
USUAL_EMAIL = (
    r"^[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*"
    r"@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+(?:[a-z]{2,3}|info|shop|store)$"
)


# Phones of Ukraine, its neighbours and some more, as E.164 has them: their length is the country's,
# and nothing in them is a prefix that only callers within the country dial.
USUAL_PHONE = (
    r"^\+(?:(?:380|48|420|421|40|994|995)[1-9][0-9]{8}|(?:371|373)[1-9][0-9]{7}"
    r"|49[1-9][0-9]{9,10}|44[2-9][0-9]{9}|1[2-9][0-9]{9})$"
)


@lru_cache(maxsize=REMEMBERED)
def judge_email(value: str) -> str:
    """Return the address as it is sent: the domain as A-label in lower case."""
    bare = value.strip(" \t\r\n\u00a0")
    if len(bare) > LONGEST_EMAIL:
        raise _bad_email()  # here, since the library looks at each of its signs
    if any(sign >= WIDE_FORMS for sign in bare) or "。" in bare:
        raise _bad_email()  # wide letters: what was meant is not guessed
    try:
        checked = validate_email(
            bare,
            check_deliverability=False,
            allow_smtputf8=False,
            strict=True,
            test_environment=True,
        )
    except EmailSyntaxError as fault:
        domain = bare.rpartition("@")[2].lower()
        is_at_fault = "IDNA" in str(fault) or "after the @-sign" in str(fault)
        is_idn = "xn--" in domain or (is_at_fault and not domain.isascii() and "." in domain)
        raise _bad_idn() if is_idn else _bad_email() from None
    return f"{checked.local_part}@{checked.ascii_domain}"


def _bad_email() -> PydanticCustomError:
    return PydanticCustomError(
        "ident.email_invalid", "is not an e-mail address; correct or remove it"
    )


def _bad_idn() -> PydanticCustomError:
    return PydanticCustomError(
        "ident.email_idn", "has a domain that cannot be written in ASCII; correct it"
    )


def _phone(value: Any, info: ValidationInfo) -> str:  # noqa: ANN401 - whatever JSON held
    """Return the phone in E.164; `phone_region` of the context is that of phones without a plus."""
    if isinstance(value, str):
        return judge_phone(value, info.context["phone_region"] if info.context else None)
    if isinstance(value, int | float) and not isinstance(value, bool):
        # Its plus is lost, and perhaps its zeros: the content is at fault, and may be left out.
        raise PydanticCustomError("schema.type", "is a number; send the phone as a string")
    raise PydanticKnownError("string_type")


@lru_cache(maxsize=REMEMBERED)
def judge_phone(value: str, region: str | None) -> str:
    """Return the phone in E.164; `region` is that of phones without a plus."""
    bare = value.strip(" \u00a0")
    if not bare.isascii() or any(sign.isalpha() for sign in bare):
        raise _bad_phone()
    if region is None and not bare.startswith("+"):
        raise PydanticCustomError(
            "ident.phone_ambiguous",
            "has no country code; send +380… or set ESPUTNIK_SYNC_CONTACTS__PHONE_REGION",
        )
    try:
        parsed = phonenumbers.parse(bare, region)
    except phonenumbers.NumberParseException:
        raise _bad_phone() from None
    if not phonenumbers.is_possible_number(parsed) or parsed.extension:
        raise _bad_phone()
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _bad_phone() -> PydanticCustomError:
    return PydanticCustomError("ident.phone_invalid", "is not a phone number; correct or remove it")


_IS_ID = described(AN_ID, minLength=1, maxLength=256)

UserId = Annotated[
    str,
    Matches(r"\S", "ident.missing_contact", "is empty; remove the field"),
    SAFE_ID,
    _IS_ID,
]
"""Our own id of a person: 1 to 256 characters, no control characters."""

ItemId = Annotated[str, SAFE_ID, _IS_ID]
"""An id of a thing: 1 to 256 characters, no control characters."""

Token = Annotated[
    str,
    SAFE_TOKEN,
    described("1 to 4,096 printable characters without spaces", minLength=1, maxLength=4096),
]
"""A push token: 1 to 4,096 characters without spaces."""

Email = Annotated[
    str,
    AfterValidator(judge_email),
    usual_text(USUAL_EMAIL, 63),
    described("an e-mail address", format="email"),
]
"""An address as it is sent; compared without case."""

Phone = Annotated[
    Any,
    AfterValidator(_phone),
    usual_text(USUAL_PHONE),
    described("a phone number in E.164, with the plus"),
]
"""A phone in E.164, with its plus."""
