from collections import Counter

from consumer.shares import REPLAY_SHARE, Shares, Traffic

PLANNED = (Traffic.REPLAY, Traffic.RETRY, Traffic.LIVE)


def test_an_opt_out_goes_before_all_others() -> None:
    shares = Shares()

    assert {shares.next([*PLANNED, Traffic.URGENT]) for _ in range(100)} == {Traffic.URGENT}


def test_the_others_share_by_their_weights() -> None:
    shares = Shares()

    turns = Counter(shares.next(PLANNED) for _ in range(1000))

    assert turns == {Traffic.LIVE: 800, Traffic.RETRY: 150, Traffic.REPLAY: 50}
    assert turns[Traffic.REPLAY] / turns.total() == REPLAY_SHARE


def test_nobody_waits_long_for_a_turn() -> None:
    shares = Shares()

    turns = [shares.next(PLANNED) for _ in range(1000)]

    assert all(Traffic.REPLAY in turns[at : at + 21] for at in range(980))
    assert all(Traffic.RETRY in turns[at : at + 8] for at in range(990))


def test_opt_outs_cost_the_others_no_turns() -> None:
    shares = Shares()

    turns: Counter[Traffic] = Counter()
    for _ in range(1000):
        shares.next([*PLANNED, Traffic.URGENT])
        turns[shares.next(PLANNED)] += 1

    assert turns == {Traffic.LIVE: 800, Traffic.RETRY: 150, Traffic.REPLAY: 50}


def test_who_waits_alone_goes_alone() -> None:
    shares = Shares()

    assert {shares.next([Traffic.REPLAY]) for _ in range(100)} == {Traffic.REPLAY}


def test_who_went_alone_is_not_made_to_pay_for_it() -> None:
    shares = Shares()
    for _ in range(1000):
        shares.next([Traffic.RETRY])

    turns = Counter(shares.next(PLANNED) for _ in range(100))

    assert turns[Traffic.RETRY] >= 14


def test_who_was_away_has_saved_up_no_turns() -> None:
    shares = Shares()
    for _ in range(1000):
        shares.next([Traffic.LIVE])

    turns = Counter(shares.next(PLANNED) for _ in range(100))

    assert turns[Traffic.LIVE] >= 79
