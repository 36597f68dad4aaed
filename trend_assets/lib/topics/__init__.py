"""Topics: what posts of a window are about, permanent ids for it, and its activity by hour.

What belongs here: clustering of a window (``vectors``, ``neighbours``, ``communities``, ``clustering``), the registry that
gives topics permanent ids (``registry``, ``labels``), the sealed lane over hours (``window``, ``assign``) and hourly counts
(``hours``). What doesn't: whether a topic is a trend (``lib/trends``), text cleaning (``lib/text``).
"""
