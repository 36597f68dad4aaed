"""The board's pages, one module each, with a function ``page()``."""
