"""Sentences made from a card's numbers, in English and French: the arithmetic, what would change our mind, what we don't know.

What belongs here: wording. What doesn't: what turns a decision (``lib/demand/reconsider``), which is asked of the rules and only
worded here, and short texts (``words.py``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from trend_assets.board.data import Sentiment, shelf_days
from trend_assets.board.outcomes import Outcome
from trend_assets.board.regrets import Sum
from trend_assets.board.words import Language, amount, day, moment, money, number, text, typeset
from trend_assets.lib.demand.reconsider import Turn
from trend_assets.lib.demand.situation import DEFAULT_RULES, life_of

HIGH_CONFIDENCE, LOW_CONFIDENCE = 0.6, 0.35
NEAR = 1.3
"""Expected and sold within 30 % of each other count as right."""


def sentiment(language: Language, found: Sentiment) -> str:
    """Shares of positive, neutral and negative posts; what few people say is one share, so that nobody is singled out."""
    shares = [f"{number(language, 100 * share)} % {text(language, label)}" for label, share in _in_order(found.shares)]
    counted = {"posts": number(language, found.posts), "authors": number(language, found.authors), "until": moment(language, found.until)}
    return f"{', '.join(shares)} {text(language, 'sentiment_of', **counted)}"


def _in_order(shares: Mapping[str, float]) -> list[tuple[str, float]]:
    return [(label, shares[label]) for label in ("positive", "neutral", "negative", "abstained", "withheld") if label in shares]


def arithmetic(language: Language, card: Mapping[str, Any]) -> str:
    """Sales × trend = expected; stock + deliveries = cover, against what the supplier needs; the rest of the trend's life."""
    daily, expected = float(card["daily_units"]), float(card["expected_daily_units"])
    life = life_of(card, DEFAULT_RULES)
    extra = DEFAULT_RULES.review + DEFAULT_RULES.safety
    values = {
        "daily": number(language, daily, 1),
        "uplift": number(language, expected / daily if daily else 1.0, 2),
        "expected": number(language, expected, 1),
        "available": card["available_units"],
        "inbound": card["inbound_units"],
        "cover": "" if card["days_of_cover"] is None else number(language, card["days_of_cover"], 1),
        "lead": card["lead_time_days"],
        "needed": None if card["lead_time_days"] is None else card["lead_time_days"] + extra,
        "extra": extra,
        "life": life,
        "stage": text(language, card["stage"]),
    }
    if language == "fr":
        parts = ["{daily} vendu(s) par jour d'ordinaire × {uplift} = {expected} attendu(s)", "{available} en stock + {inbound} en route"]
        parts[1] += " = {cover} jours de couverture" if card["days_of_cover"] is not None else " : pas de fin de stock en vue"
        parts.append(
            "{needed} jours nécessaires ({lead} de délai + {extra})"
            if card["lead_time_days"] is not None
            else "délai du fournisseur inconnu"
        )
        parts.append("tendance {stage}, effet sur les ventes encore {life} jours environ")
    else:
        parts = ["{daily} usually sold a day × {uplift} = {expected} expected", "{available} in stock + {inbound} on its way"]
        parts[1] += " = {cover} days of cover" if card["days_of_cover"] is not None else ": no end of stock in sight"
        parts.append("{needed} days needed ({lead} lead time + {extra})" if card["lead_time_days"] is not None else "lead time unknown")
        parts.append("trend {stage}, lifts sales about {life} days more")
    if card["action"] == "move":
        values["giver"] = card.get("from_store_name") or card["from_store_id"]
        values["surplus"] = number(language, card["from_surplus_units"])
        parts.append("{giver} a {surplus} unités de trop" if language == "fr" else "{giver} has {surplus} units more than it needs")
    shelf = shelf_days(dict(card))
    if card["action"] == "expedite" and shelf is not None:
        values["shelf"] = number(language, shelf, 1)
        parts.insert(
            2,
            "le stock seul tient {shelf} jours, la livraison vient après ou tarde"
            if language == "fr"
            else "stock alone lasts {shelf} days, the delivery is due later or late",
        )
    return typeset(language, " ; " if language == "fr" else "; ").join(typeset(language, part) for part in parts).format(**values) + "."


