"""Pictures of posts: getting them, from a folder or from allowed hosts, and keeping nothing of them but what they show.

What belongs here: addresses that may be asked (``addresses.py``), fetching (``fetch.py``), a retailer's own folder (``folder.py``), an
hour's pictures to rows (``categories.py``). What doesn't: decoding and the model (``lib/learning/vision``), the asset (``defs/media``).
"""
