"""The simulated town: a retailer and its social network, made up from a seed, with planted truth.

What belongs here: everything that composes the town, as pure functions of its parameters. What doesn't: writing files
(``trend_assets/simulate.py``), finding trends, and anything that reads the truth to find them.
"""