def turn(language: Language, told: Turn, card: Mapping[str, Any]) -> str:
    """One fact that would change our mind, and what we would then say."""
    then = _in_time(language, told.action) if told.kind == "delivery_by" else text(language, told.action).lower()
    expected = number(language, float(card["expected_daily_units"]), 1)
    figure = "" if told.amount is None else amount(language, told.amount)
    by = "" if told.by is None else day(language, told.by)
    english = {
        "delivery_by": f"If the next delivery is confirmed for {by} or sooner",
        "lead_time": f"If a supplier delivers within {figure} days of ordering",
        "demand": f"If it sells {figure} a day instead of the {expected} expected",
        "stock": f"If {figure} more units are found here now (another place, a count)",
        "fades": f"If posts fall under about {figure} in 3 hours, half of their peak, and stop growing"
        if figure
        else "If posts fall under half of their peak and stop growing",
        "settles": f"If the trend settles instead of passing (about {figure} more days)",
        "returns": "If posts grow again",
    }
    french = {
        "delivery_by": f"Si la prochaine livraison est confirmée pour le {by} ou avant",
        "lead_time": f"Si un fournisseur livre en {figure} jours au plus",
        "demand": f"S'il s'en vend {figure} par jour et non {expected} comme attendu",
        "stock": f"Si {figure} unités de plus se trouvent ici (autre lieu, comptage)",
        "fades": f"Si les messages tombent sous {figure} environ en 3 heures, la moitié de leur pic, sans remonter"
        if figure
        else "Si les messages tombent sous la moitié de leur pic, sans remonter",
        "settles": f"Si la tendance s'installe au lieu de passer (environ {figure} jours encore)",
        "returns": "Si les messages repartent à la hausse",
    }
    return typeset(language, f"{(french if language == 'fr' else english)[told.kind]}{text(language, 'colon')}{then}.")


_FRENCH_REASONS = {
    r"no product name shares a distinctive word with the posts": "aucun nom de produit ne partage un mot distinctif avec les messages",
    r"(\S+) posts that day, at least (\S+) are needed": "{0} message(s) ce jour, il en faut au moins {1}",
    r"(\S+) posts repeat (\S+) texts: copies are no evidence": "{0} messages répètent {1} texte(s) : des copies ne prouvent rien",
    r"only (.+) of a product's name is in the posts \((\d+)% of them\): too little to tell": (
        "seul {0} d'un nom de produit est dans les messages ({1} % d'entre eux) : trop peu pour conclure"
    ),
    r"(.+) names ([\d,]+) products, too many to choose from": "{0} désigne {1} produits, trop pour choisir",
    r"(.+) hardly occur together: in (\S+) of (\S+) texts": "{0} ne vont guère ensemble : dans {1} texte(s) sur {2}",
    r"(.+) name products, but the posts do not speak of that kind of thing": (
        "{0} désignent des produits, mais les messages ne parlent pas de ce genre de choses"
    ),
    r"(.+) is too little of the best candidate's name \(score (\S+) of (\S+) needed\)": (
        "{0} est trop peu du nom du meilleur candidat (score {1}, il faut {2})"
    ),
    r"the posts share only generic words with product names: (.+); (.+) names ([\d,]+) of ([\d,]+) products": (
        "seuls des mots courants sont communs aux messages et aux noms de produits : {0} ; {1} désigne {2} produits sur {3}"
    ),
    r"(\S+) of (\S+) posts use (.+) of its name, which other posts hardly do": (
        "{0} messages sur {1} emploient {2} de son nom, ce que les autres messages ne font guère"
    ),
    r"(\S+) of (\S+) posts use (.+) of its name, which other posts hardly do; (\S+) products share these words": (
        "{0} messages sur {1} emploient {2} de son nom, ce que les autres messages ne font guère ; {3} produits partagent ces mots"
    ),
}
"""The sentences that ``lib/demand/links.py`` writes; what they quote stays as it is."""


_MEANT = r"the posts say in other words what the name (.+) means \(likeness (\S+), next name (\S+) less\)"
_ABOUT = r"the posts speak of (.+?) \((.+?)\), but of no one product: (.+)"
"""The sentences of a link by meaning, and of a link to a category: its end is one of the others."""


def link_reason(language: Language, reason: str) -> str:
    """Why a product is linked, or none is; in French where the sentence is a known one, else as the method writes it."""
    if language == "fr":
        if about := re.fullmatch(_ABOUT, reason):
            kind, words, why = about.groups()
            said = f"les messages parlent de {kind} ({words}), mais d'aucun produit en particulier : {link_reason(language, why)}"
            return typeset(language, said)
        if meant := re.fullmatch(_MEANT, reason):
            name, likeness, margin = meant.groups()
            said = f"les messages disent autrement ce que {name} veut dire (proximité {likeness}, le nom suivant {margin} de moins)"
            return typeset(language, said)
        for pattern, french in _FRENCH_REASONS.items():
            if found := re.fullmatch(pattern, reason):
                return typeset(language, french.format(*found.groups()))
    return reason


def _in_time(language: Language, action: str) -> str:
    """What remains to be done once a delivery comes in time."""
    english = {"reorder": "no need to hurry it, reorder on top", "too_late": "no need to hurry it; an order on top would come too late"}
    french = {
        "reorder": "inutile de l'avancer, commander en plus",
        "too_late": "inutile de l'avancer ; une commande en plus viendrait trop tard",
    }
    return (french if language == "fr" else english).get(action, text(language, action).lower())


