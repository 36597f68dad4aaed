"""Evaluating rankings of authors: what is read, what is refused, what the figures mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from trend_assets.lib.evaluation import influence
from trend_assets.lib.evaluation.influence import evaluate_influence, judge, read_stream, rolling_origins

START = datetime(2026, 9, 1, tzinfo=UTC)


def table(*rows: tuple) -> pa.Table:
    """Rows of (source, target, kind, seconds since the start)."""
    source, target, kind, at = zip(*rows, strict=True)
    return pa.table({"source": source, "target": target, "kind": kind, "at": [START.timestamp() + moment for moment in at]})


def waves(seed: int = 0, count: int = 6000, days: int = 4) -> pa.Table:
    """Reposts towards a few authors in turn, a new one every three hours, over a floor that never changes."""
    random = np.random.default_rng(seed)
    at = np.sort(random.random(count) * days * 86400)
    wave = 100 + (at // (3 * 3600)).astype(np.int64)
    target = np.where(random.random(count) < 0.6, wave, random.integers(0, 60, count))
    return pa.table(
        {
            "source": random.integers(1000, 3000, count),
            "target": target,
            "kind": np.array(["repost", "mention"])[(random.random(count) < 0.3).astype(int)].tolist(),
            "at": pa.array([START + timedelta(seconds=moment) for moment in at.tolist()]),
        }
    )


def test_the_result_has_the_shape_that_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    few = {name: influence.PEERS[name] for name in ("raw counts, all history", "PageRank, last hour", "igraph PageRank, last 24 hours")}
    monkeypatch.setattr(influence, "PEERS", few)
    found = evaluate_influence(waves(), peers=True)
    assert set(found) == {"ndcg_at_50", "edges_per_second", "protocol", "peers"}
    assert set(found["ndcg_at_50"]) == {"1h", "6h", "24h"}
    assert all(0 < value <= 1 for value in found["ndcg_at_50"].values())
    assert found["edges_per_second"] > 0
    assert set(found["peers"]) == set(few)
    for peer in found["peers"].values():
        assert {"ndcg_at_50", "edges_per_second"} <= set(peer)
    assert found["ndcg_at_50"]["1h"] > found["peers"]["raw counts, all history"]["ndcg_at_50"]["1h"] + 0.05
    assert set(evaluate_influence(waves(), peers=False)) == {"ndcg_at_50", "edges_per_second", "protocol"}


def test_a_peer_that_is_not_installed_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(_: influence.Stream) -> influence.Ranking:
        def scores(_: int) -> dict:
            import a_package_that_nobody_has  # noqa: F401

            return {}

        return scores

    monkeypatch.setattr(influence, "PEERS", {"absent": absent})
    peer = evaluate_influence(waves(), peers=True)["peers"]["absent"]
    assert peer == {
        "ndcg_at_50": {"1h": None, "6h": None, "24h": None},
        "edges_per_second": None,
        "note": "a_package_that_nobody_has is not installed",
    }


def test_the_order_of_rows_the_form_of_ids_and_of_times_do_not_matter() -> None:
    plain = waves()
    expected = evaluate_influence(plain, peers=False)["ndcg_at_50"]
    shuffled = plain.take(np.random.default_rng(1).permutation(plain.num_rows))
    assert evaluate_influence(shuffled, peers=False)["ndcg_at_50"] == expected
    seconds = pa.array([moment.timestamp() for moment in plain["at"].to_pylist()])
    assert evaluate_influence(plain.set_column(3, "at", seconds), peers=False)["ndcg_at_50"] == expected
    iso = pa.array([moment.isoformat() for moment in plain["at"].to_pylist()])
    assert evaluate_influence(plain.set_column(3, "at", iso), peers=False)["ndcg_at_50"] == expected
    text = plain.set_column(1, "target", plain["target"].cast(pa.string()))
    assert evaluate_influence(text, peers=False)["ndcg_at_50"]["1h"] == pytest.approx(expected["1h"], abs=0.02)  # ties differ
    names = {"repost": "RT", "mention": "MT"}
    short = plain.set_column(2, "kind", pa.array([names[kind] for kind in plain["kind"].to_pylist()]))
    assert evaluate_influence(short, peers=False)["ndcg_at_50"] == expected


def test_a_ranking_sees_nothing_of_the_period_it_is_judged_by() -> None:
    stream = read_stream(waves())
    origin = rolling_origins(stream)[-30]
    before = stream.at < origin
    past = stream._replace(**{name: getattr(stream, name)[before] for name in ("at", "source", "target", "gains")})
    for make in (influence.outlook_ranking, *(peer for name, peer in influence.PEERS.items() if "igraph" not in name)):
        whole, known = make(stream)(origin), make(past)(origin)
        for horizon in influence.HORIZONS:
            assert np.array_equal(whole[horizon], known[horizon])


def test_a_clairvoyant_scores_one_and_origins_come_after_the_warm_up() -> None:
    stream = read_stream(waves())
    origins = rolling_origins(stream)
    assert origins[0] >= stream.at[0] + 24 * 3_600_000_000
    assert origins[-1] + 3_600_000_000 <= stream.at[-1] + 3_600_000_000
    assert len(origins) <= influence.MOST_ORIGINS

    def next_hour(origin: int) -> dict[int, np.ndarray]:
        period = stream.within(origin, origin + 3_600_000_000)
        return dict.fromkeys(influence.HORIZONS, np.bincount(stream.target[period], stream.gains[period], minlength=stream.names))

    found = judge(stream, origins, next_hour)
    assert found["1h"] == 1.0
    assert found["24h"] < 0.9


def test_gain_is_reposts_where_there_are_any_else_every_kind() -> None:
    assert read_stream(waves()).counted == "reposts"
    mentions = waves().set_column(2, "kind", pa.array(["mention"] * 6000))
    stream = read_stream(mentions)
    assert stream.gains.all()
    assert "no repost" in evaluate_influence(mentions, peers=False)["protocol"]


def test_rows_that_cannot_be_used_are_left_out_and_told() -> None:
    rows = waves().to_pylist()
    for place, change in enumerate(
        ({"source": None}, {"target": None}, {"at": None}, {"kind": None}, {"kind": "poke"}, {"source": 7, "target": 7})
    ):
        rows[place] |= change
    protocol = evaluate_influence(pa.Table.from_pylist(rows, schema=waves().schema), peers=False)["protocol"]
    assert protocol.endswith("left out: 4 with a null or no readable time; 1 with an unknown kind; 1 with an act towards oneself")


@pytest.mark.parametrize("year", [1970, 2096])
def test_one_act_dated_wrongly_does_not_decide(year: int) -> None:
    acts = [(f"a{number % 40}", f"b{number % 7}", "repost", 600.0 * number + 1.6e9) for number in range(900)]
    wrong = ("a", "b", "repost", (year - 1970) * 31_556_952.0)
    found, spoilt = (evaluate_influence(table(*rows), peers=False)["ndcg_at_50"] for rows in (acts, [*acts, wrong]))
    assert all(spoilt[horizon] == pytest.approx(found[horizon], abs=0.1) for horizon in found)


def test_times_are_understood_however_they_are_written() -> None:
    """As those of posts: text without a zone, milliseconds."""
    acts = table(*((f"s{number}", "b", "repost", 600 * number) for number in range(60)))
    expected = read_stream(acts).at
    milliseconds = pa.array([second * 1000 for second in range(1_600_000_000, 1_600_036_000, 600)])
    text = pa.array([f"2020-09-13 {hour:02}:{minute:02}:00" for hour in range(10) for minute in range(0, 60, 10)])
    for column in (milliseconds, text):
        found = read_stream(acts.set_column(3, "at", column)).at
        assert (found - found[0]).tolist() == (expected - expected[0]).tolist()


def test_bad_input_is_refused_with_what_to_do() -> None:
    good = waves()
    with pytest.raises(ValueError, match="columns missing: kind"):
        evaluate_influence(good.drop_columns(["kind"]), peers=False)
    with pytest.raises(ValueError, match="no usable interaction"):
        evaluate_influence(good.slice(0, 0), peers=False)
    with pytest.raises(ValueError, match="unknown kind; known kinds"):
        evaluate_influence(good.set_column(2, "kind", pa.array(["poke"] * good.num_rows)), peers=False)
    with pytest.raises(ValueError, match="no readable time"):
        evaluate_influence(good.set_column(3, "at", pa.array(["yesterday"] * good.num_rows)), peers=False)
    with pytest.raises(ValueError, match="the column at holds bool"):
        evaluate_influence(good.set_column(3, "at", pa.array([True] * good.num_rows)), peers=False)
    with pytest.raises(ValueError, match="column kind"):
        evaluate_influence(good.set_column(2, "kind", pa.array([1] * good.num_rows)), peers=False)


def test_too_little_to_judge_is_none_not_an_error() -> None:
    one = evaluate_influence(table(("a", "b", "repost", 0)), peers=False)
    assert one["ndcg_at_50"] == {"1h": None, "6h": None, "24h": None}
    hours = evaluate_influence(table(*((f"s{number}", "b", "repost", 600 * number) for number in range(60))), peers=False)
    assert hours["ndcg_at_50"]["1h"] == 1.0
    assert hours["ndcg_at_50"]["24h"] is None


def test_ten_thousand_equal_acts_give_nothing_to_judge_and_no_error() -> None:
    same = table(*([("a", "b", "repost", 100)] * 10_000))
    assert evaluate_influence(same, peers=False)["ndcg_at_50"] == {"1h": None, "6h": None, "24h": None}


def test_a_few_acts_dated_wrongly_do_not_decide_where_the_stream_is_judged() -> None:
    rows = waves()
    odd = pa.table(
        {
            "source": [1, 1],
            "target": [2, 2],
            "kind": ["repost"] * 2,
            "at": pa.array([START - timedelta(days=3650), START + timedelta(days=3650)]),
        }
    )
    expected, found = (
        evaluate_influence(one, peers=False)["ndcg_at_50"] for one in (rows, pa.concat_tables([rows, odd.cast(rows.schema)]))
    )
    assert found["1h"] == pytest.approx(expected["1h"], abs=0.02)
