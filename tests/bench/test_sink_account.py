import orjson
import pytest

from bench.clock import Arrival
from bench.sink.account import Account, Reply, Rules

ORDERS = "/api/v1/orders"


def orders(*numbers: int) -> bytearray:
    items = [{"externalOrderId": f"ORD-{n:07d}", "externalCustomerId": "USR-1"} for n in numbers]
    return bytearray(orjson.dumps({"orders": items}))


def post(account: Account, *numbers: int, path: str = ORDERS, now: float = 1.0) -> Reply:
    return account.reply(b"POST", path, orders(*numbers), 0, now)


def test_every_order_is_counted_once_and_noted_with_its_time() -> None:
    account = Account(Rules(events=5))

    reply = post(account, 0, 3, now=7.0)
    post(account, 1, now=8.0)

    assert reply == Reply(200, b"{}")
    assert (account.distinct, account.doubled, account.requests) == (3, 0, 2)
    assert account.arrivals == [Arrival(7.0, 2), Arrival(8.0, 1)]
    assert account.times.tolist() == [7.0, 8.0, 0.0, 7.0, 0.0]


def test_what_comes_again_is_doubled_and_keeps_its_first_time() -> None:
    account = Account(Rules(events=2))

    post(account, 1, now=7.0)
    post(account, 1, 0, now=8.0)

    assert (account.distinct, account.doubled) == (2, 1)
    assert account.times.tolist() == [8.0, 7.0]


def test_contacts_are_known_by_their_customer_id() -> None:
    account = Account(Rules(work="contacts", events=10))
    body = bytearray(b'{"contacts":[{"externalCustomerId":"USR-0000004","channels":[]}]}')

    reply = account.reply(b"POST", "/api/v1/contacts", body, 0, 1.0)

    assert reply.body == b'{"asyncSessionId":"bench"}'
    assert account.distinct == 1


def test_replicas_are_told_apart_by_what_stands_before_the_api() -> None:
    account = Account(Rules(events=2))

    post(account, 0, path="/replica-1/api/v1/orders")

    assert account.arrivals[0].source == "/replica-1"


def test_questions_are_answered_and_not_counted() -> None:
    account = Account(Rules(events=2))

    status = account.reply(b"GET", "/api/v1/importstatus/bench", bytearray(), 0, 1.0)
    info = account.reply(b"GET", "/api/v1/account/info", bytearray(), 0, 1.0)

    assert orjson.loads(status.body) == {"status": "FINISHED"}
    assert info.status == 200
    assert account.requests == 0


def test_answers_wait_for_the_latency() -> None:
    account = Account(Rules(events=1, latency=0.05))

    assert post(account, 0).after == 0.05


def test_more_requests_a_second_than_the_limit_are_answered_429_and_not_taken() -> None:
    account = Account(Rules(events=10, rate=2))

    statuses = [post(account, n, now=n / 10).status for n in range(4)]
    later = post(account, 9, now=1.2)

    assert statuses == [200, 200, 429, 429]
    assert (later.status, account.throttled, account.distinct) == (200, 2, 3)


@pytest.mark.parametrize("jitter", [0.0, 0.004, -0.004])
def test_a_client_that_keeps_to_the_limit_is_not_refused_for_jitter(jitter: float) -> None:
    account = Account(Rules(events=100, rate=10))

    statuses = {post(account, n, now=1 + n / 10 + jitter * (n % 2)).status for n in range(100)}

    assert statuses == {200}


def test_a_bad_item_is_named_in_the_answer_and_the_others_are_taken() -> None:
    account = Account(Rules(events=3000, refuse="item"))

    reply = post(account, 998, 999, 1000)

    (failed,) = orjson.loads(reply.body)["failedOrders"]
    assert failed["order"] == {"externalOrderId": "ORD-0000999"}
    assert (reply.status, account.distinct) == (200, 2)


def test_a_request_with_a_bad_item_is_refused_whole_where_the_rules_say_so() -> None:
    account = Account(Rules(events=3000, refuse="whole"))

    refused, taken = post(account, 998, 999), post(account, 998)

    assert (refused.status, taken.status) == (400, 200)
    assert (account.distinct, account.doubled, account.requests) == (1, 0, 2)
