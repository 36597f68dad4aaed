"""The trend board: what a buyer opens in the morning.

What belongs here: the Streamlit application (``app.py``, ``sections/``), what it asks (``data.py``, ``lake_data.py``,
``health.py``), what it writes (``responses.py``), its words and looks. What doesn't: how answers are computed (``lib/``), and
Streamlit outside ``app.py``, ``sections/``, ``cache.py`` and ``view.py``: the rest is used by the printed digest too.
"""
