"""Operations: the project's own night, as an asset to look at."""
