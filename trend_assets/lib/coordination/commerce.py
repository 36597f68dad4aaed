"""Paid posts, giveaways and resale listings by the shape of their text, in several languages and for no brand in particular.

What belongs here: the words and shapes, as data, and which posts show them. What doesn't: what follows from it (``lib/trends/stress``
takes such posts away, ``acts`` does not call an app's listing text a script).

A disclosure (#ad, "paid partnership") is enough alone: networks and laws prescribe it. A giveaway needs a prize and what to do for
it. A listing needs signs of two sorts, a marketplace or a seller's phrase with a price, a size, a condition or each other; or price,
size and condition together: "Vinted is slow today" is none. To add a language, add its words; nothing here names a brand of the
catalogue. Phrases are written as texts are looked at: lower case, without accents (many leave them out), RE2 syntax.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

NONE, PAID, GIVEAWAY, RESALE = range(4)

# Lists of words are read, not scrolled.
# fmt: off

DISCLOSURE_HASHTAGS = (
    "ad", "ads", "advert", "advertisement", "advertising", "sponsored", "sponsoredpost", "sponsoredcontent", "spon", "sponcon",
    "paidpartnership", "paidad", "paidpromotion", "gifted", "prgifted", "affiliate", "affiliatelink", "brandambassador",
    "sponsorisé", "sponsorise", "postsponsorisé", "publicité", "publicite", "partenariat", "partenariatrémunéré",
    "partenariatremunere", "partenariatcommercial", "collaborationcommerciale", "collabcommerciale", "produitoffert", "offertpar",
    "werbung", "anzeige", "unbezahltewerbung", "bezahltewerbung", "publicidad", "patrocinado", "pubblicità", "sponsorizzato",
    "parceriapaga", "publipost",
)
"""Lower case, without #. Hashtags that mean something else in another language stand in ``DISCLOSURE_HASHTAGS_IN``."""

DISCLOSURE_HASHTAGS_IN = {"fr": ("pub", "sponso"), "it": ("adv",), "pt": ("pub", "publi"), "es": ("anuncio", "publi")}
"""Hashtags that disclose only in posts of this language: #pub is an advert in French, a bar in English."""

DISCLOSURE_PHRASES = (
    r"paid (?:partnership|promotion|post|ad)", r"in (?:paid )?partnership with", r"sponsored (?:post|content)", r"affiliate links?",
    r"gifted by",
    r"(?:in (?:paid )?collaboration with|en collaboration avec)", r"(?:promo|discount) code", r"code promo",
    r"(?:use|with|using) (?:my |our |the )?(?:discount |promo |affiliate )?code:? \w*\d\w*", r"code:? [a-z]{3,}\d{1,3}",
    r"partenariat (?:remunere|commercial|paye)", r"(?:en )?partenariat avec", r"collaboration commerciale", r"post sponsorise",
    r"liens? affilies?", r"(?:avec|grace au|utilise[zr]?) (?:mon |le |notre )?code(?: promo)?:? \w*\d\w*",
    r"bezahlte (?:partnerschaft|werbung)", r"colaboracion pagada", r"collaborazione pagata",
)

PRIZE_PHRASES = (
    r"give-?aways?", r"sweepstakes?", r"win (?:a|an|one|the|this|these|some|your|[£$€]?\d+)", r"(?:chance|enter) (?:to|2) win",
    r"(?:to|can|could) win", r"prize draw", r"giving away", r"lucky winners?", r"prizes?", r"competition", r"win with",
    r"(?:jeux?[ -]?)?concours", r"a gagner", r"(?:tente|essaye)[zr]? de (?:le |la |les )?(?:gagner|remporter)",
    r"gagne[zr]? (?:un|une|des|le|la|les|ton|votre|vos|\d+)", r"tirage au sort",
    r"a remporter", r"rempor(?:te|tez|ter) (?:un|une|des|le|la|les|ton|votre|vos|\d+)", r"chance de gagner", r"on (?:vous|t.)offre",
    r"gewinnspiel", r"verlosung", r"sorteo", r"concurso",
)

ENTRY_PHRASES = (
    r"(?:rt|retweet|re-?post|share|like|follow|tag|comment)(?:,| ?[+&]| and| to| @| us| me| this| two| \d| your| a)", r"to enter",
    r"enter now",
    r"comment below", r"subscribe", r"participe[zr]?", r"jouez",
    r"following (?:@|us|me|both)", r"tag (?:two|three|some)",
    r"(?:suivez?|suis|follow|abonne[zr]?)(?:-vous|-moi|-nous| @| le compte| ce compte)",
    r"(?:likez?|partagez?|retweetez?|rt|taguez?|tag|identifiez?|commentez?|mentionnez?)(?:,| ?[+&]| et| ce| le| un| une| deux| \d| vos| tes| avec)",  # noqa: E501
    r"folge", r"teile", r"markiere", r"sigue", r"comparte", r"etiqueta",
)

