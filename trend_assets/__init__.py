"""trend_assets: social posts in, trends linked to products, stock and orders out.

What belongs here: the version, nothing else. Importing the package must stay free of side effects.
"""

__version__ = "0.2.0.dev0"
