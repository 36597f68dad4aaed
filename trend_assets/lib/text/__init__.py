"""Text of social posts: normalising, entities, language, words, near-duplicates, length.

What belongs here: pure functions over Arrow arrays of texts and the twitter-text rules they follow; ``clean.clean_posts``
puts them together. What doesn't: reading network formats (``lib/sources``), clustering of texts (``lib/topics``).
"""