MARKETPLACES = (
    r"poshmark", r"poshers?", r"depop", r"vinted\w{0,2}", r"mercari", r"ebay", r"grailed", r"thredup", r"the ?real ?real", r"tradesy",
    r"vestiaire ?collective", r"carousell", r"le ?bon ?coin", r"wallapop", r"shpock", r"stockx", r"kleinanzeigen", r"videdressing",
    r"facebook marketplace", r"etsy",
)
"""Where private people sell. Naming one is not a listing by itself."""

SELLER_PHRASES = (
    r"check out (?:what|this|my|these)[^.!?]{0,24}(?:added|list(?:ed|ing)s?|closet|shop|selling)",
    r"(?:just|newly) (?:listed|added to my (?:closet|shop))", r"new(?:ly)? list(?:ed|ing)", r"(?:shop|from) my (?:closet|wardrobe|depop|vinted|ebay)",  # noqa: E501
    r"shop ?my ?closet", r"items i.{0,3}m loving", r"(?:up |is |are |now )?for sale", r"price drop(?:ped)?",
    r"(?:open|dm) (?:to|for|me)? ?(?:offers|price|trades?)", r"make (?:me )?an? offer", r"i(?: a|.)m selling",
    r"selling (?:my|this|these|some|a few)",
    r"letting go of", r"(?:closet|wardrobe) (?:clear ?out|clean ?out|sale)", r"up for grabs",
    r"(?:on|from) my (?:vinted|depop|ebay|poshmark)",
    r"dm (?:me )?(?:if interested|to (?:buy|claim|purchase))", r"still available", r"o\.?n\.?o", r"rrp",
    r"(?:free|plus|\+) (?:shipping|postage)",
    r"wt[bst]", r"p ?[&+] ?p",
    r"shipping included", r"pre-?loved", r"pre-?owned", r"second ?hand", r"resale",
    r"(?:nouvelle|mon|ma|mes|petite) annonces?", r"(?:mis |mise |mets |met )?en vente", r"a vendre", r"je (?:vends|revends)",
    r"baisse de prix",
    r"prix (?:baisse|negociable)", r"sur mon (?:vinted|vide[- ]dressing|dressing)", r"vide[- ]dressing", r"frais de port", r"seconde ?main",
    r"je me separe d", r"(?:vide|tri dans) mon dressing", r"(?:en|par) mp", r"envoi possible", r"main propre", r"prix ferme",
    r"(?:dispo|disponible) sur (?:vinted|leboncoin|depop|ebay)",
    r"zu verkaufen", r"verkaufe", r"se vende", r"vendo", r"in vendita",
)

CONDITION_PHRASES = (
    r"nwo?t", r"bnwt", r"new (?:with(?:out)? tags|in box)", r"(?:never|barely|hardly|gently|lightly) (?:worn|used)",
    r"worn (?:once|twice|a few)", r"(?:like|as) new", r"(?:good|great|excellent|perfect|mint|vgc|used|fair) (?:used )?condition",
    r"v?g?euc", r"v?guc", r"brand new",
    r"neu(?:f|ve)s?(?: avec etiquettes?)?", r"(?:tres )?bon etat", r"(?:excellent|parfait) etat", r"etat neuf",
    r"jamais (?:porte|mis|utilise)e?s?", r"porte(?:e|s|es)? (?:une|deux|quelques) fois",
    r"comme neu(?:f|ve)", r"tbe", r"etat impeccable", r"peu porte(?:e|s|es)?", r"porte(?:e|s|es)? (?:1|2) fois", r"as good as new",
    r"neu mit etikett", r"(?:sehr )?guter zustand", r"como nuevo", r"come nuovo",
)

PRICE = r"[$£€¥] ?\d|\d ?(?:[$£€]|(?:eur|euros?|usd|gbp)\b)"
SIZE = (
    r"\b(?:sizes?|sz|tailles?|talla|gro(?:ss|ß)e|taglia|(?:us|uk|eu|fr) size) ?:? ?(?:(?:us|uk|eu|fr) )?"
    r"(?:\d|x{0,3}[sml]\b|one size|unique)"
)

