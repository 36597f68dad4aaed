"""Groups of the last hour's posts, and how much each tells: what its posts share, and since when.

What belongs here: clustering the hour, the gain and z of each group, its telling terms. What doesn't: which group is raised and which
goes on with an earlier alert (``alerts``), how posts are held (``alert_window``).

- *what*: ``gain`` in nats a post. Each term of the group's posts is coded with its share among the group's *other* posts and with its
  share elsewhere; the differences, summed over the terms that gain, are what knowing the group tells of a post. Elsewhere is the
  day outside the group or everyday language (``topics/background``), whichever has the term more often: a word that this small day
  happens not to have is not rare. A group around an everyday word gains ln(1 / its share) once, an event gains from several
  rare terms at once: cohesion and rarity in one number, a leave-one-out log-likelihood ratio (Dunning, Computational Linguistics 1993).
- *when*: ``z``. The terms that gain are a profile; posts of the day that hold half of it or more are about the same thing, whatever group
  they are in. z is the signed root of the negative binomial deviance of their number in the last hour against their share of the day.

The gain of a word seen nowhere else grows as the logarithm of the day's posts, and so does what chance finds among them: gain is
counted per ln(posts of the day), times 9, its value for a day of 8,000 posts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from trend_assets.lib.trends.alert_window import Window, distinct_values
from trend_assets.lib.trends.bursts import deviance_residual
from trend_assets.lib.trends.history import Floats, Integers

if TYPE_CHECKING:
    from trend_assets.lib.topics.vectors import Vocabulary

_DISPERSION = 0.2
_PRIOR_POSTS, _PRIOR_VOLUME = 0.5, 500.0
_REFERENCE = 9.0
_SMALLEST_DAY = 1000


class Groups(NamedTuple):
    """Candidate groups: rows of the window in each, distinct posts, authors, gain, profile, z.

    A profile has the group's most telling terms and what each saves, in nats a post, strongest first.
    """

    rows: list[Integers]
    distinct: Integers
    authors: Integers
    gain: Floats
    profile: list[dict[str, float]]
    z: Floats


class _Terms(NamedTuple):
    """Each term that gains in a group: group, term, nats saved a post of the group, nats saved a post that holds it."""

    group: Integers
    term: Integers
    saved: Floats
    weight: Floats


def groups_of_hour(
    window: Window, first: int, seen: int, vocabulary: Vocabulary, *, least_posts: int, least_authors: int, least_gain: float, terms: int
) -> Groups:
    """Groups of the last hour (rows ``first`` to ``seen``) with so many distinct posts and authors and so much gain.

    As many distinct posts and authors of the hour must hold the profile: what hangs together only link by link has none.
    ``terms`` is how many a profile has at most. Cost: a clustering of the hour and one pass over the day's terms.
    """
    recent = np.arange(first, seen)
    label = _clusters(window, recent, vocabulary.terms)
    count = int(label.max()) + 1 if label.size else 0
    inside = label >= 0
    distinct = distinct_values(label[inside], window.copies[recent][inside], count)
    authors = distinct_values(label[inside], window.authors[recent][inside], count)
    chosen = np.flatnonzero((distinct >= least_posts) & (authors >= least_authors))
    number = np.full(count + 1, -1, dtype=np.int64)
    number[chosen] = np.arange(chosen.size)
    group = np.where(inside, number[label], -1)
    gaining = _gains(window, recent, group, chosen.size, seen, vocabulary)
    gain: Floats = np.bincount(gaining.group, weights=gaining.saved, minlength=chosen.size).astype(np.float64)
    scaled = gain * (_REFERENCE / np.log(max(seen, _SMALLEST_DAY)))
    # z can only lower the score: what doesn't gain enough need not be looked for in the whole day.
    able = np.flatnonzero(scaled >= least_gain)
    z = np.zeros(chosen.size)
    if able.size:
        texts, writers, z[able] = _when(window, first, seen, able, gaining, gain)
        able = able[(texts >= least_posts) & (writers >= least_authors)]
    rows = [recent[group == one] for one in able.tolist()]
    profiles = [_profile(gaining, one, vocabulary, terms) for one in able.tolist()]
    return Groups(rows, distinct[chosen[able]], authors[chosen[able]], scaled[able], profiles, z[able])


def _clusters(window: Window, rows: Integers, words: list[str]) -> Integers:
    """Clusters of the given posts by themselves, numbered from 0, -1 for none."""
    from trend_assets.lib.topics.clustering import cluster

    part = window.take(rows)
    terms = pa.array(words, pa.string()).take(pa.array(part.terms))
    documents = pa.ListArray.from_arrays(pa.array(part.starts.astype(np.int32)), terms)
    return np.asarray(cluster(documents, np.arange(rows.size), near_duplicate_keys=part.copies).topic, dtype=np.int64)


def _gains(window: Window, recent: Integers, group: Integers, count: int, seen: int, vocabulary: Vocabulary) -> _Terms:
    """The terms that gain, by group and hash."""
    from trend_assets.lib.topics.background import expected_share

    width = max(len(vocabulary), 1)
    posts = np.bincount(group[group >= 0], minlength=count)
    ends = window.starts[seen]
    in_day = np.bincount(window.terms[:ends], minlength=width)
    begin = window.starts[recent[0]]
    of = np.repeat(group, np.diff(window.starts[recent[0] : seen + 1]))
    terms = window.terms[begin:ends]
    pairs, held = np.unique(of[of >= 0] * width + terms[of >= 0], return_counts=True)
    owner, term = np.divmod(pairs, width)
    order = np.lexsort((vocabulary.hashes[term], owner))
    owner, term, held = owner[order], term[order], held[order]
    share = (held - 1.0) / np.maximum(posts[owner], 1)
    in_day_outside = (in_day[term] - held + 0.5) / (seen - posts[owner] + 1.0)
    everyday = expected_share(vocabulary.frequencies[term], in_day[term], float(ends) / max(seen, 1))
    elsewhere = np.maximum(in_day_outside, everyday)
    gains = share > elsewhere
    owner, term, held = owner[gains], term[gains], held[gains]
    weight = np.log(share[gains] / elsewhere[gains])
    return _Terms(owner, term, held / posts[owner] * weight, weight)


def _profile(gaining: _Terms, group: int, vocabulary: Vocabulary, most: int) -> dict[str, float]:
    """The group's most telling terms and what each saves, strongest first; ties by the term's hash."""
    mine = np.flatnonzero(gaining.group == group)
    order = np.lexsort((vocabulary.hashes[gaining.term[mine]], -np.round(gaining.saved[mine], 9)))[:most]
    names = [vocabulary.terms[term] for term in gaining.term[mine][order].tolist()]
    return dict(zip(names, gaining.saved[mine][order].tolist(), strict=True))


def _when(window: Window, first: int, seen: int, able: Integers, gaining: _Terms, gain: Floats) -> tuple[Integers, Integers, Floats]:
    """Distinct posts and authors of the last hour that hold half of each group's profile or more, and z of these posts; (able,) each."""
    from scipy import sparse

    column = np.full(int(gaining.group.max()) + 1, -1, dtype=np.int64)
    column[able] = np.arange(able.size)
    mine = column[gaining.group] >= 0
    width = int(max(window.terms.max(), gaining.term.max())) + 1
    ends = window.starts[seen]
    day = sparse.csr_matrix((np.ones(ends), window.terms[:ends], window.starts[: seen + 1]), shape=(seen, width))
    place = (gaining.term[mine], column[gaining.group[mine]])
    held = (day @ sparse.csr_matrix((gaining.weight[mine], place), shape=(width, able.size))).tocoo()
    about = held.data >= 0.5 * gain[able][held.col]
    column_of, row = held.col[about & (held.row >= first)].astype(np.int64), held.row[about & (held.row >= first)]
    in_hour = np.bincount(column_of, minlength=able.size)
    texts, writers = (distinct_values(column_of, values[row], able.size) for values in (window.copies, window.authors))
    before = np.bincount(held.col[about & (held.row < first)], minlength=able.size)
    expected: Floats = np.asarray((before + _PRIOR_POSTS) / (first + _PRIOR_VOLUME) * (seen - first), dtype=np.float64)
    size: Floats = np.asarray(1.0 / (_DISPERSION + 1.0 / (1.0 + before)), dtype=np.float64)
    return texts, writers, deviance_residual(in_hour, expected, size)
