"""The ML Test Score (Breck et al., "The ML Test Score: A Rubric for ML Production Readiness and Technical Debt Reduction", IEEE Big
Data 2017): its 28 items, and the test that earns each.

What belongs here: the items, their evidence, counting. What doesn't: running tests (``trend_assets_tests/score_of_run.py``), the page
(``generate.py``).

As in the paper: a test that runs by itself earns a point, a documented procedure done by hand half a point, and the score is the
lowest of the four sections' sums. An item counts where every test it names exists, ran and passed, and every asset check it names is
defined; one test skipped or failed, and the item earns nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

SECTIONS = ("data", "model", "infrastructure", "monitoring")
TESTS = "trend_assets_tests"


@dataclass(frozen=True)
class Item:
    """One item. tests: node ids below ``trend_assets_tests``; checks: asset checks as group/table:name; procedure: a page, done by hand."""

    section: str
    text: str
    tests: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    procedure: str = ""


_LEARN, _MODELS, _DRIFT = "lib/learning/", "models/", "lib/quality/test_drift_judged.py::"
_TRAINING, _READY, _GATE = f"{_MODELS}test_training.py::", f"{_LEARN}test_readiness.py::", f"{_LEARN}test_gate.py::test_"

ITEMS: tuple[Item, ...] = (
    Item(
        "data",
        "Feature expectations are captured in a schema",
        (
            f"{_LEARN}test_point_in_time.py::test_every_feature_says_what_it_reads_and_how_far_back",
            "test_definitions.py::test_every_declared_table_is_an_asset_with_its_columns_layer_owner_and_checks",
        ),
        ("social/clean_posts:schema", "social/clean_posts:values", "models/post_features:schema"),
    ),
    Item(
        "data",
        "All features are beneficial",
        (f"{_READY}test_every_feature_of_the_task_is_beneficial", f"{_READY}test_affective_scores_help_on_opinions_of_another_family"),
    ),
    Item("data", "No feature's cost is too much", (f"{_GATE}each_rule_blocks_by_itself", f"{_READY}test_no_features_cost_is_too_much")),
    Item(
        "data",
        "Features adhere to meta-level requirements",
        (f"{_TRAINING}test_deleted_posts_and_posts_whose_terms_forbid_it_are_left_aside",),
        ("sentiment/training_set:licence",),
    ),
    Item(
        "data",
        "The data pipeline has appropriate privacy controls",
        (
            f"{_TRAINING}test_posts_of_an_account_that_is_gone_neither_train_nor_are_labelled",
            f"{_LEARN}test_by_topic.py::test_labels_of_fewer_than_five_people_are_withheld_together",
            "lib/quality/test_drift_summaries.py::test_a_word_is_kept_by_name_only_where_five_people_used_it_in_the_day",
            "test_invariants.py::test_no_handle_is_in_a_published_label",
        ),
    ),
    Item(
        "data",
        "New features can be added quickly",
        (f"{_MODELS}test_models_command.py::test_a_new_file_gets_assets_gate_tracking_and_predictions",),
    ),
    Item(
        "data",
        "All input feature code is tested",
        (
            f"{_LEARN}test_point_in_time.py::test_counts_are_those_of_a_plain_loop",
            f"{_LEARN}test_point_in_time.py::test_what_was_not_known_yet_changes_nothing",
        ),
    ),
    Item(
        "model",
        "Model specs are reviewed and submitted",
        (f"{_LEARN}test_model_reviews.py::test_every_model_spec_was_reviewed_as_it_is_now",),
        procedure="docs/model-reviews.md",
    ),
    Item("model", "Offline and online metrics correlate", (f"{_READY}test_offline_and_later_quality_rank_models_alike",)),
    Item(
        "model",
        "All hyperparameters have been tuned",
        (f"{_LEARN}test_search.py::test_the_best_options_are_found_and_the_same_every_time",),
    ),
    Item(
        "model",
        "The impact of model staleness is known",
        (
            f"{_READY}test_what_a_stale_model_costs_is_known",
            "monitoring/test_outcomes.py::test_labels_that_came_later_say_how_good_the_version_was",
        ),
    ),
    Item("model", "A simpler model is not better", (f"{_GATE}each_rule_blocks_by_itself",), ("sentiment/evaluation:better",)),
    Item(
        "model",
        "Model quality is sufficient on important data slices",
        (f"{_GATE}a_planted_candidate_that_is_better_on_average_and_worse_in_french_is_refused",),
        ("sentiment/evaluation:slices",),
    ),
    Item("model", "The model is tested for considerations of inclusion", (f"{_READY}test_a_first_name_changes_no_sentiment",)),
    Item(
        "infrastructure",
        "Training is reproducible",
        (
            f"{_TRAINING}test_a_candidate_that_passes_becomes_champion_and_the_same_data_make_no_other",
            f"{_LEARN}tasks/test_sentiment.py::test_the_stored_model_is_the_same_bytes_again_and_says_the_same",
        ),
    ),
    Item(
        "infrastructure",
        "Model specs are unit tested",
        (
            f"{_LEARN}test_discovery.py::test_every_file_is_a_task_with_tables",
            f"{_LEARN}tasks/test_sentiment.py::test_it_tells_opinions_of_other_posts_of_the_same_town",
            f"{_LEARN}tasks/test_sentiment.py::test_one_class_is_refused_and_no_posts_are_fine",
        ),
    ),
    Item(
        "infrastructure",
        "The ML pipeline is integration tested",
        ("test_pipeline.py::test_every_table_is_published_and_every_hour_is_there",),
    ),
    Item(
        "infrastructure",
        "Model quality is validated before serving",
        (f"{_TRAINING}test_a_candidate_that_fails_the_gate_is_not_promoted",),
        ("sentiment/evaluation:gate",),
    ),
    Item("infrastructure", "The model is debuggable", (f"{_READY}test_an_answer_to_one_post_is_followed_word_by_word",)),
    Item(
        "infrastructure",
        "Models are canaried before serving",
        (f"{_MODELS}test_promotion.py::test_a_challenger_in_shadow_is_compared_and_publishes_nothing",),
    ),
    Item(
        "infrastructure",
        "Serving models can be rolled back",
        (
            f"{_TRAINING}test_a_rollback_brings_back_the_champion_before_and_lasts",
            f"{_MODELS}test_promotion.py::test_a_bundle_that_was_changed_is_refused_and_a_rollback_writes_it_anew",
        ),
    ),
    Item(
        "monitoring",
        "Dependency changes result in notification",
        (
            "retail/test_seen.py::test_a_required_column_that_is_gone_stops_and_is_mended_by_a_right_export",
            f"{_DRIFT}test_the_verdict_says_what_else_was_different",
            f"{_MODELS}test_promotion.py::test_a_sentiment_that_turns_labels_round_blocks_what_counts_them",
        ),
        ("sentiment/evaluation:chain",),
    ),
    Item(
        "monitoring",
        "Data invariants hold for inputs",
        (
            "operations/test_history_checks.py::test_the_newest_day_is_judged_by_the_days_before_it_and_stops_what_comes_after",
            f"{_DRIFT}test_what_changed_is_found_and_named",
        ),
        ("quality/daily_summaries:drift_of_social_clean_posts",),
    ),
    Item(
        "monitoring",
        "Training and serving are not skewed",
        (
            f"{_MODELS}test_features.py::test_training_gets_what_was_served",
            f"{_MODELS}test_features.py::test_a_feature_that_was_served_otherwise_is_named_by_the_check",
        ),
        ("models/post_features:replays",),
    ),
    Item(
        "monitoring", "Models are not too stale", (f"{_LEARN}test_retraining.py::test_each_reason_trains_and_the_cool_down_holds_it_back",)
    ),
    Item(
        "monitoring",
        "Models are numerically stable",
        (f"{_LEARN}test_discovery.py::test_answers_that_are_no_probabilities_are_refused",),
    ),
    Item(
        "monitoring",
        "Computing performance has not regressed",
        ("lib/quality/test_run_times.py::test_twice_the_usual_and_a_minute_more_is_slow_and_one_that_hung_is_no_norm",),
    ),
    Item(
        "monitoring",
        "Prediction quality has not regressed",
        ("monitoring/test_outcomes.py::test_a_model_that_got_worse_beyond_both_intervals_is_told",),
    ),
)
"""The 28 items of the paper in its order."""


def existing_tests(root: Path) -> frozenset[str]:
    """Node ids, without parameters, of the test functions in the files that items name, below a folder; nothing is imported."""
    files = sorted({test.partition("::")[0] for item in ITEMS for test in item.tests})
    return frozenset(
        f"{name}::{node.name}"
        for name in files
        if (root / name).exists()
        for node in ast.parse((root / name).read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test")
    )


def points(item: Item, passed: Collection[str], checks: Collection[str] | None = None) -> float:
    """Points of an item. passed: node ids that passed (or, before a run, that exist); checks: defined asset checks, None: not asked."""
    automated = bool(item.tests) and set(item.tests) <= set(passed) and (checks is None or set(item.checks) <= set(checks))
    return 1.0 if automated else 0.5 if item.procedure else 0.0


def section_scores(passed: Collection[str], checks: Collection[str] | None = None) -> dict[str, float]:
    """Sum of the points of each section."""
    return {name: sum(points(item, passed, checks) for item in ITEMS if item.section == name) for name in SECTIONS}


def score(sections: Mapping[str, float]) -> float:
    """The score: the lowest of the sections."""
    return min(sections.values())


def page(existing: Collection[str], note: str) -> str:
    """docs/ml-test-score.md: each item with what earns it. existing: node ids of tests that there are."""
    sections = section_scores(existing)
    lines = [
        "# ML Test Score",
        "",
        note,
        "The 28 items of Breck et al., *The ML Test Score: A Rubric for ML Production Readiness and Technical Debt Reduction*",
        "(IEEE Big Data 2017). A test that runs by itself earns a point, a documented procedure by hand half a point; the score is the",
        "lowest of the four sections. The table counts tests that exist; each run of all tests counts again those that ran and passed,",
        "prints that score and fails where it is lower than this. A skipped test earns nothing. A review of a",
        "model spec is a record that names the file's hash: the test proves that it is of today's file, not that it was thorough. Tests",
        "of a model are of `sentiment` and of opinions that the simulation writes: its words and their affective scores are shown to help",
        "there; of what each feature of the demand forecaster brings no test says anything, nor does one measure what a feature costs:",
        "the gate asks a model for a speed as a whole.",
        "",
        f"**{score(sections):.1f}**: " + ", ".join(f"{name} {points_of:.1f}" for name, points_of in sections.items()) + ".",
        "",
        "| | item | points | earned by |",
        "|---|---|---|---|",
    ]
    for number, item in enumerate(ITEMS):
        place = number - next(at for at, one in enumerate(ITEMS) if one.section == item.section) + 1
        found = (
            [f"`{test}`" for test in item.tests] + [f"check `{check}`" for check in item.checks] if set(item.tests) <= set(existing) else []
        )
        found += [f"by hand: [{item.procedure}]({item.procedure.removeprefix('docs/')})"] if item.procedure else []
        lines.append(f"| {item.section} {place} | {item.text} | {points(item, existing):.1f} | {'<br>'.join(found) or 'nothing yet'} |")
    return "\n".join([*lines, ""])
