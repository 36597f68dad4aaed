"""Pictures: from bytes nobody vouches for to the probability of a product category.

What belongs here: checking and decoding (``images.py``), labelled folders and archives (``labelled_images.py``), near-duplicates
(``duplicates.py``), the networks (``networks.py``, needs torch), serving them (``serving.py``, needs onnxruntime only) and the classical
baseline (``classical.py``). What doesn't: the task (``image_tasks/``), fetching media of posts (``trend_assets/media``).
"""
