"""The people of the town: accounts with a language, place, interests, reach, habits and a role.

What belongs here: who exists. What doesn't: when they post (``rhythm.py``) and what (``posts.py``). All names are
composed from syllables; none belongs to anybody.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trend_assets.lib.simulation.catalogue import HANDLE, RETAILER, STORES
from trend_assets.lib.simulation.identifiers import random_base32
from trend_assets.lib.simulation.planted import PlantedTrend
from trend_assets.lib.simulation.rhythm import COMMUNITIES
from trend_assets.lib.simulation.town import TownParameters, stream

_ONSETS = (
    "b",
    "br",
    "c",
    "ch",
    "d",
    "dr",
    "f",
    "fl",
    "g",
    "gr",
    "h",
    "j",
    "k",
    "l",
    "m",
    "n",
    "p",
    "pr",
    "r",
    "s",
    "st",
    "t",
    "tr",
    "v",
    "w",
    "z",
)
_VOWELS = ("a", "e", "i", "o", "u", "ou", "ai", "ee", "ie", "au")
_CODAS = ("", "", "n", "l", "r", "s", "x", "m", "th", "ck", "ne", "lle")
_EXTRAS = ("", "", "", "_", "xo", "official", "writes", "bakes", "runs", "_fr", "_uk", "hq", "diary")

# Accounts that planted posts name, all on X; the first is the retailer's own.
NAMED_ACCOUNTS = ((HANDLE, RETAILER), ("deco_deals", "Deco Deals"), ("cosyclub_uk", "Cosy Club"), ("softhands_club", "Soft Hands Club"))

REGIONS = tuple((store.region, store.country) for store in STORES if store.channel == "store")
ROLES = ("ordinary", "influencer", "brand", "bot", "giveaway hunter", "reseller")
_COPYING_ROLES: dict[str, str] = {"bots": "bot", "giveaway": "giveaway hunter", "resale": "reseller"}


@dataclass(frozen=True)
class Authors:
    """All accounts, one row each: arrays of equal length, and lists of text.

    ``zone`` indexes ``rhythm.ZONES``, ``community`` ``rhythm.COMMUNITIES``, ``region`` ``REGIONS`` (-1: none), ``role`` ``ROLES``.
    ``pools`` gives the accounts behind a trend that only certain accounts post about, by trend id.
    """

    account_id: list[str]
    handle: list[str]
    name: list[str]
    bluesky: np.ndarray
    french: np.ndarray
    zone: np.ndarray
    region: np.ndarray
    community: np.ndarray
    followers: np.ndarray
    activity: np.ndarray
    habits: np.ndarray
    role: np.ndarray
    pools: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.account_id)


def _names(rng: np.random.Generator, count: int) -> tuple[list[str], list[str]]:
    # Handles in the same order for any number of accounts; repeats get a number.
    draws = rng.integers(0, 1 << 30, (count, 7)).tolist()
    taken = {handle for handle, _ in NAMED_ACCOUNTS}
    handles, names = [], []
    for first, second, third, fourth, fifth, sixth, number in draws:
        start = _ONSETS[first % len(_ONSETS)] + _VOWELS[second % len(_VOWELS)] + _CODAS[third % len(_CODAS)]
        finish = _ONSETS[fourth % len(_ONSETS)] + _VOWELS[fifth % len(_VOWELS)] + _CODAS[(fifth >> 8) % len(_CODAS)]
        handle = f"{start}{finish}{_EXTRAS[sixth % len(_EXTRAS)]}"
        if number % 3 == 0:
            handle += str(number % 97)
        while handle in taken:
            handle += str(number % 10)
            number = number // 10 + 1
        taken.add(handle)
        handles.append(handle)
        names.append(f"{start.capitalize()} {finish.capitalize()}" if number % 4 else start)
    return handles, names


def make_authors(parameters: TownParameters, trends: tuple[PlantedTrend, ...]) -> Authors:
    """The town's accounts. The first are ``NAMED_ACCOUNTS``."""
    rng = stream(parameters, "authors")
    count = parameters.authors
    named = len(NAMED_ACCOUNTS)
    handles, names = _names(stream(parameters, "names"), count - named)
    french = rng.random(count) < 0.30
    zone = np.where(french, 0, np.where(rng.random(count) < 0.68, 1, 2))
    region = np.where(zone == 2, -1, np.where(french, rng.integers(0, 5, count), 5 + rng.integers(0, 3, count)))
    activity = np.minimum(rng.pareto(1.25, count) + 0.08, 60.0)
    followers = np.minimum(np.exp(rng.normal(4.8, 1.6, count)) * (1 + activity / 10), 2e6).astype(np.int64)
    community = rng.choice(len(COMMUNITIES), size=count, p=_community_shares())
    bluesky = rng.random(count) < parameters.bluesky_share
    habits = (
        rng.choice([0, 3, 9, 15], size=count, p=[0.3, 0.25, 0.2, 0.25])
        | rng.choice([0, 2, 5, 9], size=count, p=[0.4, 0.3, 0.2, 0.1]) << 4
        | rng.integers(0, 14, count) << 8
        | rng.integers(0, 12, count) << 12
    )
    role = np.zeros(count, np.int8)
    for index in range(len(COMMUNITIES)):
        members = np.flatnonzero(community == index)
        best = members[np.argsort(-followers[members], kind="stable")[: max(1, len(members) // 60)]]
        role[best] = ROLES.index("influencer")
    bluesky[:named], french[:named], zone[:named], region[:named] = False, (True, False, False, False), (0, 1, 1, 1), (0, 5, 5, 5)
    role[:named], activity[:named], followers[:named] = ROLES.index("brand"), 0.0, (48_211, 9_120, 15_404, 7_333)
    pools = _pools(parameters, trends, role, activity, followers, french)
    digits = rng.integers(10**17, 18 * 10**17, count)
    dids = random_base32(stream(parameters, "dids"), count, 24)
    return Authors(
        account_id=[
            f"did:plc:{did}" if sky else str(number) for sky, did, number in zip(bluesky.tolist(), dids, digits.tolist(), strict=True)
        ],
        handle=[handle for handle, _ in NAMED_ACCOUNTS] + handles,
        name=[name for _, name in NAMED_ACCOUNTS] + names,
        bluesky=bluesky,
        french=french,
        zone=zone,
        region=region,
        community=community,
        followers=followers,
        activity=activity,
        habits=habits,
        role=role,
        pools=pools,
    )


def _community_shares() -> np.ndarray:
    sizes = 1.0 / np.arange(2, len(COMMUNITIES) + 2) ** 0.5
    return sizes / sizes.sum()


def _pools(
    parameters: TownParameters,
    trends: tuple[PlantedTrend, ...],
    role: np.ndarray,
    activity: np.ndarray,
    followers: np.ndarray,
    french: np.ndarray,
) -> dict[str, np.ndarray]:
    """Disjoint sets of ordinary accounts behind bot waves, giveaways and resale; bots and resellers post little else."""
    rng = stream(parameters, "pools")
    free = rng.permutation(np.flatnonzero((role == 0) & (followers < 2000)))
    pools: dict[str, np.ndarray] = {}
    scale = min(1.0, max(parameters.posts / 200_000, 0.1))
    used = 0
    for trend in trends:
        if trend.authors is None:
            continue
        wanted = max(6, round(trend.authors * (scale if trend.kind != "bots" else 1.0)))
        pool = free[used : used + wanted]
        used += wanted
        role[pool] = ROLES.index(_COPYING_ROLES[trend.kind])
        if trend.kind in ("bots", "resale"):
            activity[pool] *= 0.05
            followers[pool] = followers[pool] // 8
        french[pool] = np.arange(len(pool)) < trend.french_share * len(pool)
        pools[trend.trend_id] = np.sort(pool)
    return pools
