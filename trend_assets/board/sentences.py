"""Sentences made from a card's numbers, in English and French: the arithmetic, what would change our mind, what we don't know.

What belongs here: wording. What doesn't: what turns a decision (``lib/demand/reconsider``), which is asked of the rules and only
worded here, and short texts (``words.py``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from trend_assets.board.data import Sentiment, shelf_days
from trend_assets.board.outcomes import Outcome
from trend_assets.board.words import Language, amount, day, moment, number, text, typeset
from trend_assets.lib.demand.cards import DEFAULT_RULES
from trend_assets.lib.demand.reconsider import Turn

HIGH_CONFIDENCE, LOW_CONFIDENCE = 0.6, 0.35
NEAR = 1.3
"""Expected and sold within 30 % of each other count as right."""


def sentiment(language: Language, found: Sentiment) -> str:
    """Shares of positive, neutral and negative posts; what few people say is one share, so that nobody is singled out."""
    shares = [f"{number(language, 100 * share)} % {text(language, label)}" for label, share in _in_order(found.shares)]
    counted = {"posts": number(language, found.posts), "authors": number(language, found.authors), "until": moment(language, found.until)}
    return f"{', '.join(shares)} {text(language, 'sentiment_of', **counted)}"


def _in_order(shares: Mapping[str, float]) -> list[tuple[str, float]]:
    return [(label, shares[label]) for label in ("positive", "neutral", "negative", "withheld") if label in shares]


def arithmetic(language: Language, card: Mapping[str, Any]) -> str:
    """Sales × trend = expected; stock + deliveries = cover, against what the supplier needs; the rest of the trend's life."""
    daily, expected = float(card["daily_units"]), float(card["expected_daily_units"])
    life = DEFAULT_RULES.life.get(card["stage"], DEFAULT_RULES.life["peak"])
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
        parts = ["{daily} vendu(s) par jour × {uplift} = {expected} attendu(s)", "{available} en stock + {inbound} en route"]
        parts[1] += " = {cover} jours de couverture" if card["days_of_cover"] is not None else " : pas de fin de stock en vue"
        parts.append(
            "{needed} jours nécessaires ({lead} de délai + {extra})"
            if card["lead_time_days"] is not None
            else "délai du fournisseur inconnu"
        )
        parts.append("tendance {stage}, encore {life} jours environ")
    else:
        parts = ["{daily} sold a day × {uplift} = {expected} expected", "{available} in stock + {inbound} on its way"]
        parts[1] += " = {cover} days of cover" if card["days_of_cover"] is not None else ": no end of stock in sight"
        parts.append("{needed} days needed ({lead} lead time + {extra})" if card["lead_time_days"] is not None else "lead time unknown")
        parts.append("trend {stage}, about {life} days left")
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


def unknowns(language: Language, card: Mapping[str, Any]) -> list[str]:
    """What speaks against trusting the card, from its own columns; the weightiest first."""
    french = language == "fr"
    found = []
    if card["data_origin"] == "simulated":
        found.append("Stock, ventes ou livraisons sont simulés." if french else "Stock, sales or deliveries are simulated.")
    if card["promotion"]:
        found.append(
            "Une promotion court : elle peut expliquer les ventes." if french else "A promotion runs: it may explain the sales by itself."
        )
    if card["lead_time_days"] is None:
        found.append("Le délai du fournisseur est inconnu." if french else "The supplier's lead time is unknown.")
    if float(card["daily_units"]) == 0:
        found.append("Rien vendu en 14 jours : aucune base." if french else "Nothing sold in 14 days: there is nothing to build on.")
    elif float(card["daily_units"]) < 1:
        found.append("Moins d'une vente par jour : le hasard pèse lourd." if french else "Less than one sale a day: chance weighs heavily.")
    if float(card["confidence"]) < LOW_CONFIDENCE:
        found.append(
            "Le lien entre les messages et ce produit est faible." if french else "The link between the posts and this product is weak."
        )
    if (card["action"] in ("reorder", "expedite", "too_late")) and not card["money_at_risk"]:
        found.append("Aucun prix connu : rien n'est chiffré." if french else "No price is known, so no money is counted.")
    return found


def confidence(language: Language, value: float) -> str:
    """Confidence as a word with its figure."""
    word = "high" if value >= HIGH_CONFIDENCE else "low" if value < LOW_CONFIDENCE else "medium"
    return f"{text(language, f'confidence_{word}')} ({number(language, value, 2)})"


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
