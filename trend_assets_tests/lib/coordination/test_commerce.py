"""Paid posts, giveaways and listings by their shape, in French and English, and what only looks like one."""

from __future__ import annotations

import pyarrow as pa
import pytest

from trend_assets.lib.coordination.commerce import GIVEAWAY, NONE, PAID, RESALE, commercial_kinds


def kind(text: str, hashtags: tuple[str, ...] = (), language: str = "en") -> int:
    return int(commercial_kinds(pa.array([text]), pa.array([list(hashtags)], pa.list_(pa.string())), pa.array([language]))[0])


@pytest.mark.parametrize(
    ("text", "hashtags", "language", "expected"),
    [
        ("Loving this serum so much", ("ad", "skincare"), "en", PAID),
        ("Paid partnership: a scarf that keeps its promise", (), "en", PAID),
        ("Partenariat rémunéré : une écharpe qui tient ses promesses", (), "fr", PAID),
        ("Ma routine du soir", ("pub",), "fr", PAID),
        ("10 % sur tout le site avec le code LINA10", (), "fr", PAID),
        ("GIVEAWAY! Follow @user and tag two friends to win a coat", (), "en", GIVEAWAY),
        ("CONCOURS 🎁 gagnez un manteau ! Suivez @user et partagez", (), "fr", GIVEAWAY),
        ("A gagner : un sac. RT + follow", (), "fr", GIVEAWAY),
        ("Check out what I just added to my closet on Poshmark: wool coat.", (), "en", RESALE),
        ("Just listed: linen dress, size 10, worn once. £18 + p&p", (), "en", RESALE),
        ("Nouvelle annonce : robe taille 38, très bon état, 12 €", ("vinted",), "fr", RESALE),
        ("À vendre manteau en laine jamais porté 40€", (), "fr", RESALE),
        ("Wool coat, size 38, never worn, £40", (), "en", RESALE),
        ("Je me sépare de cette robe, 15 €, remise en main propre", (), "fr", RESALE),
        ("Verkaufe Mantel, neu mit Etikett, 30 €", (), "de", RESALE),
    ],
)
def test_a_commercial_post_is_known_by_its_shape(text, hashtags, language, expected):
    assert kind(text, hashtags, language) == expected


@pytest.mark.parametrize(
    ("text", "hashtags", "language"),
    [
        ("Vinted is so slow today", (), "en"),
        ("Great quiz night at the local", ("pub", "quiz"), "en"),
        ("I paid $40 for this coat and I regret nothing", (), "en"),
        ("Elle a réussi le concours de médecine !", (), "fr"),
        ("We can win this match", (), "en"),
        ("le prix de l'essence augmente encore", (), "fr"),
        ("brand new day, size matters", (), "en"),
        ("the competition was fierce and we still won", (), "en"),
        ("mes pulls sont en bon état malgré tout", (), "fr"),
        ("she shares everything with me, like always", (), "en"),
        ("", (), "und"),
        ("🧥🧥🧥", (), "und"),
        ("مرحبا بالعالم", (), "ar"),
    ],
)
def test_talk_that_only_names_such_things_is_no_commerce(text, hashtags, language):
    assert kind(text, hashtags, language) == NONE


def test_a_text_of_any_length_is_judged_in_linear_time():
    assert kind("win a coat, follow us " * 20_000) == GIVEAWAY
    assert kind("a" * 100_000) == NONE


def test_no_posts_give_no_kinds():
    assert not len(commercial_kinds(pa.array([], pa.string()), pa.array([], pa.list_(pa.string())), pa.array([], pa.string())))
