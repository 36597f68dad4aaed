"""Which products a trend is about: the words of its posts against the words of the catalogue, with abstention.

What belongs here: evidence, score and reason of a link. What doesn't: word forms (``words.py``) and what to do about
the products (``cards.py``). Nothing here knows a product, a brand or a language: a word counts by how few products it
names (inverse document frequency over catalogue names) and by how much more often the trend's posts use it than all
other posts of the day. Measured with ``benchmarks/links.py``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from trend_assets.lib.demand.embeddings import Embedder
from trend_assets.lib.demand.meaning import MeaningRules, Meant, language_of, main_languages, means_it, meant_names, without_words
from trend_assets.lib.demand.similarity import Nearest, grams_of, nearest_products, unit_rows
from trend_assets.lib.demand.translations import learn_translations
from trend_assets.lib.demand.words import Catalogue, PostWords, build_catalogue, match_posts, words_of
from trend_assets.tables import TABLES

LINKS = TABLES["demand/product_trend_links"]
_CATALOGUE_COLUMNS = ("product_id", "product_name", "product_name_fr", "product_type", "category", "colour")


@dataclass(frozen=True)
class LinkRules:
    """When a word is evidence and when evidence is a link. Shares are of the topic's different texts of the day.

    ``least_posts``: of a topic. ``least_voices``: different texts, and authors, that use a word.
    ``least_share``: a word in fewer texts of the topic is an aside. ``least_lift``: its share over its share elsewhere.
    ``most_elsewhere``: a word in a larger share of the other texts of the day is everyday language.
    ``full_share``: a word in this share of the texts counts fully.
    ``generic_share``: a word that names a larger share of the catalogue is no evidence by itself.
    ``common_topics``: a word telling in more than this share of the day's topics (and in more than 5) is chatter.
    ``colour_weight``: words of a product's colour count this much: posts rarely name it, and it doesn't say what a thing is.
    ``least_score``: of a link; ``least_of_best``: of a further one against the best.
    ``least_together``: share of the texts with two of the matched words at once.
    ``lone_share``: what a single matched word needs, and besides ``lone_coverage`` of the name or support (below).
    ``kind_share``: matched words must say what kind of thing they name. A word says it where this share of at least 3
    products and ``kind_products`` of the catalogue that it names are of one type. Else the texts must support it: another
    word of the name, type or category in ``least_support`` of them, ``support_lift`` times as often as elsewhere, whose
    products are of one type in ``support_type``. ("Advent" of three shoes named so does not speak of shoes; "dress" does.)
    ``most_alike``: more products than this that the same words name are no choice. ``most_products``: links per topic.
    ``kind_names``: a word in so many names that differ in more than colour, or a word of a type or category, tells the kind.
    ``least_kind_score``: what a category needs to be linked without a product.
    ``profile_words``: telling words of a topic, of the catalogue or not, it is compared by. ``most_nearest``: products kept as nearest.
    ``alike_in_writing``: cosine of character n-grams from which they count as evidence of their own.
    """

    least_posts: int = 5
    least_voices: int = 3
    least_share: float = 0.08
    least_lift: float = 4.0
    most_elsewhere: float = 0.01
    full_share: float = 0.3
    generic_share: float = 0.05
    common_topics: float = 0.1
    colour_weight: float = 0.25
    least_score: float = 0.3
    least_of_best: float = 0.6
    least_together: float = 0.05
    lone_share: float = 0.3
    lone_coverage: float = 0.6
    kind_share: float = 0.8
    kind_products: float = 0.001
    least_support: float = 0.1
    support_lift: float = 3.0
    support_type: float = 0.5
    most_alike: int = 30
    most_products: int = 10
    kind_names: int = 2
    least_kind_score: float = 0.5
    profile_words: int = 12
    most_nearest: int = 20
    alike_in_writing: float = 0.5


@dataclass(frozen=True)
class _Candidates:
    """Products that a topic's telling words name. Parallel arrays over candidate products, best first."""

    product: np.ndarray
    name: np.ndarray
    score: np.ndarray
    coverage: np.ndarray
    alike: np.ndarray
    words: list[np.ndarray]
    evidence_posts: np.ndarray
    together: np.ndarray


@dataclass(frozen=True)
class Kind:
    """What kind of product a topic speaks of. ``product_type`` is null in a catalogue without types; ``score`` is 0..1."""

    category: str | None
    product_type: str | None
    score: float
    words: np.ndarray


