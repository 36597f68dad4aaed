"""How often the accuracy of unlabelled windows is within its estimated bounds: simulated shifts, and the town's posts in other words.

    python -m benchmarks.estimation [--windows 100]

What belongs here: making windows whose truth is known. What doesn't: the method (``trend_assets/lib/learning/estimation.py``).

Three classes in four dimensions, a logistic regression, 400 labelled posts that it was not trained on, windows of 1,000. In *concept*
the inputs stay and the labels of a fifth to a half of the space change: nothing unlabelled can tell, so the estimate must be wrong, and
labels of earlier weeks (the queue's random share of a week, of four weeks) must take it back. Text: the town's opinions, trained in the
development family's words, windows in the same words, with more of one sentiment, and in the evaluation family's words, which the model
has never seen.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np

from trend_assets.lib.learning.estimation import Labelled, agrees, estimate, unlike_share
from trend_assets.lib.learning.outcomes import share

CLASSES, DIMENSIONS, WINDOW, LABELLED = 3, 4, 1_000, 400
LATER = (70, 280)
"""Labels at random that come later: of a week, of four weeks."""
MIDDLES = np.array([[0.0, 0.0, 0.0, 0.0], [1.3, 0.4, 0.0, 0.0], [0.3, 1.4, 0.5, 0.0]])
Drawn = tuple[np.ndarray, np.ndarray]


def draw(rng: np.random.Generator, count: int, shares: np.ndarray | None = None, move: np.ndarray | float = 0.0) -> Drawn:
    """Points and their classes."""
    classes = rng.choice(CLASSES, size=count, p=shares)
    return MIDDLES[classes] + rng.normal(size=(count, DIMENSIONS)) + move, classes


def covariate(rng: np.random.Generator) -> Drawn:
    """Other points, the same rule: kept with a probability that depends on where they are."""
    points, classes = draw(rng, 6 * WINDOW)
    direction = rng.normal(size=DIMENSIONS)
    keep = rng.random(len(points)) < 1 / (1 + np.exp(-points @ (direction / np.linalg.norm(direction)) * rng.uniform(0.5, 2)))
    return points[keep][:WINDOW], classes[keep][:WINDOW]


def concept(rng: np.random.Generator) -> Drawn:
    """The same points, other classes in a part of the space."""
    points, classes = draw(rng, WINDOW)
    direction = rng.normal(size=DIMENSIONS)
    side = points @ direction
    changed = side > np.quantile(side, rng.uniform(0.5, 0.8))
    return points, np.where(changed, (classes + 1) % CLASSES, classes)


REGIMES: dict[str, Callable[[np.random.Generator], Drawn]] = {
    "nothing changed": lambda rng: draw(rng, WINDOW),
    "label shift": lambda rng: draw(rng, WINDOW, rng.dirichlet(np.ones(CLASSES) * 2)),
    "covariate shift": covariate,
    "moved a little": lambda rng: draw(rng, WINDOW, move=rng.normal(size=DIMENSIONS) * 0.25),
    "moved beyond what was labelled": lambda rng: draw(rng, WINDOW, move=rng.choice([-4.0, 4.0], size=DIMENSIONS)),
    "concept drift, no labels yet": concept,
}


def words(points: np.ndarray) -> list[list[str]]:
    """Points as words: each coordinate in steps of a half."""
    return [[f"{axis}:{step}" for axis, step in enumerate(row)] for row in np.floor(points * 2).astype(int).tolist()]


def simulated(windows: int, seed: int = 7) -> None:
    """Print a row for each regime."""
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(seed)
    kept: dict[str, list[tuple[float | None, float | None, float | None, float]]] = {name: [] for name in REGIMES}
    taken: dict[tuple[str, int], list[bool]] = {}
    for _ in range(windows):
        points, classes = draw(rng, 1_000)
        model = LogisticRegression(max_iter=500).fit(points, classes)
        held, truth = draw(rng, LABELLED)
        said = model.predict_proba(held)
        labelled = Labelled(said.max(axis=1), said.argmax(axis=1), truth, np.where(held[:, 3] > 0, "a", "b"))
        for name, make in REGIMES.items():
            new, came = make(rng)
            told = model.predict_proba(new)
            unlike = unlike_share(words(points), words(held), words(new))
            found = estimate(labelled, told.max(axis=1), told.argmax(axis=1), CLASSES, unlike, None)
            right = told.argmax(axis=1) == came
            kept[name].append((found.value, found.low, found.high, float(right.mean())))
            for count in LATER:
                agreed = agrees(found, share(rng.choice(right, count, replace=False)))
                taken.setdefault((name, count), []).append(agreed is False)
    for name, rows in kept.items():
        line(name, rows)
    for name in ("nothing changed", "covariate shift", "concept drift, no labels yet"):
        told = ", ".join(f"by {count} labels {np.mean(taken[name, count]):.0%}" for count in LATER)
        print(f"{name.removesuffix(', no labels yet')}: estimate taken back {told} of windows")


def line(name: str, rows: list[tuple[float | None, float | None, float | None, float]]) -> None:
    """One regime: share without estimate; of the others truth within bounds, width, mean absolute error."""
    told = [(value, low, high, came) for value, low, high, came in rows if value is not None and low is not None and high is not None]
    silent = 1 - len(told) / len(rows)
    if not told:
        print(f"{name:36s} unknown {silent:4.0%}")
        return
    within = np.mean([low <= came <= high for _, low, high, came in told])
    width, off = np.mean([high - low for _, low, high, _ in told]), np.mean([abs(value - came) for value, _, _, came in told])
    print(f"{name:36s} unknown {silent:4.0%} | of the others within bounds {within:4.0%}, width {width:.3f}, off by {off:.3f}")


def texts(windows: int, seed: int = 11) -> None:
    """The town's opinions: posts about the brand, in words that were trained on and in others."""
    from trend_assets.lib.learning.text_classifier import fit_text_classifier, probabilities
    from trend_assets.lib.simulation import texts_en, texts_fr
    from trend_assets.lib.simulation.grammar import Dice, Grammar
    from trend_assets.lib.simulation.opinions import SENTIMENTS, opinion_rules

    rng = np.random.default_rng(seed)
    grammars = {
        family: {
            code: Grammar(opinion_rules(family, code, given.SHARED, given.CHATTER["weather"]))
            for code, given in (("en", texts_en), ("fr", texts_fr))
        }
        for family in ("development", "evaluation")
    }

    def posts(count: int, family: str, shares: list[float] | None = None, wrong: float = 0.08) -> tuple[list[str], np.ndarray, list[str]]:
        truth = rng.choice(3, size=count, p=shares)
        languages = rng.choice(["en", "en", "fr"], size=count).tolist()
        found = [
            grammars[family][language].expand(SENTIMENTS[one], Dice(int(rng.integers(2**62))))
            for one, language in zip(truth.tolist(), languages, strict=True)
        ]
        slipped = rng.random(count) < wrong  # people write one thing and mean another
        return found, np.where(slipped, rng.integers(0, 3, count), truth), languages

    trained, classes, _ = posts(800, "development")
    model = fit_text_classifier(trained, [SENTIMENTS[one] for one in classes.tolist()], authors=[str(number) for number in range(800)])
    held, truth, languages = posts(300, "development")
    said = probabilities(model, held, SENTIMENTS)
    labelled = Labelled(said.max(axis=1), said.argmax(axis=1), truth, np.asarray(languages))
    regimes = {
        "text: the same words": ("development", None),
        "text: eight in ten negative": ("development", [0.8, 0.1, 0.1]),
        "text: words never seen": ("evaluation", None),
    }
    split = [post.lower().split() for post in trained], [post.lower().split() for post in held]
    for name, (family, shares) in regimes.items():
        rows = []
        for _ in range(max(windows // 4, 5)):
            new, came, _ = posts(500, family, shares)
            told = probabilities(model, new, SENTIMENTS)
            unlike = unlike_share(*split, [post.lower().split() for post in new])
            found = estimate(labelled, told.max(axis=1), told.argmax(axis=1), 3, unlike, None)
            rows.append((found.value, found.low, found.high, float((told.argmax(axis=1) == came).mean())))
        line(name, rows)


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--windows", type=int, default=100, help="windows of each regime")
    options = parser.parse_args()
    simulated(options.windows)
    texts(options.windows)


if __name__ == "__main__":
    main()
