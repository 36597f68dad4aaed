"""The board's and the digest's words in English and French, numbers and days as each language writes them.

What belongs here: short texts by key and formats. What doesn't: sentences made from a card's numbers (``sentences.py``).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

Language = Literal["en", "fr"]
LANGUAGES: dict[Language, str] = {"en": "English", "fr": "Français"}

_DAYS: dict[Language, tuple[str, ...]] = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "fr": ("lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim."),
}
_MONTHS: dict[Language, tuple[str, ...]] = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "fr": ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."),
}

TEXTS: dict[str, tuple[str, str]] = {
    "title": ("Trend board", "Tableau des tendances"),
    "page_decisions": ("Decisions", "Décisions"),
    "page_trends": ("Trends", "Tendances"),
    "page_influencers": ("Influencers", "Influenceurs"),
    "page_scoreboard": ("Were we right?", "Avions-nous raison ?"),
    "page_labels": ("Labels", "Étiquettes"),
    "page_health": ("Health", "Santé"),
    "language": ("Language", "Langue"),
    "you": ("You", "Vous"),
    "day": ("Day", "Jour"),
    "your_name": ("Your name or initials (optional)", "Votre nom ou vos initiales (facultatif)"),
    # actions
    "reorder": ("Reorder", "Commander"),
    "expedite": ("Get it sooner", "Avancer la livraison"),
    "move": ("Move stock", "Transférer du stock"),
    "hold": ("Do nothing", "Ne rien faire"),
    "mark_down": ("Mark down", "Démarquer"),
    "too_late": ("Too late to order", "Trop tard pour commander"),
    # labels
    "labels_heading": ("What does this post say?", "Que dit ce message ?"),
    "labels_task": ("Question", "Question"),
    "labels_name": (
        "Your name or initials (needed: agreement between people is measured)",
        "Votre nom ou vos initiales (nécessaire : on mesure l'accord entre les personnes)",
    ),
    "labels_none": ("There is nothing to label.", "Il n'y a rien à étiqueter."),
    "labels_none_help": (
        "The queue is made every morning (job {task}_labelling), or by: trend-assets labels queue {task} --output FILE.csv",
        "La file est faite chaque matin (job {task}_labelling), ou par : trend-assets labels queue {task} --output FICHIER.csv",
    ),
    "labels_all_done": ("You have seen every post of the queue. Thank you.", "Vous avez vu tous les messages de la file. Merci."),
    "labels_left": ("Post {number} of {count}; {done} labelled by you", "Message {number} sur {count} ; {done} étiquetés par vous"),
    "labels_skip": ("I can't tell", "Je ne sais pas"),
    "labels_failed": ("Not saved, try again: {reason}", "Non enregistré, réessayez : {reason}"),
    "labels_agreement": ("How far people agree", "Accord entre les personnes"),
    "labels_given": ("{count} answers so far, version {version}", "{count} réponses à ce jour, version {version}"),
    "labels_privacy": (
        "Answers are kept with your name and a reference to the post, without its text. What the model thinks is not shown: who sees an "
        "answer tends to give it. Do label the last ones too: they are drawn at random and say how good the model is.",
        "Les réponses sont gardées avec votre nom et une référence au message, sans son texte. L'avis du modèle n'est pas montré : qui "
        "voit une réponse tend à la donner. Étiquetez aussi les derniers : tirés au sort, ils disent ce que vaut le modèle.",
    ),
    "label_negative": ("negative", "négatif"),
    "label_neutral": ("neutral", "neutre"),
    "label_positive": ("positive", "positif"),
    # stages and lanes
    "emerging": ("emerging", "naissante"),
    "rising": ("rising", "en hausse"),
    "peak": ("at its peak", "au sommet"),
    "seasonal": ("seasonal", "saisonnière"),
    "fading": ("fading", "en baisse"),
    "fad": ("a fad", "feu de paille"),
    "steady": ("steady", "stable"),
    "lane_brand": ("our brand", "notre marque"),
    "lane_lifestyle": ("lifestyle", "air du temps"),
    "lane_noise": ("noise", "bruit"),
    # cards
    "simulated": ("simulated data", "données simulées"),
    "real": ("real data", "données réelles"),
    "simulated_banner": (
        "The retailer's numbers here are simulated: stock, orders or deliveries are made up. Do not order on them.",
        "Les chiffres du magasin sont simulés : stock, commandes ou livraisons sont inventés. Ne commandez pas sur cette base.",
    ),
    "trend": ("Trend", "Tendance"),
    "units": ("units", "unités"),
    "quantity": ("Quantity", "Quantité"),
    "money_if_false": ("Left over if the trend is false", "Invendu si la tendance est fausse"),
    "money_both": (
        "{idle} lost if real and nothing is done, {false} left over if false",
        "{idle} perdus si vraie sans agir, {false} d'invendu si fausse",
    ),
    "speaks_for": ("What speaks for it", "Ce qui plaide pour"),
    "act_by": ("Act by", "Agir avant le"),
    "nothing_to_do": ("nothing to do", "rien à faire"),
    "cover": ("Cover", "Couverture"),
    "cover_of_lead": ("{cover} days; supplier needs {lead}", "{cover} jours ; délai fournisseur {lead}"),
    "cover_no_lead": ("{cover} days; lead time unknown", "{cover} jours ; délai fournisseur inconnu"),
    "no_demand": ("no sales", "pas de ventes"),
    "shelf": ("Stock alone lasts", "Le stock seul tient"),
    "days": ("{days} days", "{days} jours"),
    "money": ("Money at risk", "Montant en jeu"),
    "confidence": ("Confidence", "Confiance"),
    "confidence_low": ("low", "faible"),
    "confidence_medium": ("medium", "moyenne"),
    "confidence_high": ("high", "élevée"),
    "places": ("{count} places", "{count} lieux"),
    "one_place": ("1 place", "1 lieu"),
    "why": ("Why", "Pourquoi"),
    "turns": ("What would change our mind", "Ce qui nous ferait changer d'avis"),
    "no_turns": (
        "Nothing we can compute from today's numbers.",
        "Rien que nous puissions calculer avec les chiffres du jour.",
    ),
    "unknown": ("What we don't know", "Ce que nous ne savons pas"),
    "by_place": ("Place by place", "Lieu par lieu"),
    "place": ("Place", "Lieu"),
    "stock_now": ("In stock", "En stock"),
    "inbound": ("On its way", "En route"),
    "sells": ("Sells a day → expected", "Vend par jour → attendu"),
    "method_reason": ("As the method writes it", "Tel que l'écrit la méthode (en anglais)"),
    "covered": (
        "{place}: the card of the trend “{label}” ({action}) says what to do here; answer that one.",
        "{place} : la fiche de la tendance « {label} » ({action}) dit quoi faire ici ; répondez à celle-là.",
    ),
    "accept": ("Accept", "Accepter"),
    "agree": ("Agree", "D'accord"),
    "decline": ("Decline", "Refuser"),
    "snooze": ("Snooze", "Reporter"),
    "undo": ("Undo", "Annuler"),
    "until": ("until", "jusqu'au"),
    "options": ("Own words, places, date", "Vos mots, lieux, date"),
    "which_places": ("Answer for these places", "Répondre pour ces lieux"),
    "answer_reason": ("Reason for the answer", "Motif de la réponse"),
    "answer_reason_hint": ("Choose, or write below", "Choisir, ou écrire plus bas"),
    "note": ("Reason in your own words (no names of customers)", "Motif dans vos mots (sans nom de client)"),
    "reason_sent": ("Sent to the supplier or the store", "Transmis au fournisseur ou au magasin"),
    "reason_agreed": ("The figures convince us", "Les chiffres nous convainquent"),
    "reason_done": ("Already done", "Déjà fait"),
    "reason_doubted": ("We don't believe the trend", "Nous ne croyons pas à la tendance"),
    "reason_range": ("Not for this range or place", "Pas pour cette gamme ou ce lieu"),
    "reason_stock": ("The stock has to be counted first", "Le stock est à recompter d'abord"),
    "reason_money": ("No budget or no room", "Pas de budget ou pas de place"),
    "reason_waiting": ("Waiting for an answer or more sales", "En attente d'une réponse ou de plus de ventes"),
    "reason_missing": ("Choose or write a reason first, then answer.", "Choisissez ou écrivez d'abord un motif, puis répondez."),
    "snooze_until": ("Snooze until", "Reporter jusqu'au"),
    "accepted": ("Accepted", "Accepté"),
    "declined": ("Declined", "Refusé"),
    "snoozed": ("Snoozed until {day}", "Reporté jusqu'au {day}"),
    "answered_earlier": ("On the card of {day}: {answer}", "Sur la fiche du {day} : {answer}"),
    "open_section": ("To decide", "À décider"),
    "rest_section": ("Too late, or nothing to do ({count})", "Trop tard, ou rien à faire ({count})"),
    "answered_section": ("Answered ({count})", "Répondu ({count})"),
    "snoozed_section": ("Snoozed ({count})", "Reporté ({count})"),
    "back_section": ("Back from snooze, without a card today", "De retour, sans fiche aujourd'hui"),
    "all_answered": ("Every card of this day is answered.", "Toutes les fiches de ce jour ont une réponse."),
    "no_cards": ("No decision cards yet.", "Pas encore de fiches de décision."),
    "no_cards_help": (
        "A card appears when a trend is linked to one of your products. The Trends page says why nothing was linked.",
        "Une fiche apparaît quand une tendance est liée à un de vos produits. La page Tendances dit pourquoi rien n'est lié.",
    ),
    "answers_unreadable": (
        "Answers to cards of {days} cannot be read, so their cards are shown as not answered. {reason}",
        "Les réponses aux fiches du {days} sont illisibles : leurs fiches figurent sans réponse. {reason}",
    ),
    "not_saved": ("Not saved: {reason}", "Non enregistré : {reason}"),
    "saved": ("Saved", "Enregistré"),
    "summary": ("{todo} to decide, {money} at risk, first by {day}", "{todo} à décider, {money} en jeu, la première avant le {day}"),
    "summary_plain": ("{todo} to decide, {money} at risk", "{todo} à décider, {money} en jeu"),
    "newest_cards": (
        "Newest day with cards: {day}. Data reach to {end}.",
        "Dernier jour avec des fiches : {day}. Les données vont jusqu'au {end}.",
    ),
    "rule_of_thumb": (
        "Expected sales follow a rule of thumb (a strongly linked trend adds two thirds for eleven days), not what your sales taught.",
        "Les ventes attendues suivent une règle simple (une tendance bien liée ajoute deux tiers onze jours durant), non vos ventes.",
    ),
    # trends
    "pick_trend": ("Trend", "Tendance"),
    "show_suppressed": ("Show suppressed trends too", "Montrer aussi les tendances écartées"),
    "suppressed": ("suppressed", "écartée"),
    "raised": ("Raised", "Signalée"),
    "posts": ("posts", "messages"),
    "posts_per_hour": ("Posts an hour", "Messages par heure"),
    "sold_per_day": ("Sold a day", "Vendu par jour"),
    "stock_at_close": ("Stock in the evening", "Stock le soir"),
    "sold_and_expected": ("Sold and expected a week", "Vendu et attendu par semaine"),
    "week_to": ("Week to", "Semaine jusqu'au"),
    "forecast": ("What it will sell", "Ce qui se vendra"),
    "product": ("Product", "Produit"),
    "expected": ("Expected", "Attendu"),
    "expected_low": ("At least (9 weeks in 10)", "Au moins (9 semaines sur 10)"),
    "expected_high": ("At most (9 weeks in 10)", "Au plus (9 semaines sur 10)"),
    "forecast_told": (
        "Solid: sold. Dashed: expected, as forecast on {origin} by the model of all products; places added up: {places}. "
        "Intervals of 80 % and medians of the places are added up: the band is wider than one of the total, the line leans low.",
        "Trait plein : vendu. Pointillé : attendu, prévision du {origin} par le modèle commun ; lieux additionnés : {places}. "
        "Les intervalles à 80 % et les médianes des lieux sont additionnés : la bande est trop large, la ligne plutôt basse.",
    ),
    "linked_products": ("Linked products", "Produits liés"),
    "not_linked": ("No product linked", "Aucun produit lié"),
    "nearest": ("Nearest products", "Produits les plus proches"),
    "markets": ("Where it is spoken of", "Où l'on en parle"),
    "region": ("Region", "Région"),
    "against_day_before": ("Against the day before", "Par rapport à la veille"),
    "we_sell_there": ("Do we sell there?", "Y vendons-nous ?"),
    "market_unknown": ("not told", "non précisé"),
    "market_withheld": ("too few authors to tell", "trop peu d'auteurs pour le dire"),
    "presence_sold": ("{units} sold in 14 days", "{units} vendu(s) en 14 jours"),
    "presence_not_sold": ("a place of ours, but none sold", "un magasin, mais aucune vente"),
    "presence_no_place": ("no place, none sold", "ni magasin ni vente"),
    "presence_no_product": ("no product answers", "aucun produit n'y répond"),
    "presence_unknown": ("–", "–"),
    "markets_told": (
        "▲ grows there while we sell nothing for it. Most posts tell no region; fewer than five authors are counted together.",
        "▲ en hausse là où nous n'y vendons rien. La plupart des messages ne disent pas d'où ; moins de cinq auteurs sont regroupés.",
    ),
    "customers_there": (
        "Customers who buy these categories there, week to {day} (never fewer than fifty; × against the week before)",
        "Clients qui y achètent ces catégories, semaine jusqu'au {day} (jamais moins de cinquante ; × par rapport à la précédente)",
    ),
    "segment_share": ("{customers} {segment} ({share} %)", "{customers} {segment} ({share} %)"),
    "segment_best": ("best", "meilleurs"),
    "segment_returning": ("returning", "de retour"),
    "segment_new": ("new", "nouveaux"),
    "segment_regular": ("regular", "réguliers"),
    "segment_occasional": ("occasional", "occasionnels"),
    "segment_unknown": ("without a segment", "sans segment"),
    "segment_withheld": ("of other segments", "d'autres segments"),
    "unserved": ("Trends that no product answers", "Tendances sans produit pour y répondre"),
    "unserved_told": (
        "Raised trends of the day without a linked product. The nearest products are no links: they share words, or parts of words.",
        "Tendances du jour sans produit lié. Les produits les plus proches ne sont pas des liens : des mots se ressemblent.",
    ),
    "no_unserved": ("Every trend of the day is linked to a product.", "Chaque tendance du jour est liée à un produit."),
    "authors": ("authors", "auteurs"),
    "why_not": ("Why no product", "Pourquoi aucun produit"),
    "about": ("About", "Concerne"),
    "evidence": ("Evidence", "Indices"),
    "example_posts": ("Posts that show it", "Messages qui la montrent"),
    "post_licence": (
        "Post text is under its network's terms: read here, do not copy or export. Handles are masked.",
        "Le texte est soumis aux conditions du réseau : à lire ici, sans copie ni export. Les pseudos sont masqués.",
    ),
    "no_posts": (
        "No example can be shown: the posts are older than their retention, deleted, or unreadable.",
        "Aucun exemple à montrer : messages trop anciens, supprimés ou illisibles.",
    ),
    "terms_break_out": ("Terms that break out by counts", "Termes qui percent d'après les comptages"),
    "terms_break_out_help": (
        "The network's own counts of the last day, against each term's past; no post needs to be bought for it.",
        "Comptages du réseau sur la dernière journée, comparés au passé de chaque terme ; aucun message n'est acheté pour cela.",
    ),
    "counted_posts": ("{posts} posts in the hour of {moment}, {expected} expected", "{posts} messages à {moment}, {expected} attendus"),
    "carriers": ("Who carries it", "Qui la porte"),
    "no_carriers": ("Nobody stands out: too few reposts, replies and mentions.", "Personne ne se détache : trop peu de reprises."),
    "pseudonyms": (
        "Authors are shown by pseudonym; only accounts of brands named in the settings keep their name.",
        "Les auteurs figurent sous pseudonyme ; seuls les comptes des marques déclarées gardent leur nom.",
    ),
    "no_trends": ("No trend was raised on this day.", "Aucune tendance signalée ce jour."),
    "no_trends_at_all": ("No trends yet.", "Pas encore de tendances."),
    "gaps": (
        "Days without data of the retailer are gaps, not zeros. Dashed: raised as a trend.",
        "Les jours sans données du magasin sont des trous, pas des zéros. Pointillé : signalée.",
    ),
    "about_us": ("What people say about us", "Ce qu'on dit de nous"),
    "about_us_here": ("Where it names us", "Quand on nous y nomme"),
    "positive": ("positive", "positif"),
    "neutral": ("neutral", "neutre"),
    "negative": ("negative", "négatif"),
    "abstained": ("unclear", "incertain"),
    "withheld": ("said by too few to tell", "dit par trop peu de personnes"),
    "sentiment_of": (
        "of {posts} posts by {authors} people in the day to {until}, as our model reads them.",
        "de {posts} messages de {authors} personnes, sur la journée jusqu'au {until}, selon notre modèle.",
    ),
    "live_now": ("Right now", "En ce moment"),
    "gap_since": (
        "Collection gap since {begin}: posts of {network} may be missing ({reason}). Fewer posts are no drop.",
        "Collecte incomplète depuis {begin} : des messages de {network} peuvent manquer ({reason}). "
        "Moins de messages n'est pas une baisse.",
    ),
    "gap_between": (
        "Collection gap from {begin} to {end}: posts of {network} may be missing ({reason}). Fewer posts are no drop.",
        "Collecte incomplète de {begin} à {end} : des messages de {network} peuvent manquer ({reason}). "
        "Moins de messages n'est pas une baisse.",
    ),
    "gap_shaded": (
        "Grey: posts may be missing, as collection was interrupted; point at it for the reason.",
        "En gris : des messages peuvent manquer, la collecte ayant été interrompue ; survolez pour la raison.",
    ),
    "gap": ("may be missing", "peuvent manquer"),
    "gap_disconnect": ("connection lost", "connexion perdue"),
    "gap_stall": ("silent connection", "connexion muette"),
    "gap_rate_limit": ("rate limit", "limite de débit"),
    "gap_budget": ("budget used up", "budget épuisé"),
    "gap_look_back": ("no longer to be had", "plus disponible"),
    "gap_truncated": ("reply cut off", "réponse tronquée"),
    "gap_operational": ("the network's own fault", "panne du réseau social"),
    "gap_downtime": ("no collector ran", "collecte arrêtée"),
    "provisional": ("provisional", "provisoire"),
    "provisional_help": (
        "From the hour under way; it may change until the hour is sealed. As of {moment}, {lag}.",
        "De l'heure en cours ; peut changer jusqu'à sa clôture. État de {moment}, {lag}.",
    ),
    "lag": ("{minutes} minutes ago", "il y a {minutes} minutes"),
    "no_trends_now": ("Nothing is raised right now.", "Rien à signaler en ce moment."),
    "live_stopped": (
        "The live lane has stopped: its last word is of {moment}. Nothing newer is known, so nothing is shown here.",
        "La voie en direct s'est arrêtée : ses dernières lignes datent de {moment}. Rien de plus récent n'est connu, rien n'est affiché.",
    ),
    "closed_lake": ("data of the past", "données du passé"),
    # influencers
    "overall": ("Overall", "En général"),
    "scope": ("For the trend", "Pour la tendance"),
    "author": ("Author", "Auteur"),
    "score": ("Score", "Score"),
    "amplifiers": ("Amplified by, 24 h", "Relayé par, 24 h"),
    "interactions": ("Interactions, 24 h", "Interactions, 24 h"),
    "reason": ("Reason", "Raison"),
    "no_influencers": ("No ranking yet.", "Pas encore de classement."),
    "influence_help": (
        "Most amplified authors: reposts, quotes, replies and mentions received, halved every {hours} hours.",
        "Auteurs les plus relayés : reprises, citations, réponses et mentions reçues, divisées par deux toutes les {hours} heures.",
    ),
    # as of a moment
    "as_of": ("As of …", "À la date du …"),
    "as_of_day": ("Day to go back to", "Jour auquel revenir"),
    "as_of_hour": ("Time", "Heure"),
    "as_of_end_of_day": ("end of the day (UTC)", "fin de journée (UTC)"),
    "as_of_show": ("Show what was known then", "Montrer ce qu'on savait alors"),
    "as_of_now": ("Back to now", "Revenir à maintenant"),
    "as_of_banner": (
        "As known at {moment}: trends, products and decisions as they were published then. Nothing can be answered here.",
        "Ce qu'on savait le {moment} : tendances, produits et décisions tels que publiés alors. On ne peut rien y répondre.",
    ),
    "as_of_not_here": (
        "This page shows today, not {moment}: what is said of persons, and how we are doing, is not kept.",
        "Cette page montre l'état d'aujourd'hui, non celui du {moment} : les personnes et l'état du système ne sont pas conservés.",
    ),
    "as_of_help": (
        "Trends, products and decisions as they were published at that moment, whatever has changed or was deleted since.",
        "Tendances, produits et décisions tels qu'ils étaient publiés à ce moment, quoi qui ait changé ou été supprimé depuis.",
    ),
    "as_of_posts": (
        "Posts are not kept for rewinding: who deletes a post deletes it here too.",
        "Les messages ne sont pas conservés pour ce retour en arrière : un message supprimé l'est ici aussi.",
    ),
    "label_withheld": ("(words of too few people)", "(mots de trop peu de personnes)"),
    "as_of_persons": ("Persons are not kept for rewinding.", "Les personnes ne sont pas conservées pour ce retour en arrière."),
    # health
    "fresh_until": ("Data reach to {moment}", "Les données vont jusqu'au {moment}"),
    "against": ("against {moment}", "par rapport au {moment}"),
    "table": ("Table", "Table"),
    "newest": ("Newest partition", "Dernière partition"),
    "behind": ("Hours behind", "Heures de retard"),
    "freshness": ("Freshness", "Fraîcheur"),
    "identity": ("Is anything lost?", "Manque-t-il quelque chose ?"),
    "identity_exact": (
        "No: {records} records in since {since}, every one accounted for.",
        "Non : {records} enregistrements depuis le {since}, tous retrouvés.",
    ),
    "identity_off": (
        "Counts since {since} differ in the hours named below: make them again from landing.",
        "Les comptes depuis le {since} diffèrent aux heures nommées ci-dessous : à refaire depuis l'arrivée.",
    ),
    "identity_open": (
        "Left out: {count} hours that are being made now.",
        "Non comptées : {count} heures en cours de fabrication.",
    ),
    "counted": ("Counted at landing", "Comptés à l'arrivée"),
    "held": ("Held in the table", "Présents dans la table"),
    "outcome": ("Outcome", "Devenir"),
    "quarantined": ("Refused records", "Enregistrements refusés"),
    "checks": ("Checks", "Contrôles"),
    "checks_passed": ("{passed} of {total} checks passed when last run", "{passed} contrôles sur {total} réussis à leur dernier passage"),
    "checks_unknown": ("No result of checks can be read: {reason}", "Résultats des contrôles illisibles : {reason}"),
    "check": ("Check", "Contrôle"),
    "when": ("When", "Quand"),
    "alerts": ("Alerts", "Alertes"),
    "no_alerts": ("No alerts.", "Aucune alerte."),
    "good": ("good", "bon"),
    "late": ("late", "en retard"),
    "failed": ("failed", "en échec"),
    "warned": ("warned", "à regarder"),
    "health_good": ("Everything is as it should be.", "Tout est en ordre."),
    "health_warned": ("Nothing failed; checks that want a look: {count}.", "Rien en échec ; contrôles à regarder : {count}."),
    "health_look": ("Something needs a look.", "Quelque chose est à regarder."),
    "sql_hint": ("The same in SQL", "La même chose en SQL"),
    "unreadable": (
        "What this page shows cannot be read. {reason}",
        "Ce que montre cette page est illisible. {reason}",
    ),
    "warehouse_busy": (
        "The published tables are being written. Reload in a moment.",
        "Les tables publiées sont en cours d'écriture. Rechargez dans un instant.",
    ),
    "warehouse_damaged": (
        "The published tables cannot be read: run the marts job, which publishes them again, then reload. {reason}",
        "Les tables publiées sont illisibles : lancez le job marts, qui les publie de nouveau, puis rechargez. {reason}",
    ),
    "not_published": (
        "Nothing has been published yet. Run `make run` (the simulated town) or the marts job, then reload.",
        "Rien n'est encore publié. Lancez `make run` (ville simulée) ou le job marts, puis rechargez.",
    ),
    # digest
    "digest_title": ("What to do today", "Que faire aujourd'hui"),
    "digest_none": ("No decision is due for this day.", "Aucune décision à prendre pour ce jour."),
    "digest_unlinked": ("Trends without a product", "Tendances sans produit"),
    "digest_wrong": ("Were we right?", "Avions-nous raison ?"),
    "digest_too_late": (
        "{count} more for which it is too late, on the board",
        "{count} autres pour lesquelles il est trop tard, sur le tableau",
    ),
    "digest_more": ("and {count} more on the board", "et {count} autres sur le tableau"),
    "digest_answered": ("{count} places answered already", "{count} lieux déjà traités"),
    "digest_no_outcome": ("Too early to say: no cards a week or more ago.", "Trop tôt pour le dire : aucune fiche d'au moins une semaine."),
    "digest_suppressed": (
        "{count} trends of the day suppressed as noise; {abstained} left without a product on purpose.",
        "{count} tendances du jour écartées comme bruit ; {abstained} laissées sans lien à dessein.",
    ),
    "regret_section": ("What closed cards were worth", "Ce que valaient les fiches closes"),
    "regret_none": (
        "No card is closed yet: its horizon has to be over.",
        "Aucune fiche n'est encore close : son horizon doit être passé.",
    ),
    "regret_week": (
        "Cards of the week of {week}: {cards} closed, {followed} accepted, worth {earned}; following all the others would have been worth "
        "{others} ({missed} of gains among them); regret {regret} against the best answer to each.",
        "Fiches de la semaine du {week} : {cards} closes, {followed} acceptées, valeur {earned} ; suivre toutes les autres aurait valu "
        "{others} (dont {missed} de gains) ; regret {regret} face à la meilleure réponse à chacune.",
    ),
    "regret_help": (
        "Estimated from the stock and sales since: what met no stock is taken to have wanted what the other days sold.",
        "Estimé d'après les stocks et ventes depuis : sans stock, la demande est supposée égale aux ventes des autres jours.",
    ),
    "regret_week_heading": ("week", "semaine"),
    "regret_cards": ("closed", "closes"),
    "regret_followed": ("accepted", "acceptées"),
    "regret_earned": ("worth of the accepted", "valeur des acceptées"),
    "regret_others": ("worth of all others", "valeur de toutes les autres"),
    "regret_missed": ("gains among them", "dont gains"),
    "regret_snoozed": ("had all been snoozed", "si toutes remises à plus tard"),
    "regret_money": ("regret", "regret"),
    "digest_no_unlinked": ("None today.", "Aucune aujourd'hui."),
    "digest_health": (
        "Data reach to {end}; since {since} {records} records in, {quarantined} refused; {identity}.",
        "Données jusqu'au {end} ; depuis le {since} {records} enregistrements, {quarantined} refusés ; {identity}.",
    ),
    "identity_ok_short": ("nothing lost", "rien de perdu"),
    "identity_off_short": ("counts differ, see the board", "comptes à vérifier sur le tableau"),
    # scoreboard
    "scoreboard_none": ("Nothing was decided yet.", "Rien n'est encore tranché."),
    "scoreboard_help": (
        "Each range alerted counts by itself, whoever alerts. It is decided once its sales rise, or two weeks later; who is better, only "
        "where chance would rarely make such a difference.",
        "Chaque gamme annoncée compte pour elle-même, quelle que soit la méthode. Elle est tranchée quand ses ventes montent, ou deux "
        "semaines plus tard ; qui fait mieux, seulement si le hasard donnerait rarement un tel écart.",
    ),
    "scoreboard_summary": (
        "{hits} rises told before they began, {late} told late, {misses} missed, {false_alarms} false alarms",
        "{hits} hausses annoncées avant leur début, {late} annoncées trop tard, {misses} manquées, {false_alarms} fausses alertes",
    ),
    "scoreboard_naive": ("best simple method", "meilleure méthode simple"),
    "scoreboard_ours": ("our trends", "nos tendances"),
    "scoreboard_verdict": ("Are we better?", "Fait-on mieux ?"),
    "scoreboard_better": ("yes", "oui"),
    "scoreboard_worse": ("no: {method} is better", "non : {method} fait mieux"),
    "scoreboard_too_few": ("too few alerts to tell", "trop peu d'alertes pour le dire"),
    "scoreboard_last_week": ("last week's sales", "ventes de la semaine passée"),
    "scoreboard_mentions": ("posts that name the product", "messages qui nomment le produit"),
    "scoreboard_last_year": ("the same week last year", "même semaine l'an passé"),
    "scoreboard_trends": ("our trends", "nos tendances"),
    "category": ("Category", "Catégorie"),
    "hits": ("Told before", "Annoncées"),
    "told_late": ("Told late", "Trop tard"),
    "misses": ("Missed", "Manquées"),
    "false_alarms": ("False alarms", "Fausses alertes"),
    "lead_days": ("Days ahead (mean)", "Jours d'avance (moyenne)"),
    "f1": ("F1", "F1"),
    "origin": ("Data", "Données"),
    "colon": (": ", " : "),
}


def text(language: Language, key: str, **values: object) -> str:
    """The text of a key. Raises ``KeyError`` for an unknown key or a missing value."""
    chosen = typeset(language, TEXTS[key][0 if language == "en" else 1])
    return chosen.format(**values) if values else chosen


def trend_name(language: Language, label: str) -> str:
    """A trend's label; of a moment of the past nothing is left of it where each of its words was of too few people."""
    return label or text(language, "label_withheld")