@dataclass(frozen=True)
class DayOfLinks:
    """``links``: rows of ``demand/product_trend_links``. ``nearest``: one row per topic: ``topic_id``, ``category_score``,
    ``product_ids``, ``similarities`` (best first) and ``methods``, the products that come nearest whether linked or not."""

    links: pa.Table
    nearest: pa.Table


_NEAREST = pa.schema(
    {
        "topic_id": pa.string(),
        "category_score": pa.float64(),
        "product_ids": pa.list_(pa.string()),
        "similarities": pa.list_(pa.float64()),
        "methods": pa.list_(pa.string()),
    }
)


def product_trend_links(trends: pa.Table, posts: pa.Table, products: pa.Table, day: date, rules: LinkRules | None = None) -> pa.Table:
    """Links of a day's trends to products and categories, without a model of meaning: ``link_day(...).links``."""
    return link_day(trends, posts, products, day, rules).links


def link_day(
    trends: pa.Table,
    posts: pa.Table,
    products: pa.Table,
    day: date,
    rules: LinkRules | None = None,
    embedder: Embedder | None = None,
) -> DayOfLinks:
    """Links of a day's trends to products; a topic without one has one row that says why, and its category where that is clear.

    Parameters
    ----------
    trends: rows of the day that are not suppressed; ``topic_id`` is used (a topic in several hours is linked once).
    posts: posts of the day with ``topic_id`` (null: no topic), ``tokens``, ``lemmas``, ``hashtags``, ``author``.
    products: the catalogue of the day: ``product_id``, ``product_name`` and, where known, ``product_name_fr``, ``product_type``,
        ``category``, ``colour``.
    day: the day the rows are of.
    embedder: a model of meaning, if any. With one, a topic that words link to nothing may be linked by what it means; needs the
        ``label`` of ``trends`` and the ``language`` of ``posts``.

    Score, 0..1 = coverage × specificity. Coverage: share of the name's weight (inverse document frequency) that the posts
    use, each word counted in proportion to its share of the posts up to ``full_share``; the best of the product's
    names (French, English, or translated with words learned from products that have both). Specificity: 1 − ln(m)/ln(N) for
    m products of N that the same words name. Evidence that is too little for a link is still shown on the row that abstains.

    A category or type is linked where no product is and the telling words are those of its products: noisy-or over words
    of strength × share of the type among the products that the word names, squared × (up to half) share of the type that it names.
    """
    rules = rules or LinkRules()
    topics = sorted(set(pc.unique(trends["topic_id"]).to_pylist()))
    if not topics:
        return DayOfLinks(LINKS.empty(), _NEAREST.empty_table())
    shelf = _shelf(products)
    linker = _Linker(shelf, topics, posts, rules)
    kinds = [linker.kind_of(number) for number in range(len(topics))]
    found = [linker.rows_of(number, kind) for number, kind in enumerate(kinds)]
    methods = [["characters"] if len(near.products) else [] for near in linker.near]
    if embedder is not None:
        _link_by_meaning(found, methods, linker, embedder, topics, trends, posts)
    rows = [{"day": day, "topic_id": topic_id} | row for topic_id, of_topic in zip(topics, found, strict=True) for row in of_topic]
    nearest = [
        {
            "topic_id": topic_id,
            "category_score": 0.0 if kind is None else kind.score,
            "product_ids": [shelf.product_ids[place] for place in near.products.tolist()],
            "similarities": near.similarities.tolist(),
            "methods": method,
        }
        for topic_id, kind, near, method in zip(topics, kinds, linker.near, methods, strict=True)
    ]
    return DayOfLinks(LINKS.from_rows(rows), pa.Table.from_pylist(nearest, schema=_NEAREST))


@dataclass(frozen=True)
class _Shelf:
    """The catalogue in order of product id. ``translated``: true for names made by translating. ``category_of``: of each type.

    ``french``: true for products with a French name besides ``product_names``.
    """

    product_ids: list[str]
    catalogue: Catalogue
    translated: np.ndarray
    categories: list[str | None]
    product_types: list[str | None]
    category_of: list[str | None]
    product_names: list[str | None]
    french: np.ndarray

    def products_by_plain_name(self) -> dict[str, list[int]]:
        """Products of each different name, colours left out, by name."""
        colours = {word for word, colour in zip(self.catalogue.words, self.catalogue.colour_words.tolist(), strict=True) if colour}
        found: dict[str, list[int]] = {}
        for product, name in enumerate(self.product_names):
            if name and words_of(name):
                found.setdefault(without_words(name, colours), []).append(product)
        return {name: found[name] for name in sorted(found)}


