"""Which hours a champion has yet to label."""

from datetime import UTC, datetime

from trend_assets.models.due import predictions_due
from trend_assets.operations.runs import Range
from trend_assets.operations.sealing import HOUR, HOURS_PER_RUN
from trend_assets.partitions import hour_key

START = datetime(2026, 9, 1, tzinfo=UTC)


def test_a_champion_labels_what_was_sealed_since_it_last_did_and_without_one_nothing_is_due():
    sealed = (START, START + 12 * HOUR)
    assert "sentiment_training" in predictions_due("sentiment", sealed, [], champion=False).reason
    assert predictions_due("sentiment", None, [], champion=True).range is None
    assert predictions_due("sentiment", sealed, [], champion=True).range == Range("2026-09-01-00:00", "2026-09-01-11:00")
    labelled = [hour_key(START + number * HOUR) for number in range(10)]
    assert predictions_due("sentiment", sealed, labelled, champion=True).range == Range("2026-09-01-10:00", "2026-09-01-11:00")
    assert predictions_due("sentiment", (START, START + 10 * HOUR), labelled, champion=True).range is None
    long = predictions_due("sentiment", (START, START + (HOURS_PER_RUN + 20) * HOUR), labelled[:1], champion=True)
    assert long.left == 19
