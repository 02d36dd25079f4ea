from consumer.operations.metrics import LAG, METRICS, PREFIX, render_metrics


def test_the_table_has_a_row_for_every_metric_in_order() -> None:
    lines = render_metrics().splitlines()

    assert lines[:2] == ["| metric | kind | labels | meaning |", "| --- | --- | --- | --- |"]
    assert [line.split(" | ")[0] for line in lines[2:]] == [
        f"| `{PREFIX}{metric.name}`" for metric in METRICS
    ]


def test_a_row_shows_kind_labels_and_meaning() -> None:
    row = f"| `{PREFIX}consumer_lag` | gauge | `topic`, `partition` | {LAG.meaning} |"

    assert row in render_metrics().splitlines()


def test_the_table_ends_with_a_line_of_its_own() -> None:
    assert render_metrics().endswith("|\n")


def test_no_two_metrics_share_a_name() -> None:
    names = [metric.name for metric in METRICS]

    assert sorted(set(names)) == sorted(names)
