"""Defects of what is made of answers, and of their absence."""

from tests.mutants.mutant import Mutant

DELIVERY = "tests/service/test_delivery.py"
OUTAGES = "tests/service/test_outages.py"
QUOTA = "tests/service/test_quota.py"
REFUSED_BATCHES = "tests/service/test_refused_batches.py"
EXCHANGE = "tests/unit/consumer/test_exchange.py"
RETRY_AFTER = "tests/unit/esputnik/test_retry_after.py"
STATUSES = "tests/unit/esputnik/test_statuses.py"
CLIENT = "tests/integration/test_client.py"
RETRY = "tests/unit/consumer/test_retry.py"

MUTANTS = (
    Mutant(
        name="M5a",
        about="the HTTP client takes a request that was cancelled for one that was answered",
        file="esputnik/client.py",
        old='            except TimeoutError:\n                return NoAnswer(maybe_sent=True, cause="timeout")\n',  # noqa: E501 - as it stands there
        new=(
            "            except asyncio.CancelledError:\n"
            '                return Answer(status=200, body=b"{}", headers={})\n'
            "            except TimeoutError:\n"
            '                return NoAnswer(maybe_sent=True, cause="timeout")\n'
        ),
        tests=(f"{CLIENT}::test_a_cancelled_exchange_stays_cancelled",),
    ),
    Mutant(
        name="M5b",
        about="calls whose request was cancelled count as delivered",
        file="consumer/exchange.py",
        old="            self.gave_up(way)\n            raise\n",
        new="            outcomes = [Delivered()] * len(errands)\n",
        tests=(f"{EXCHANGE}::test_a_call_that_is_cancelled_is_not_done",),
    ),
    Mutant(
        name="M6",
        about="what httpx calls a connect time-out counts as not sent, whatever lies beneath",
        file="esputnik/client.py",
        old="        maybe_sent=not isinstance(cause, _NOT_SENT),\n",
        new="        maybe_sent=not isinstance(trouble, httpx.ConnectTimeout),\n",
        tests=(f"{CLIENT}::test_a_connection_closed_after_the_request_may_have_done_it",),
    ),
    Mutant(
        name="M7",
        about="a call that counts is sent again after it was not answered in time",
        file="consumer/retry.py",
        old="call.repeat is Repeat.COUNTS and policy.at_most_once\n",
        new=(
            "call.repeat is Repeat.COUNTS and policy.at_most_once and (\n"
            '        "timeout" not in outcome.cause.lower()\n'
            "    )\n"
        ),
        tests=(f"{RETRY}::test_a_call_whose_repeats_count_is_in_doubt_if_it_may_have_run",),
    ),
    Mutant(
        name="M12",
        about="what a refused key was used for is buried",
        file="esputnik/statuses.py",
        old="_BLOCKS_ACCOUNT = frozenset({401})\n",
        new="_BLOCKS_ACCOUNT = frozenset[int]()\n",
        tests=(
            f"{STATUSES}::test_a_refused_key_blocks_the_account",
            f"{DELIVERY}::test_a_refused_key_holds_everything_until_it_is_good_again",
        ),
    ),
    Mutant(
        name="M13",
        about="what eSputnik fails on five times is buried",
        file="consumer/retry.py",
        old="            case Deferred() as deferred:\n",
        new=(
            "            case Deferred(cause=cause) if attempt >= 5 and is_server_error(outcome):\n"
            '                rejected = Rejected(reason="esp.server_error_poison", detail=cause)\n'
            "                ruling.lost.append((errand, rejected))\n"
            "            case Deferred() as deferred:\n"
        ),
        tests=(f"{OUTAGES}::test_an_outage_of_5xx_buries_no_lone_order",),
    ),
    Mutant(
        name="M14",
        about="when a half is refused in its turn, one half of it is forgotten",
        file="consumer/delivery.py",
        old="                for part in parts:\n",
        new="                for part in parts if trip.attempt < 2 else parts[:1]:\n",
        tests=(
            f"{REFUSED_BATCHES}::test_the_good_half_of_a_refused_request_does_not_wait_for_the_bad_to_be_found",
        ),
    ),
    Mutant(
        name="M15a",
        about="the time to come again that an answer names is overlooked",
        file="esputnik/statuses.py",
        old='retry_after(answer.headers.get("retry-after"), answer.headers.get("date"))\n',
        new="None\n",
        tests=(
            f"{STATUSES}::test_a_throttle_names_a_time_against_the_date_of_the_answer",
            f"{QUOTA}::test_what_retry_after_says_is_obeyed_to_the_second",
        ),
    ),
    Mutant(
        name="M15b",
        about="the time to come again is taken for milliseconds",
        file="esputnik/retry_after.py",
        old="        return min(LONGEST, float(ceil(float(text))))\n",
        new="        return min(LONGEST, float(ceil(float(text))) / 1000)\n",
        tests=(
            f"{RETRY_AFTER}::test_seconds_are_rounded_up_and_bounded",
            f"{QUOTA}::test_what_retry_after_says_is_obeyed_to_the_second",
        ),
    ),
    Mutant(
        name="M15c",
        about="a time to come again that is over makes a negative wait",
        file="esputnik/retry_after.py",
        old="    if until is None or since is None or until < since:\n",
        new="    if until is None or since is None:\n",
        tests=(f"{RETRY_AFTER}::test_a_date_that_cannot_be_measured_says_nothing",),
    ),
)