_FOR = {
    "other_trends": (
        "Other trends of the day ask for the same product here: this card speaks for them too.",
        "D'autres tendances du jour demandent le même produit ici : cette fiche vaut pour elles aussi.",
    ),
    "sales_rose": ("Sales rose already in the last three days.", "Les ventes montent déjà depuis trois jours."),
    "posts_grew": (
        "Posts of the day are {growth} times those of the day before.",
        "Les messages du jour valent {growth} fois ceux de la veille.",
    ),
    "many_authors": ("{authors} people speak of it in 24 hours.", "{authors} personnes en parlent en 24 heures."),
    "strong_link": ("The posts name this product clearly ({link}).", "Les messages désignent clairement ce produit ({link})."),
    "robust": (
        "It stays a trend without its strongest pushers (grade A).",
        "C'est encore une tendance sans ses plus gros relais (note A).",
    ),
}
_AGAINST = {
    "simulated": ("Stock, sales or deliveries are simulated.", "Stock, ventes ou livraisons sont simulés."),
    "promotion": ("A promotion runs: it may explain the sales by itself.", "Une promotion court : elle peut expliquer les ventes."),
    "price_change": (
        "The price is {price} % of that of two weeks ago: it may explain the sales.",
        "Le prix vaut {price} % de celui d'il y a deux semaines : cela peut expliquer les ventes.",
    ),
    "weak_stress_test": (
        "Little is left of the trend without its strongest pushers (grade {grade}).",
        "Il reste peu de la tendance sans ses plus gros relais (note {grade}).",
    ),
    "untested": ("The trend could not be stress-tested.", "La robustesse de la tendance n'a pu être vérifiée."),
    "collection_gap": ("Posts may be missing for {gap} % of the day.", "Des messages peuvent manquer sur {gap} % de la journée."),
    "out_of_stock": (
        "{empty} of 14 days ended without stock: sales say less than demand.",
        "{empty} jours sur 14 sans stock le soir : les ventes disent moins que la demande.",
    ),
    "few_sales": ("Less than one sale a day: chance weighs heavily.", "Moins d'une vente par jour : le hasard pèse lourd."),
    "weak_link": (
        "The link between the posts and this product is weak ({link}).",
        "Le lien entre les messages et ce produit est faible ({link}).",
    ),
    "chance": ("The trend may be chance.", "La tendance peut être un hasard."),
    "few_authors": ("Only {authors} people speak of it.", "Seules {authors} personnes en parlent."),
    "minimum_order": (
        "The supplier's minimum of {least} is months of ordinary sales.",
        "Le minimum du fournisseur, {least}, vaut des mois de ventes ordinaires.",
    ),
    "unknown_lead_time": ("The supplier's lead time is unknown.", "Le délai du fournisseur est inconnu."),
    "no_price": ("No price is known, so no money is counted.", "Aucun prix connu : rien n'est chiffré."),
}
_DOUBTFUL_STOCK = {
    "negative": (
        "The stock record is below zero, so it is wrong or promised twice: reckoned as none; count before acting.",
        "Le stock enregistré est négatif, donc faux ou promis deux fois : compté pour zéro ; à recompter avant d'agir.",
    ),
    "corrected": ("The stock record was corrected within 14 days.", "Le stock a été corrigé il y a moins de 14 jours."),
    "unsold": (
        "Nothing sold in three days though it usually sells: is the stock there?",
        "Rien vendu en trois jours alors que l'article se vend : le stock est-il là ?",
    ),
}


def proofs(language: Language, card: Mapping[str, Any]) -> list[str]:
    """What speaks for the card, from its own columns; the weightiest first."""
    return [_worded(language, _FOR[name], card) for name in card["evidence_names"]]


def unknowns(language: Language, card: Mapping[str, Any]) -> list[str]:
    """What speaks against trusting the card, from its own columns; the weightiest first."""
    found = [
        _worded(language, _DOUBTFUL_STOCK[card["stock_doubt"]] if name == "stock_doubtful" else _AGAINST[name], card)
        for name in card["counter_evidence"]
    ]
    if float(card["daily_units"]) == 0:
        found.append(
            "Rien vendu en 14 jours : aucune base." if language == "fr" else "Nothing sold in 14 days: there is nothing to build on."
        )
    return [typeset(language, line) for line in found]


