"""Coordination: groups of accounts that act together more often than chance explains.

What belongs here: acts (near-copies, links, reposts, hashtag sequences), who coincides with whom and how surprising that is,
groups, their verdicts, and the weights that make such a group count as one voice. What doesn't: how robust a trend is
(``lib/trends/stress``), who is amplified (``lib/influence``).

Reading order: ``near_copies`` (texts that differ by a few words), ``acts`` (an hour of posts as acts), ``coincidences`` (acts on the
same thing within seconds or minutes, by hour), ``chance`` (what independent accounts would do), ``groups`` (the rolling window,
verdicts, rows, weights). ``commerce`` knows the shapes of paid posts, giveaways and resale listings, for here and for the stress test.

Many accounts that coincide once are a crowd: people repost the same news within a minute. The same accounts that coincide again
and again, or one script posted by accounts that post nothing else, are coordinated. Which of the two a group is decides its verdict;
who is in it is never published: a row says how many accounts, never which, and groups under five accounts have no row.

Sources: account-feature networks (Pacheco et al., "Uncovering Coordinated Networks on Social Media", ICWSM 2021); co-posting and
co-reposting within a minute (Keller et al., "Political Astroturfing on Twitter", Political Communication 2020); loosely synchronised
actions (Cao et al., "Uncovering Large Groups of Active Malicious Accounts in Online Social Networks" (SynchroTrap), CCS 2014);
trends pushed by posts that are deleted at once (Elmas et al., "Ephemeral Astroturfing Attacks", EuroS&P 2021); MinHash (Broder, "On
the Resemblance and Containment of Documents", 1997).
"""

from __future__ import annotations

from trend_assets.lib.coordination.groups import Coordination, coordination_by_hour

__all__ = ["Coordination", "coordination_by_hour"]
