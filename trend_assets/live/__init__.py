"""The live lane: provisional trends of hours that are not sealed yet.

What belongs here: a micro-batch, the history it starts from, what changes at sealing. What doesn't: the thinking (``lib/live``),
assets and sensors (``defs/live``).
"""
