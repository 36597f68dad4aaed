"""X API v2: stream, search, counts, compliance, usage; what they cost, and a breaker that stops buying.

What belongs here: everything that speaks to X, and the price of it. What doesn't: the meaning of X's records (``lib/sources/x``).
"""
