"""The lake: published tables in a folder or a bucket.

What belongs here: the publish protocol, reading, manifests, Parquet, storage. What doesn't: which tables there are (``tables/``),
landing files (``landing/``).
"""
