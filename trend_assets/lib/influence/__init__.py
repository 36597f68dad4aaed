"""Influence: who passes attention to whom, and who receives most of it now.

What belongs here: interactions from posts, rankings from interactions. What doesn't: trends (``lib/trends``), and any
judgement of a person: rankings count attention received, nothing else.
"""