def typeset(language: Language, words: str) -> str:
    """French punctuation does not leave its word at the end of a line."""
    if language == "en":
        return words
    for mark in (":", ";", "?", "!", "»"):
        words = words.replace(f" {mark}", f"\u00a0{mark}")
    return words.replace("« ", "«\u00a0")


def number(language: Language, value: float, decimals: int = 0) -> str:
    """A number as the language writes it: 1,234.5 or 1 234,5 (no-break spaces)."""
    written = f"{value:,.{decimals}f}"
    return written if language == "en" else written.replace(",", "\u202f").replace(".", ",")


def amount(language: Language, value: float) -> str:
    """Units a day or days: one decimal under 20, none from there."""
    return number(language, value, 0 if abs(value) >= 20 or float(value).is_integer() else 1)


_SYMBOLS = {"EUR": "€", "GBP": "£", "USD": "$"}


def money(language: Language, value: float, currency: str = "") -> str:
    """Money without decimals; without a currency where the data have several or none."""
    figure, symbol = number(language, value), _SYMBOLS.get(currency, currency)
    if not symbol:
        return figure
    return f"{symbol}{figure}" if language == "en" and len(symbol) == 1 else f"{figure}\u00a0{symbol}"


def day(language: Language, value: date) -> str:
    """A day with its weekday: Sun 27 Sep, dim. 27 sept."""
    return f"{_DAYS[language][value.weekday()]} {value.day} {_MONTHS[language][value.month - 1]}"


def long_day(language: Language, value: date) -> str:
    """A day with its year."""
    return f"{day(language, value)} {value.year}"


def moment(language: Language, value: datetime) -> str:
    """Day and time, UTC."""
    return f"{day(language, value.date())} {value:%H:%M} UTC"
