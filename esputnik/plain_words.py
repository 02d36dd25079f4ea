"""Says what an error text of eSputnik means without repeating anything that a person wrote.

An error text may quote an address, a phone or a name, in quotes or bare. So nothing is taken out
of it: only words known to say nothing of anybody are let through.
"""

import re

MAX_WORDS = 24
LONGEST_TEXT = 4096  # characters looked at
GAP = "…"

_WORDS = frozenset(
    """
    a about account active add added address addresses after again all already allowed an and
    any apply are array as at attribute bad be before blacklist blacklisted blocked body boolean
    but by call can can't cannot category channel channels character characters confirmed
    conflict contact contacts contain contains could couldn't country create created currency
    data date deleted denied device disabled does doesn't domain domains duplicate duplicated
    email emails empty error errors event events exceeded exist exists expected expired failed
    field fields following for forbidden format found from funds gone group groups has have html
    identifier identify import in incorrect internal invalid is isn't it item items json key
    keys language large later least length less letter letters limit list long longer malformed
    many match maximum media message messages method minimum minute missing more must
    name names neither no nor not null number of on one only or order orders organisation
    organization parameter parameters params parse path payload phone please present property
    provided push quantity rate reached read recipient recipients refused registered rejected
    repeated request requests required resource restored retry same script segment segments
    server service session short should size sms something specified static status string
    subscribed subscription such supported symbols template template's temporarily than that the
    then there this time timeout token tokens too total try type unauthorised unauthorized
    unavailable unexpected unique unknown unprocessable unsubscribed unsupported update updated
    uri url user valid validation value values was were when while with without worker wrong yet
    you your zone additionalinfo addressbookid contactfields contactid contactids contactkey
    customfieldsids customdata dedupeon deliveryaddress deliverymethod eventtypekey
    externalcustomerid externalcustomerids externalitemid externalorderid fieldid firstname
    groupnames imageurl keyvalue languagecode lastname locator mobilepush paymentmethod postcode
    restoreurl serviceworkername serviceworkerpath serviceworkerscope statusdescription storeid
    subscriptions subscriptionskeys timezone totalcost town viber webpush accepted
    occurred_date_is_required incorrect_occurred_date_format occurred_time_too_depth
    occurred_time_in_future event_segmentation_disabled server_error
    """.split()  # noqa: SIM905 - a list of words reads as text
)
# A quoted value, an address or an identifier is one piece: no word inside it is let through.
_PIECES = re.compile(r"\"[^\"]*\"|(?<![^\W\d_])'[^']*'(?![^\W\d_])|[^\s\"]+")
_EDGES = "()[]{}<>,.;:!?'`“”«»"


def plain_words(text: str) -> str:
    """Return the known words of an error text, `…` for each gap; empty for an empty text.

    Only the first word may begin with a capital: another one that does may be somebody's name.
    """
    said: list[str] = []
    for piece in _PIECES.findall(text[:LONGEST_TEXT]):
        bare = piece.strip(_EDGES)
        known = bare.lower() in _WORDS and not piece.startswith(('"', "'"))
        word = bare if known and not (said and bare.istitle()) else GAP
        if word != GAP or said[-1:] != [GAP]:
            said.append(word)
        if len(said) == MAX_WORDS:
            break
    return " ".join(said)
