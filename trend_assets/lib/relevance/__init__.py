"""Relevance: whom a topic is for: our products or brands, a category or way of life, or nobody.

What belongs here: telling a brand from what merely has its name, trade from talk, people from machines, with the evidence in words.
What doesn't: whether a topic bursts (``lib/trends``), who pushes it (``lib/coordination``), which product it is about
(``lib/demand/links``).

Read in this order: ``lexicon`` (words of trade, a list of no brand), ``brands`` (where posts name one), ``signs`` (what each post shows,
counted), ``lanes`` (what the counts mean for a topic).
"""
