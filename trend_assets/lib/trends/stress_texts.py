"""In how many different texts a topic is told, and whether these are oddly few: a few sentences posted again and again all day.

What belongs here: copies over a whole day, and the rule on them. What doesn't: copies within a minute and the other reasons for which
posts fall away (``stress_sums``, ``stress``), groups of accounts (``lib/coordination``).

A wave of machines that posts a handful a time leaves gaps of minutes between its copies, and its accounts meet too seldom to be a group:
neither rule sees it. What it cannot hide is that a whole day of it is three or four sentences. People copy, too, above all headlines; so
a topic is told in too few texts where hardly any voice has words of its own, or where it has fewer texts than a trend needs people, and
more copies among them than is usual in this lake (a binomial tail).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from trend_assets.lib.coordination.chance import at_least_p_values
from trend_assets.lib.coordination.near_copies import Hashes, Integers, Texts, copies, joined

LEAST_VOICES = 5
OWN_WORDS = 0.34
"""With so few different texts a voice it is always copying; the ranking's own bound for the copies of an hour."""
FEW_TEXTS = 5
OWN_WORDS_OF_FEW = 0.6
ODD = 0.02
_LOOKED_AT, _BANDS_LOOKED_AT = 0.9, 2
_USUAL = (0.05, 0.3)
"""Shares of copies in a lake that are believed: a small lake may hold none, and one of machines alone teaches nothing."""


def count_texts(topic: Integers, account: Hashes, text: Integers, worded: npt.NDArray[np.bool_], topics: int) -> tuple[Integers, Integers]:
    """Voices and different texts of each topic, (topics,) each, of posts (n,). A voice is an account with a text of its own choice.

    ``worded``: posts whose text is long enough to be a copy; short ones many say who know nothing of one another.
    """
    order = np.lexsort((account, text, topic))
    topic, account, text = topic[order], account[order], text[order]
    new_text = np.ones(len(order), bool)
    new_text[1:] = (topic[1:] != topic[:-1]) | (text[1:] != text[:-1])
    new_voice = new_text.copy()
    new_voice[1:] |= account[1:] != account[:-1]
    own = new_text | (new_voice & ~worded[order])
    return np.bincount(topic[new_voice], minlength=topics), np.bincount(topic[own], minlength=topics)


def texts_of_day(hours: Sequence[Texts], topic: Integers, account: Hashes, text: Integers, topics: int) -> tuple[Integers, Integers]:
    """Voices and different texts of each topic over the hours, (topics,) each.

    ``hours``: the texts of each that are long enough to be copied. ``text``: keys of near-copies within each post's hour. Hours don't know
    one another's copies, so topics with a sign of any are looked at again with the words of all of them.
    """
    keys = np.concatenate([hour.key for hour in hours])
    keys, first = np.unique(keys, return_index=True)
    place = np.minimum(np.searchsorted(keys, text), max(len(keys) - 1, 0))
    worded = keys[place] == text if len(keys) else np.zeros(len(text), bool)
    voices, texts = count_texts(topic, account, text, worded, topics)
    sign = texts.copy()
    for band in range(_BANDS_LOOKED_AT):
        alike = np.concatenate([hour.bands[:, band] for hour in hours])[first].view(np.int64)
        told = np.where(worded, alike[place], text) if len(keys) else text
        sign = np.minimum(sign, count_texts(topic, account, told, worded, topics)[1])
    among = worded & ((voices >= LEAST_VOICES) & ((sign < _LOOKED_AT * voices) | (texts < 2 * FEW_TEXTS)))[topic]
    if not among.any():
        return voices, texts
    wanted = np.unique(text[among])
    day = joined([hour.take(np.flatnonzero(np.isin(hour.key, wanted))) for hour in hours])
    text = text.copy()
    text[among] = copies(day)[np.searchsorted(day.key, text[among])]
    return count_texts(topic, account, text, worded, topics)


def too_few_texts(voices: Integers, texts: Integers, usual: float) -> npt.NDArray[np.bool_]:
    """Whether topics (n,) are a few sentences again and again; ``usual``: share of the lake's voices that copy another."""
    odd = at_least_p_values(voices - texts, np.maximum(voices - 1, 0), float(np.clip(usual, *_USUAL))) <= ODD
    few = (texts < FEW_TEXTS) & (texts <= OWN_WORDS_OF_FEW * voices) & odd
    result: npt.NDArray[np.bool_] = (voices >= LEAST_VOICES) & (few | (texts <= OWN_WORDS * voices))
    return result