def _worded(language: Language, words: tuple[str, str], card: Mapping[str, Any]) -> str:
    values = {
        "growth": number(language, card["growth_24h"] or 0.0, 1),
        "authors": number(language, card["authors_24h"] or 0),
        "link": number(language, float(card["link_score"]), 2),
        "price": number(language, 100 * (card["price_change"] or 1.0)),
        "grade": card["stress_grade"],
        "gap": number(language, 100 * float(card["gap_share"])),
        "empty": card["out_of_stock_days"],
        "least": number(language, card["minimum_order_quantity"] or 0),
    }
    return typeset(language, words[1 if language == "fr" else 0]).format(**values)


def range_of_demand(language: Language, card: Mapping[str, Any]) -> str:
    """What will be wanted and how long stock lasts, from one chance in ten to nine in ten."""
    low, middle, high = (number(language, card[f"demand_{name}"]) for name in ("low", "median", "high"))
    days, cover = card["horizon_days"], cover_range(language, card)
    english = f"{low} to {high} units wanted within {days} days, {middle} in the middle; stock lasts {cover} days (8 chances in 10)."
    french = f"{low} à {high} unités demandées en {days} jours, {middle} au milieu ; le stock tient {cover} jours (8 chances sur 10)."
    return typeset(language, french if language == "fr" else english)


def cover_range(language: Language, card: Mapping[str, Any]) -> str:
    """Days of cover from one chance in ten to nine in ten; a dash where nothing is sold."""
    if card["cover_low"] is None:
        return "–"
    low, high = amount(language, round(card["cover_low"], 1)), amount(language, round(card["cover_high"], 1))
    return low if low == high else f"{low}–{high}"


def confidence(language: Language, value: float) -> str:
    """Confidence as a word with its figure."""
    word = "high" if value >= HIGH_CONFIDENCE else "low" if value < LOW_CONFIDENCE else "medium"
    return f"{text(language, f'confidence_{word}')} ({number(language, value, 2)})"


def regret(language: Language, sums: Sequence[Sum], currency: str) -> str:
    """What the closed cards of the newest week were worth; ``sums`` are of ``board/regrets.py``, the newest week first."""
    newest = [one for one in sums if one.week == sums[0].week]
    return text(
        language,
        "regret_week",
        week=day(language, newest[0].week),
        cards=number(language, sum(one.cards for one in newest)),
        followed=number(language, sum(one.followed for one in newest)),
        **{name: money(language, sum(getattr(one, name) for one in newest), currency) for name in ("earned", "others", "missed", "regret")},
    )


def verdict(outcome: Outcome) -> str:
    """``right``, ``high`` (we expected too much), ``low`` or ``unclear`` (stock ran out, so fewer sales prove nothing)."""
    if outcome.ratio > NEAR:
        return "unclear" if outcome.ran_out else "high"
    return "low" if outcome.ratio < 1 / NEAR else "right"


def outcome(language: Language, told: Outcome) -> str:
    """What a card expected and what was sold since."""
    figures = {
        "name": (told.product_name_fr if language == "fr" else None) or told.product_name,
        "day": day(language, told.day),
        "expected": number(language, told.expected, 1),
        "sold": number(language, told.sold, 1),
        "before": number(language, told.before, 1),
        "days": told.days,
    }
    if language == "fr":
        ends = {
            "right": "juste.",
            "high": "trop haut.",
            "low": "trop bas.",
            "unclear": "indécis : le stock a manqué.",
        }
        line = "{name}, fiche du {day} : {expected} par jour attendus, {sold} vendus en {days} jours ({before} avant) : "
    else:
        ends = {"right": "right.", "high": "too high.", "low": "too low.", "unclear": "unclear: stock ran out."}
        line = "{name}, card of {day}: {expected} a day expected, {sold} sold over {days} days ({before} before): "
    return typeset(language, line).format(**figures) + typeset(language, ends[verdict(told)])


def scored(language: Language, row: Mapping[str, Any]) -> str:
    """A verdict on an alert, or a rise that was missed, as a sentence."""
    french = language == "fr"
    label = str(row["label"])
    if row["outcome"] == "false_alarm":
        until = day(language, row["open_until"])
        if french:
            return f"Fausse alerte : « {label} » ; jusqu'au {until} les ventes sont restées dans l'ordinaire."
        return f"False alarm: “{label}”; until {until} sales stayed within the usual."
    since, units = day(language, row["onset_on"]), number(language, row["units"])
    usual = number(language, row["expected_units"])
    if row["outcome"] == "miss":
        if french:
            return f"Manqué : {label}, {units} vendus depuis le {since} au lieu de {usual} attendus, sans alerte avant."
        return f"Missed: {label}, {units} sold since {since} where {usual} were expected, and no alert before."
    lead = number(language, abs(row["lead_days"]), 1)
    if french:
        return f"Annoncé : « {label} », {lead} jours avant que les ventes montent ({units} depuis le {since} au lieu de {usual})."
    return f"Told before: “{label}”, {lead} days before sales rose ({units} since {since} where {usual} were expected)."
