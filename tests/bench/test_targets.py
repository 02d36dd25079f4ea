import pytest

from bench.targets import TARGETS, Target, broken, judged

MORE = Target(name="more", what="more is better", goal=4.0, gate=3.0)
LESS = Target(name="less", what="less is better", goal=1.25, gate=1.5, at_least=False)


@pytest.mark.parametrize(
    ("target", "measured", "verdict"),
    [
        (MORE, 4.0, "PASS"),
        (MORE, 3.5, "NEAR"),
        (MORE, 2.9, "FAIL"),
        (LESS, 1.25, "PASS"),
        (LESS, 1.4, "NEAR"),
        (LESS, 1.6, "FAIL"),
        (LESS, None, "ABSENT"),
    ],
)
def test_a_figure_passes_at_the_goal_and_fails_beyond_the_gate(
    target: Target, measured: float | None, verdict: str
) -> None:
    assert target.verdict(measured) == verdict


def test_no_target_forgives_more_than_it_asks_for() -> None:
    for target in TARGETS:
        assert target.verdict(target.goal) == "PASS"
        assert target.verdict(target.gate) in {"PASS", "NEAR"}


def test_what_was_not_measured_is_named_and_breaks_nothing() -> None:
    judgements = judged({"lost": 0.0, "drain": 0.5})

    verdicts = {str(one["name"]): one["verdict"] for one in judgements}
    assert len(judgements) == len(TARGETS)
    assert (verdicts["lost"], verdicts["drain"], verdicts["p99"]) == ("PASS", "FAIL", "ABSENT")
    assert broken(judgements) == ["drain"]