_TELLING = (
    r"[$£€]|\d ?eur|code|sponso|partn|parten|affili|collab|pagad|pagat|giv|sweep|win |prize|concours|gagn|gewinn|verlos|sorte|concurso"
    r"|tirage|remporter|werbung|posh|depop|vinted|mercari|ebay|grailed|thredup|realreal|real real|tradesy|vestiaire|carousell|bon ?coin"
    r"|wallapop|shpock|stockx|kleinanz|dressing|marketplace|etsy|listed|listing|closet|wardrobe|items i|sale|price drop|offer|selling"
    r"|annonce|vente|vend|prix|verkauf|loved|owned|second|compet|winner|grabs|available|separe|dispo|postage|worn|condition|etat|état"
    r"|port[eé]|taille|size"
)
# fmt: on
"""Pieces of words of which every commercial text has one: a single pass finds the few texts that are looked at closely."""


def _any_of(phrases: tuple[str, ...]) -> str:
    return rf"\b(?:{'|'.join(phrases)})(?:\b|$|\W)"


_DISCLOSURE, _PRIZE, _ENTRY, _CONDITION, _MARKETPLACE, _SELLER = (
    _any_of(phrases) for phrases in (DISCLOSURE_PHRASES, PRIZE_PHRASES, ENTRY_PHRASES, CONDITION_PHRASES, MARKETPLACES, SELLER_PHRASES)
)


def commercial_kinds(
    clean_text: pa.Array | pa.ChunkedArray, hashtags: pa.Array | pa.ChunkedArray, language: pa.Array | pa.ChunkedArray
) -> npt.NDArray[np.int8]:
    """``NONE``, ``PAID``, ``GIVEAWAY`` or ``RESALE`` of each post (posts,), from its text, hashtags (lower case) and language.

    Where several apply, resale wins over giveaway, giveaway over paid: the more specific one. Linear in the length of the texts
    (RE2 never backtracks); only texts with a telling word are looked at closely.
    """
    texts, tags, languages = (_whole(column) for column in (clean_text, hashtags, language))
    result = np.zeros(len(texts), np.int8)
    if not len(texts):
        return result
    texts, languages = texts.cast(pa.string()).fill_null(""), languages.cast(pa.string())
    result[_disclosed(tags, languages)] = PAID
    near = np.flatnonzero(_shows(texts, _TELLING, ignore_case=True))
    if not len(near):
        return result
    close = _folded(texts.take(pa.array(near)))
    result[near[_shows(close, _DISCLOSURE)]] = PAID
    prizes = np.flatnonzero(_shows(close, _PRIZE))
    result[near[prizes[_shows(close.take(pa.array(prizes)), _ENTRY)]]] = GIVEAWAY
    sold = np.stack([_shows(close, _MARKETPLACE), _shows(close, _SELLER)])
    listed = np.flatnonzero(sold.any(axis=0))
    signs = sold[:, listed].sum(axis=0)
    few = close.take(pa.array(listed))
    for sign in (_CONDITION, PRICE, SIZE):
        signs = signs + _shows(few, sign)
    result[near[listed[signs >= 2]]] = RESALE
    bare = np.flatnonzero(_shows(close, PRICE))
    few = close.take(pa.array(bare))
    result[near[bare[_shows(few, SIZE) & _shows(few, _CONDITION)]]] = RESALE
    return result


def _whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _shows(texts: pa.Array, pattern: str, *, ignore_case: bool = False) -> npt.NDArray[np.bool_]:
    if not len(texts):
        return np.zeros(0, bool)
    return np.asarray(pc.match_substring_regex(texts, pattern, ignore_case=ignore_case).to_numpy(zero_copy_only=False), dtype=bool)


def _folded(texts: pa.Array) -> pa.Array:
    """Lower case without accents, so that RE2's word boundaries, which are ASCII, are where words end."""
    return pc.replace_substring_regex(pc.utf8_normalize(pc.utf8_lower(texts), "NFKD"), r"\p{Mn}+", "")


def _disclosed(tags: pa.Array, languages: pa.Array) -> npt.NDArray[np.bool_]:
    """Whether each post (posts,) carries a hashtag that discloses payment."""
    result = np.zeros(len(tags), bool)
    values, parents = pc.list_flatten(tags).cast(pa.string()), np.asarray(pc.list_parent_indices(tags), dtype=np.int64)
    result[parents[_among(values, DISCLOSURE_HASHTAGS)]] = True
    for language, words in DISCLOSURE_HASHTAGS_IN.items():
        spoken = np.asarray(pc.fill_null(pc.equal(languages, language), False).to_numpy(zero_copy_only=False), dtype=bool)
        rows = parents[_among(values, words)]
        result[rows[spoken[rows]]] = True
    return result


def _among(values: pa.Array, words: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    return np.asarray(pc.is_in(values, value_set=pa.array(words, pa.string())).to_numpy(zero_copy_only=False), dtype=bool)