def _shelf(products: pa.Table) -> _Shelf:
    ordered = products.sort_by("product_id")
    columns = {name: ordered[name].to_pylist() for name in ordered.column_names if name in _CATALOGUE_COLUMNS}
    nothing = [None] * ordered.num_rows
    english, french = columns["product_name"], columns.get("product_name_fr", nothing)
    names = [(number, name) for number, name in enumerate(english) if name]
    names += [(number, name) for number, name in enumerate(french) if name and name != english[number]]
    both = [(name, other) for name, other in zip(english, french, strict=True) if name and other and name != other]
    translations = learn_translations(both)
    lone = [(number, name or other) for number, (name, other) in enumerate(zip(english, french, strict=True)) if bool(name) != bool(other)]
    lone += [(number, name) for number, name in enumerate(english) if name and name == french[number]]
    made = [(number, translated) for number, name in sorted(lone) if (translated := translations.of(name))]
    types, categories = columns.get("product_type", nothing), columns.get("category", nothing)
    kinds = [(number, kind) for column in (types, categories) for number, kind in enumerate(column) if kind]
    finest = [kind or category for kind, category in zip(types, categories, strict=True)]
    colours = [(number, colour) for number, colour in enumerate(columns.get("colour", nothing)) if colour]
    colours += [(number, other) for number, colour in colours if (other := translations.of(colour))]
    catalogue = build_catalogue(names + made, kinds, finest, colours)
    owners = Counter((kind, category) for kind, category in zip(finest, categories, strict=True) if kind)
    category_of: dict[str, str | None] = {}
    for (kind, category), _ in sorted(owners.items(), key=lambda item: (-item[1], item[0][1] or "")):
        category_of.setdefault(kind, category)
    translated = np.arange(catalogue.names.shape[0]) >= catalogue.names.shape[0] - len(made)
    return _Shelf(
        product_ids=columns["product_id"],
        catalogue=catalogue,
        translated=translated,
        categories=categories,
        product_types=types,
        category_of=[category_of[kind] for kind in catalogue.types],
        product_names=[name or other for name, other in zip(english, french, strict=True)],
        french=np.array([bool(other) and other != name for name, other in zip(english, french, strict=True)], dtype=bool),
    )


def _link_by_meaning(
    found: list[list[dict[str, Any]]],
    methods: list[list[str]],
    linker: _Linker,
    embedder: Embedder,
    topics: list[str],
    trends: pa.Table,
    posts: pa.Table,
) -> None:
    """Link what words don't, where the meaning is clear, and bring what means alike among the nearest; changes the first two arguments."""
    open_topics = [
        number
        for number, rows in enumerate(found)
        if not rows[0]["linked"] and rows[0]["why"] not in ("too_few_posts", "copies") and linker.profiles[number]
    ]
    of_name = linker.shelf.products_by_plain_name()
    names = linker.names_to_compare(open_topics, of_name, embedder)
    labels = dict(zip(trends["topic_id"].to_pylist(), trends["label"].to_pylist(), strict=True))
    told = [labels[topics[number]].replace(" · ", ", ") for number in open_topics]
    profiles = [" ".join(linker.profiles[number]) for number in open_topics]
    spoken = main_languages(posts)
    named_in = language_of(names)
    for number, meant in zip(open_topics, meant_names(embedder, told, profiles, names), strict=True):
        alike = [(place, value) for place, value in zip(meant.names.tolist(), meant.likeness.tolist(), strict=True) if value > 0]
        linker.near[number] = _merged(
            linker.near[number],
            [(product, value) for place, value in alike for product in of_name[names[place]]],
            linker.rules.most_nearest,
        )
        methods[number] += ["meaning"] if alike else []
        if alike:
            best = of_name[names[alike[0][0]]]
            foreign = linker.is_foreign(best[0], spoken.get(topics[number]), named_in)
            shared = bool(set(words_of(names[alike[0][0]])) & set(linker.profiles[number]))
            if means_it(meant) and (foreign or shared) and len(best) <= linker.rules.most_alike:
                found[number] = linker.links_by_meaning(number, best, meant, names[alike[0][0]])


def _merged(near: Nearest, meant: list[tuple[int, float]], most: int) -> Nearest:
    """Nearest products by either kind of evidence, each by its better one."""
    best = dict(zip(near.products.tolist(), near.similarities.tolist(), strict=True))
    for product, likeness in meant:
        best[product] = max(best.get(product, 0.0), round(min(likeness, 1.0), 4))
    order = sorted(best, key=lambda product: (-best[product], product))[:most]
    return Nearest(np.array(order, dtype=np.int64), np.array([best[product] for product in order], dtype=np.float64))


