"""Forms: of addresses, names and keys. Source: docs.yespo.io/docs/adding-new-users."""

import re
import unicodedata

from esputnik.sandbox.wire import RefusedError

MAX_NAME = 40
MAX_NAME_DIGITS = 3
SHORT_WORD = 3
MAX_WORDS = 3
FORBIDDEN = frozenset("<;’\\/|\"`'^?!,>")  # noqa: RUF001 - the vendor's own list

_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"'.]+(\.[^@\s,;<>\"'.]+)+")
_PHONE = re.compile(r"\+?[0-9]{5,15}")
_PLAIN_NAME = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")  # of one word, as most are
_INSIDE = frozenset("'’ʼ`-")  # noqa: RUF001 - apostrophes of names


def is_email(text: str) -> bool:
    """Tell whether a text has the form of an address."""
    return _EMAIL.fullmatch(text) is not None


def is_phone(text: str) -> bool:
    """Tell whether a text has the form of a phone: digits, and a plus before them at most."""
    return _PHONE.fullmatch(text) is not None


def is_name(name: str, *, any_words: bool) -> bool:
    """Tell whether a text has the form of a name, of at most three long words and three short."""
    if _PLAIN_NAME.fullmatch(name) and len(name) <= MAX_NAME:
        return True
    digits = sum(sign.isdigit() for sign in name)
    if len(name) > MAX_NAME or digits > MAX_NAME_DIGITS or not any(map(str.isalpha, name)):
        return False
    words = name.split()
    long = sum(len(word.rstrip(".")) > SHORT_WORD for word in words)
    fits = any_words or (long <= MAX_WORDS and len(words) - long <= MAX_WORDS)
    return fits and all(map(_is_word, words))


def _is_word(word: str) -> bool:
    """Signs stand only inside a word, a dot only at the end of a short one."""
    bare = word[:-1] if word.endswith(".") and len(word) <= SHORT_WORD + 1 else word
    letters = [sign in _INSIDE or _is_letter(sign) for sign in bare]
    return bool(bare) and all(letters) and not _INSIDE & {bare[0], bare[-1]}


def _is_letter(sign: str) -> bool:
    """Tell whether a sign is a letter of any alphabet, an accent of one, or a digit."""
    return sign.isalnum() or unicodedata.category(sign).startswith("M")


def check_key(name: str, text: str, limit: int) -> None:
    """Refuse a key that is empty, too long, or holds a sign that keys may not hold.

    Source: docs.yespo.io/docs/validating-event-parameters.
    """
    check_length(name, text, limit)
    if not FORBIDDEN.isdisjoint(text):
        raise RefusedError(f"{name} holds a forbidden character")


def check_length(name: str, text: str, limit: int) -> None:
    """Refuse a text that is empty or too long."""
    if not 0 < len(text) <= limit:
        raise RefusedError(f"{name} must have 1 to {limit} characters")
