"""Evaluation: how good our methods are on labelled data, a user's own included, beside peers on the same data.

What belongs here: measures, protocols and peers, as pure functions. What doesn't: the methods themselves (``lib/topics``,
``lib/trends``, ``lib/influence``), the command's options and printing (``commands/evaluate.py``), committed figures (``benchmarks/``).
"""