class _Linker:
    """Word statistics of all topics of a day, and the links of each. Matrices are sparse, words are catalogue words.

    Copies of a text within a topic count once: a text repeated by hundreds of accounts is one piece of evidence.
    """

    def __init__(self, shelf: _Shelf, topics: list[str], posts: pa.Table, rules: LinkRules) -> None:
        self.shelf = shelf
        catalogue = self.catalogue = shelf.catalogue
        self.rules = rules
        named = np.maximum(catalogue.products_with, 1)
        self.idf = np.log((1 + catalogue.products) / named) / np.log(1 + max(catalogue.products, 1))
        # in a catalogue of a few dozen products, a word of three of them is still a choice
        self.generic = (catalogue.products_with > max(rules.generic_share * catalogue.products, 3)) | catalogue.colour_words
        self.idf[catalogue.colour_words] *= rules.colour_weight
        self.name_weight = catalogue.names @ self.idf
        self.by_word = catalogue.names.tocsc()
        often = catalogue.products_with >= max(3, rules.kind_products * catalogue.products)
        self.says_kind = often & (catalogue.one_type >= rules.kind_share)
        own_words = np.diff(sparse.csc_matrix(catalogue.kinds).indptr) > 0
        self.tells_kind = (own_words | (catalogue.different_names >= rules.kind_names)) & ~catalogue.colour_words
        self._count(topics, posts)
        self._find_telling()

    def _count(self, topics: list[str], posts: pa.Table) -> None:
        number = pc.index_in(posts["topic_id"], value_set=pa.array(topics, pa.string())).fill_null(-1).to_numpy().astype(np.int64)
        self.topic_posts = np.bincount(number[number >= 0], minlength=len(topics))
        texts = pc.binary_join(posts["tokens"], " ").combine_chunks().dictionary_encode().indices.fill_null(-1).to_numpy().astype(np.int64)
        # one row per different text of a topic; its author is the first
        _, first, copies = np.unique(np.column_stack([number, texts]), axis=0, return_index=True, return_counts=True)
        topic = number[first]
        self.copies = copies
        authors = posts["author"].combine_chunks().dictionary_encode().indices.fill_null(-1).to_numpy().astype(np.int64)
        self.author = authors[first]
        matched = match_posts(posts.take(pa.array(first)), self.catalogue)
        inside = np.flatnonzero(topic >= 0)
        membership = sparse.csr_matrix((np.ones(len(inside), np.float32), (topic[inside], inside)), shape=(len(topics), len(first)))
        spelt = (membership @ matched.exact).tocsr()
        self.present = _with_misspellings(matched.exact, matched.misspelt, topic, spelt)
        self.counts = (membership @ self.present).tocsr()
        self.counts.sort_indices()
        self.misspelt = sparse.csr_matrix(self.counts - spelt)
        self.misspelt.eliminate_zeros()
        self.topic_texts = np.asarray(membership.sum(axis=1)).ravel().astype(np.int64)
        self.all_counts = np.asarray(self.present.sum(axis=0)).ravel()
        self.texts = len(first)
        self.members = [membership.indices[membership.indptr[place] : membership.indptr[place + 1]] for place in range(len(topics))]
        self.profiles = self._profiles(matched, membership)
        self.near = self._nearest()

    def _profiles(self, matched: PostWords, membership: sparse.csr_matrix) -> list[dict[str, float]]:
        """For each topic its most telling words, stemmed, of the catalogue or not, with weights: share × ln(lift)."""
        rules = self.rules
        counts = sparse.csr_matrix(membership @ matched.occurrence).tocoo()
        everywhere = np.asarray(matched.occurrence.sum(axis=0)).ravel()[counts.col]
        topic_texts = self.topic_texts[counts.row]
        share = counts.data / np.maximum(topic_texts, 1)
        elsewhere = (everywhere - counts.data + 0.5) / (self.texts - topic_texts + 1)
        lift = share / elsewhere
        use = (counts.data >= rules.least_voices) & (share >= rules.least_share) & (lift >= rules.least_lift)
        rows, columns, weights = counts.row[use], counts.col[use], np.round(share[use] * np.log(lift[use]), 9)
        written = pa.array(matched.types, pa.string()).take(pa.array(columns))
        # the order of types is that of the posts: ties are broken by the word itself
        spelling = pc.rank(written, sort_keys="ascending", tiebreaker="min").to_numpy() if len(columns) else columns
        profiles: list[dict[str, float]] = [{} for _ in range(membership.shape[0])]
        for place in np.lexsort((spelling, -weights, rows)).tolist():
            profile = profiles[rows[place]]
            if len(profile) < rules.profile_words:
                for word in matched.stems[columns[place]]:
                    profile.setdefault(word, float(weights[place]))
        return profiles

    def _nearest(self) -> list[Nearest]:
        """The products whose names are written most like each topic's profile."""
        words = sorted({word for profile in self.profiles for word in profile})
        place = {word: number for number, word in enumerate(words)}
        rows = [topic for topic, profile in enumerate(self.profiles) for _ in profile]
        columns = [place[word] for profile in self.profiles for word in profile]
        weights = np.sqrt([weight for profile in self.profiles for weight in profile.values()]).astype(np.float32)
        said = sparse.csr_matrix((weights, (rows, columns)), shape=(len(self.profiles), len(words)))
        topics = unit_rows(sparse.csr_matrix(said @ grams_of(words)))
        weighted = sparse.csr_matrix(self.catalogue.names @ sparse.diags(self.idf.astype(np.float32)))
        names = unit_rows(sparse.csr_matrix(weighted @ grams_of(self.catalogue.words)))
        return nearest_products(topics, names, self.catalogue.product, self.rules.most_nearest)

    def _find_telling(self) -> None:
        """Words that a topic uses in a real share of its texts and that other texts of the day hardly use.

        Topics that use the word as much are left out of "other": clustering may split what belongs together.
        """
        rules, counts = self.rules, self.counts.tocoo()
        topic_texts = self.topic_texts[counts.row]
        share = counts.data / np.maximum(topic_texts, 1)
        strong = share >= rules.full_share
        size = len(self.catalogue.words)
        strong_uses = np.bincount(counts.col[strong], counts.data[strong], minlength=size)
        strong_texts = np.bincount(counts.col[strong], topic_texts[strong], minlength=size)
        other_uses = self.all_counts[counts.col] - strong_uses[counts.col] - np.where(strong, 0, counts.data)
        other_texts = self.texts - strong_texts[counts.col] - np.where(strong, 0, topic_texts)
        elsewhere = (other_uses + 0.5) / (other_texts + 1)
        lift = share / elsewhere
        telling = counts.data >= rules.least_voices
        telling &= (share >= rules.least_share) & (lift >= rules.least_lift)
        # against few other texts nothing can be called everyday language
        telling &= (elsewhere <= rules.most_elsewhere) | (other_uses <= 2)
        topics_telling = np.bincount(counts.col[telling], minlength=size)
        speaks = telling & self.tells_kind[counts.col]
        use = telling & (self.catalogue.products_with[counts.col] > 0)
        use &= (topics_telling <= max(rules.common_topics * len(self.topic_texts), 5))[counts.col]
        self.telling = sparse.csr_matrix((share[use], (counts.row[use], counts.col[use])), shape=self.counts.shape)
        self.telling.sort_indices()
        self.kind_words = sparse.csr_matrix((share[speaks], (counts.row[speaks], counts.col[speaks])), shape=self.counts.shape)
        self.kind_words.sort_indices()
        self.elsewhere = (self.all_counts - strong_uses + 0.5) / (self.texts - strong_texts + 1)

    def kind_of(self, topic: int) -> Kind | None:
        """The type, or else the category, that the topic's words are those of; ``None`` where that is not clear."""
        start, end = self.kind_words.indptr[topic], self.kind_words.indptr[topic + 1]
        words = self.kind_words.indices[start:end]
        if not len(words) or self.topic_texts[topic] < self.rules.least_voices or not self.catalogue.types:
            return None
        strength = np.minimum(self.kind_words.data[start:end] / self.rules.full_share, 1.0)[:, None]
        shares = self.catalogue.type_share[words].toarray()
        # "dress" is of all dresses and of nothing else; "ribbed" of some, so that it takes more to mean them
        whole = np.minimum(2 * self.catalogue.share_of_type[words].toarray(), 1.0)
        by_type = 1 - np.prod(1 - strength * whole * shares**2, axis=0)
        best = int(np.argmax(np.round(by_type, 9)))
        if by_type[best] < self.rules.least_kind_score:
            return None
        category, finest = self.shelf.category_of[best], self.catalogue.types[best]
        return Kind(category, None if finest == category else finest, float(by_type[best]), words[shares[:, best] >= 0.5])

    def rows_of(self, topic: int, kind: Kind | None) -> list[dict[str, Any]]:
        """The topic's rows without day and topic: its links, or the one that abstains from products."""
        rows = self._product_rows(topic)
        if rows[0]["linked"] or kind is None or rows[0]["why"] in ("too_few_posts", "copies"):
            return rows
        words = self._word_list(kind.words)
        about = f"the posts speak of {kind.product_type or kind.category} ({', '.join(map(repr, words))}), but of no one product: "
        of_kind = {"level": "category", "category": kind.category, "product_type": kind.product_type, "score": kind.score}
        return [rows[0] | of_kind | {"methods": ["words"], "reason": about + rows[0]["reason"]}]

    def _product_rows(self, topic: int) -> list[dict[str, Any]]:
        rules = self.rules
        if self.topic_posts[topic] < rules.least_posts:
            reason = f"{self.topic_posts[topic]} posts that day, at least {rules.least_posts} are needed"
            return [_abstain("too_few_posts", reason)]
        if self.topic_texts[topic] < rules.least_voices:
            reason = f"{self.topic_posts[topic]} posts repeat {self.topic_texts[topic]} texts: copies are no evidence"
            return [_abstain("copies", reason)]
        words, shares, uses = self._telling_words(topic)
        if not len(words):
            return [_abstain("no_shared_words", "no product name shares a distinctive word with the posts")]
        distinct = ~self.generic[words]
        if not distinct.any():
            frequent = words[np.argsort(-shares, kind="stable")][:3]
            named = self.catalogue.products_with[frequent[0]]
            reason = (
                f"the posts share only generic words with product names: {self._words(frequent)}; "
                f"{self.catalogue.words[frequent[0]]!r} names {named:,} of {self.catalogue.products:,} products"
            )
            return [_abstain("generic_words", reason, self._word_list(frequent))]
        found = self._candidates(words, shares, distinct, uses, topic)
        share_of = dict(zip(words.tolist(), shares.tolist(), strict=True))
        chosen: list[int] = []
        first_refusal: tuple[str, str] | None = None
        for place, score in enumerate(found.score.tolist()):
            if len(chosen) == rules.most_products or (chosen and score < rules.least_of_best * found.score[chosen[0]]):
                break
            refusal = self._refusal(found, place, share_of, topic)
            if refusal is None:
                chosen.append(place)
            elif first_refusal is None:
                first_refusal = refusal
        if first_refusal is not None and not chosen:
            return [self._weak(found, first_refusal)]
        return [self._link(found, place, rank + 1, topic) for rank, place in enumerate(chosen)]

    def _telling_words(self, topic: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Telling words that enough people use, their shares, and the matrix (texts × words) of their use."""
        start, end = self.telling.indptr[topic], self.telling.indptr[topic + 1]
        words = self.telling.indices[start:end]
        uses = self.present[self.members[topic]][:, words].toarray() > 0
        authors = self.author[self.members[topic]]
        several = np.array([len(np.unique(authors[use])) >= self.rules.least_voices for use in uses.T], dtype=bool)
        return words[several], self.telling.data[start:end][several], uses[:, several]

    def _candidates(self, words: np.ndarray, shares: np.ndarray, distinct: np.ndarray, uses: np.ndarray, topic: int) -> _Candidates:
        """Products named by the distinctive words, the most promising 100, with what the posts say of each."""
        strength = np.zeros(len(self.catalogue.words))
        strength[words] = np.minimum(shares / self.rules.full_share, 1.0)
        names = np.unique(self.by_word[:, words[distinct]].indices)
        submatrix = self.catalogue.names[names]
        coverage = np.asarray(submatrix @ (self.idf * strength)).ravel() / self.name_weight[names]
        best_first = np.lexsort((self.catalogue.product[names], -np.round(coverage, 9)))
        _, first = np.unique(self.catalogue.product[names][best_first], return_index=True)
        kept = best_first[np.sort(first)][:100]  # each product's better name, best coverage first
        matched = submatrix[kept][:, words[distinct]].toarray() > 0
        # generic words are no evidence, but with others they narrow the choice: "blue", "shirt"
        # (not a single word, whose meaning is still open)
        narrowed = self._alike(words, submatrix[kept][:, words].toarray() > 0)
        alike = np.where(matched.sum(axis=1) > 1, narrowed, self._alike(words[distinct], matched))
        specificity = 1 - np.log(alike) / np.log(max(self.catalogue.products, 2))
        score = np.clip(coverage[kept] * specificity, 0, 1)
        order = np.lexsort((self.catalogue.product[names[kept]], -np.round(score, 9)))
        # texts × candidates: how many of the candidate's words the text has
        hits = uses[:, distinct].astype(np.int32) @ matched[order].T.astype(np.int32)
        return _Candidates(
            product=self.catalogue.product[names[kept]][order],
            name=names[kept][order],
            score=score[order],
            coverage=coverage[kept][order],
            alike=alike[order],
            words=[words[distinct][row] for row in matched[order]],
            evidence_posts=self.copies[self.members[topic]] @ (hits >= 1),
            together=(hits >= np.minimum(matched[order].sum(axis=1), 2)).sum(axis=0),
        )

    def _alike(self, words: np.ndarray, matched: np.ndarray) -> np.ndarray:
        """For each candidate, how many products have all its matched words in one of their names."""
        sets, inverse = np.unique(matched, axis=0, return_inverse=True)
        columns = self.catalogue.names[:, words].tocsc()
        counts = []
        for row in sets:
            hits = np.asarray(columns[:, np.flatnonzero(row)].sum(axis=1)).ravel()
            counts.append(len(np.unique(self.catalogue.product[hits >= row.sum()])))
        return np.maximum(np.array(counts, dtype=np.int64)[inverse.ravel()], 1)

    def _refusal(self, found: _Candidates, place: int, share_of: dict[int, float], topic: int) -> tuple[str, str] | None:
        """Why the candidate is no link, as code and in words, or ``None``."""
        rules, words = self.rules, found.words[place]
        if found.alike[place] > rules.most_alike:
            return "too_many_products", f"{self._words(words)} names {found.alike[place]:,} products, too many to choose from"
        if len(words) == 1:
            share = share_of[int(words[0])]
            whole = found.coverage[place] >= rules.lone_coverage and bool(self.says_kind[words].any())
            if share < rules.lone_share or not (whole or self._supported(found, place, topic)):
                told = f"only {self._words(words)} of a product's name is in the posts ({share:.0%} of them): too little to tell"
                return "other_meaning" if share >= rules.lone_share else "too_weak", told
        elif found.together[place] < max(rules.least_voices, rules.least_together * self.topic_texts[topic]):
            told = f"{self._words(words)} hardly occur together: in {found.together[place]} of {self.topic_texts[topic]} texts"
            return "other_meaning", told
        elif not self.says_kind[words].any() and not self._supported(found, place, topic):
            return "other_meaning", f"{self._words(words)} name products, but the posts do not speak of that kind of thing"
        if found.score[place] < rules.least_score:
            scores = f"score {found.score[place]:.2f} of {rules.least_score:.2f} needed"
            return "too_weak", f"{self._words(words)} is too little of the best candidate's name ({scores})"
        return None

    def _supported(self, found: _Candidates, place: int, topic: int) -> bool:
        """Do texts with a matched word also speak of the kind of thing: rest of the name, type or category?"""
        rules, words, catalogue = self.rules, found.words[place], self.catalogue
        kinds = set(catalogue.names[found.name[place]].indices.tolist()) | set(catalogue.kinds[int(found.product[place])].indices.tolist())
        others = np.array(sorted(kinds - set(words.tolist())), dtype=np.int64)
        # "men" or "blue" go with every kind of thing
        others = others[~catalogue.colour_words[others] & (catalogue.one_type[others] >= rules.support_type)]
        if not len(others):
            return False
        members = self.members[topic]
        using = members[self.present[members][:, words].toarray().any(axis=1)]
        uses = np.asarray(self.present[using][:, others].sum(axis=0)).ravel()
        enough = uses >= max(rules.least_voices, rules.least_support * len(using))
        return bool((enough & (uses / max(len(using), 1) >= rules.support_lift * self.elsewhere[others])).any())

    def _link(self, found: _Candidates, place: int, rank: int, topic: int) -> dict[str, Any]:
        posts = int(found.evidence_posts[place])
        alike = int(found.alike[place])
        others = "" if alike == 1 else f"; {alike} products share these words"
        words = self._words(found.words[place])
        product = int(found.product[place])
        return {
            "product_id": self.shelf.product_ids[product],
            "linked": True,
            "level": "product",
            "category": self.shelf.categories[product],
            "product_type": self.shelf.product_types[product],
            "rank": rank,
            "score": float(found.score[place]),
            "evidence_terms": self._word_list(found.words[place]),
            "evidence_posts": posts,
            "methods": self._methods(found, place, topic),
            "why": None,
            "reason": f"{posts} of {self.topic_posts[topic]} posts use {words} of its name, which other posts hardly do{others}",
        }

    def names_to_compare(self, topics: list[int], of_name: dict[str, list[int]], embedder: Embedder) -> list[str]:
        """All plain names; of a large catalogue those written like the topics, and some of the types that mean most alike."""
        rules = MeaningRules()
        if len(of_name) <= rules.most_names:
            return list(of_name)
        name_of = {product: name for name, products in of_name.items() for product in products}
        wanted = dict.fromkeys(
            name_of[product] for number in topics for product in self.near[number].products.tolist() if product in name_of
        )
        by_type: dict[str, list[str]] = {}
        for name, products in of_name.items():
            kind = self.shelf.product_types[products[0]] or self.shelf.categories[products[0]]
            by_type.setdefault(kind or "", []).append(name)
        types = sorted(by_type)
        profiles = [" ".join(self.profiles[number]) for number in topics]
        for meant in meant_names(embedder, profiles, profiles, types):
            for place in meant.names[:2].tolist():
                of_type = by_type[types[place]]
                wanted |= dict.fromkeys(of_type[:: max(len(of_type) // rules.names_of_type, 1)][: rules.names_of_type])
        return sorted(list(wanted)[: rules.most_names])

    def is_foreign(self, product: int, spoken: str | None, named_in: str | None) -> bool:
        """Do the posts speak a language that the product has no name in? Only then sharing no word with its name says nothing."""
        languages = {named_in, "fr"} if self.shelf.french[product] else {named_in}
        return spoken is not None and named_in is not None and spoken not in languages

    def links_by_meaning(self, topic: int, products: list[int], meant: Meant, name: str) -> list[dict[str, Any]]:
        """Links to the products of one name that means what the topic does."""
        likeness = float(meant.likeness[0])
        reason = f"the posts say in other words what the name {name!r} means (likeness {likeness:.2f}, next name {meant.margin:.2f} less)"
        return [
            {
                "product_id": self.shelf.product_ids[product],
                "linked": True,
                "level": "product",
                "category": self.shelf.categories[product],
                "product_type": self.shelf.product_types[product],
                "rank": rank,
                "score": min(likeness, 1.0),
                "evidence_terms": list(self.profiles[topic])[:3],
                "evidence_posts": int(self.topic_posts[topic]),
                "methods": ["meaning"],
                "why": None,
                "reason": reason,
            }
            for rank, product in enumerate(products[: self.rules.most_products], start=1)
        ]

    def _methods(self, found: _Candidates, place: int, topic: int) -> list[str]:
        """Kinds of evidence that agree on the product, in the order of ``tables.demand.EVIDENCE``."""
        near = self.near[topic]
        alike = near.similarities[near.products == found.product[place]]
        holds = {
            "words": True,
            "misspelt": self.misspelt[topic, found.words[place]].nnz > 0,
            "translated": bool(self.shelf.translated[found.name[place]]),
            "characters": bool((alike >= self.rules.alike_in_writing).any()),
        }
        return [method for method, held in holds.items() if held]

    def _weak(self, found: _Candidates, refusal: tuple[str, str]) -> dict[str, Any]:
        row = _abstain(*refusal, self._word_list(found.words[0]))
        return row | {"score": float(found.score[0]), "evidence_posts": int(found.evidence_posts[0])}

    def _word_list(self, words: np.ndarray) -> list[str]:
        rarest_first = sorted(words.tolist(), key=lambda word: (-self.idf[word], word))
        return [self.catalogue.words[word] for word in rarest_first]

    def _words(self, words: np.ndarray) -> str:
        return ", ".join(repr(word) for word in self._word_list(words))


def _with_misspellings(
    exact: sparse.csr_matrix, misspelt: sparse.csr_matrix, topic: np.ndarray, spelt: sparse.csr_matrix
) -> sparse.csr_matrix:
    """Exact matches, and misspellings in topics that also spell the word right in two texts: there a typo is the likelier reading."""
    extra = misspelt.tocoo()
    inside = topic[extra.row] >= 0
    rows, columns = extra.row[inside], extra.col[inside]
    if len(rows):
        confirmed = np.asarray(spelt[topic[rows], columns]).ravel() >= 2
        rows, columns = rows[confirmed], columns[confirmed]
    total = (exact + sparse.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=exact.shape)).tocsr()
    total.data[:] = 1
    return total


def _abstain(why: str, reason: str, words: list[str] | None = None) -> dict[str, Any]:
    return {
        "product_id": None,
        "linked": False,
        "level": "none",
        "category": None,
        "product_type": None,
        "rank": 0,
        "score": 0.0,
        "evidence_terms": words or [],
        "evidence_posts": 0,
        "methods": [],
        "why": why,
        "reason": reason,
    }
