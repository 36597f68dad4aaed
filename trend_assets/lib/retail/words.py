"""What retailers call things, in English, French, German and Spanish: columns, kinds of order lines, channels, people.

What belongs here: words. What doesn't: how names are compared (``propose.py``). The words of ``COLUMNS`` go from usual to
rare; they are written as ``normalised`` gives them: lower case, no accents, one space between words.
"""

from __future__ import annotations

import re
import unicodedata


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_PRODUCT = (
    "product id, sku, product, item, article, product code, item code, item number, article number, stock code, ean, "
    "ean13, gtin, upc, barcode, ref, reference, reference produit, code article, code produit, produit, "
    "artikelnummer, artikel, artikel nr, art nr, produktnummer, produkt, articulo, producto, codigo, codigo articulo,"
    " id producto, plu, asin, variant id"
)
_STORE = (
    "store id, store, shop, location, place, store code, store number, location id, outlet, branch, warehouse, site, "
    "magasin, code magasin, boutique, point de vente, depot, entrepot, filiale, filial nr, laden, lager, standort, "
    "markt, tienda, almacen, sucursal, centro"
)
_SUPPLIER = (
    "supplier id, supplier, vendor, vendor id, supplier code, manufacturer, fournisseur, code fournisseur, lieferant,"
    " lieferantennummer, proveedor"
)
_ORDERED_ON = (
    "ordered on, order date, purchase date, placed on, date commande, date de commande, commande le, bestelldatum, "
    "bestellt am, fecha pedido, fecha de pedido"
)
_QUANTITY = (
    "quantity, qty, units, pieces, number of units, sold, quantite, qte, nombre, nb, unites, menge, anzahl, stuck, "
    "stueck, cantidad, unidades"
)
_DAY = "day, date, stock date, snapshot date, inventory date, as of, jour, date stock, date inventaire, tag, datum, stichtag, fecha, dia"

_WORDS: dict[str, dict[str, str]] = {
    "products": {
        "product_id": f"{_PRODUCT}, id",
        "product_name": (
            "product name, name, title, description, item name, product display name, item description, article name,"
            " label, designation, libelle, nom, nom produit, intitule, bezeichnung, artikelbezeichnung, artikelname, "
            "produktname, titel, nombre, nombre producto, descripcion, denominacion"
        ),
        "product_name_fr": ("product name fr, name fr, french name, title fr, description fr, designation fr, libelle fr, nom francais"),
        "brand": "brand, brand name, label brand, marque, marke, hersteller, marca",
        "category": (
            "category, department, master category, product category, category name, family, group, product group, "
            "categorie, rayon, famille, univers, kategorie, warengruppe, abteilung, categoria, seccion, familia, "
            "departamento"
        ),
        "product_type": (
            "product type, type, article type, subcategory, sub category, class, subclass, type produit, sous "
            "categorie, sous famille, produkttyp, unterkategorie, artikelart, subcategoria, tipo, subfamilia"
        ),
        "colour": "colour, color, base colour, couleur, coloris, farbe",
        "unit_price": (
            "unit price, price, list price, retail price, selling price, rrp, price eur, prix, prix de vente, prix "
            "unitaire, pv ttc, prix ttc, pu, preis, verkaufspreis, vk preis, stuckpreis, listenpreis, precio, precio "
            "venta, pvp, precio unitario"
        ),
        "unit_cost": (
            "unit cost, cost, purchase price, cost price, standard cost, cogs, prix achat, prix d achat, achat, cout,"
            " einkaufspreis, ek preis, ek, kosten, costo, coste, precio compra"
        ),
        "supplier_id": _SUPPLIER,
        "lead_time_days": (
            "lead time days, lead time, average lead time, delivery time, days to deliver, delai, delai livraison, "
            "delai jours, lieferzeit, wiederbeschaffungszeit, plazo, plazo entrega"
        ),
        "minimum_order_quantity": (
            "minimum order quantity, moq, min order qty, minimum quantity, min qty, quantite minimum, qte min, "
            "quantite minimale, mindestmenge, mindestbestellmenge, cantidad minima, pedido minimo"
        ),
    },
    "stores": {
        "store_id": f"{_STORE}, id",
        "store_name": (
            "store name, name, shop name, location name, nom, nom magasin, libelle, enseigne, filialname, "
            "bezeichnung, nombre, nombre tienda"
        ),
        "channel": ("channel, sales channel, store type, type, canal, canal de vente, vertriebskanal, kanal, canal de venta"),
        "region": "region, state, province, area, departement, bundesland, gebiet, provincia, comunidad",
        "country": "country, country code, pays, land, pais",
    },
    "inventory": {
        "day": _DAY,
        "product_id": _PRODUCT,
        "store_id": _STORE,
        "on_hand": (
            "on hand, stock, stock on hand, inventory, available, in stock, stock level, soh, quantity on hand, en "
            "stock, stock physique, disponible, bestand, lagerbestand, verfugbar, existencias, existencia, "
            f"{_QUANTITY}"
        ),
        "reserved": "reserved, allocated, committed, reserve, reserves, alloue, reserviert, reservado",
        "received": "received, receipts, goods in, recu, recus, entrees, wareneingang, zugang, recibido, entradas",
        "sold": "sold, units sold, sales, vendu, vendus, ventes, sorties, verkauft, verkaufe, abgang, vendido, ventas",
        "returned": "returned, returns, retours, retoures, retouren, devuelto, devoluciones",
        "adjusted": ("adjusted, adjustment, correction, shrinkage, ajustement, ecart, demarque, korrektur, inventurdifferenz, ajuste"),
    },
    "orders": {
        "order_id": (
            "order id, order, order number, order no, invoice, invoice no, invoice number, transaction, transaction "
            "id, receipt, receipt no, ticket, numero ticket, no ticket, n ticket, commande, numero commande, no "
            "commande, facture, bon, bestellung, bestellnummer, auftrag, auftragsnummer, bon nr, bonnummer, beleg, "
            "belegnummer, rechnung, rechnungsnummer, pedido, numero pedido, factura"
        ),
        "line": ("line, line number, line no, line id, position, order line, item no, ligne, no ligne, numero ligne, pos, zeile, linea"),
        "ordered_at": (
            "ordered at, order date, date, at, datetime, timestamp, created at, order time, invoice date, sale date, "
            "transaction date, sold at, time, date heure, date vente, date de vente, date commande, date ticket, "
            "horodatage, jour, datum, verkaufsdatum, bestelldatum, zeitpunkt, kaufdatum, belegdatum, fecha, fecha "
            "venta, fecha pedido, day"
        ),
        "product_id": _PRODUCT,
        "store_id": _STORE,
        "kind": (
            "kind, type, line type, transaction type, order type, sales type, status, nature, type vente, type "
            "operation, typ, belegart, vorgang, tipo, movement"
        ),
        "quantity": _QUANTITY,
        "unit_price": (
            "unit price, price, price paid, net price, unit price paid, selling price, price per unit, prix, prix "
            "unitaire, pu, pu ttc, prix ttc, prix vente, preis, einzelpreis, stuckpreis, precio, precio unitario"
        ),
        "currency": "currency, currency code, devise, monnaie, wahrung, waehrung, moneda, divisa",
        "country": ("country, ship country, delivery country, customer country, pays, pays livraison, land, lieferland, pais"),
    },
    "deliveries": {
        "delivery_id": (
            "delivery id, delivery, purchase order line, purchase order, po, po number, po line, shipment, shipment "
            "id, commande, numero commande, no commande, livraison, bon de livraison, commande fournisseur, "
            "lieferung, liefernummer, bestellung, bestellnummer, entrega, pedido"
        ),
        "product_id": _PRODUCT,
        "store_id": _STORE,
        "supplier_id": _SUPPLIER,
        "ordered_on": _ORDERED_ON,
        "due_on": (
            "due on, due date, due, promised date, expected date, eta, expected delivery, requested date, date "
            "promise, date prevue, date livraison prevue, echeance, liefertermin, lieferdatum geplant, faellig, "
            "fallig, erwartet am, fecha prevista, fecha prometida, fecha entrega"
        ),
        "received_on": (
            "received on, received date, receipt date, delivered on, delivery date, arrived on, date reception, date "
            "livraison, livre le, recu le, eingangsdatum, wareneingang, geliefert am, lieferdatum, fecha recepcion, "
            "recibido el"
        ),
        "quantity_ordered": (
            "quantity ordered, ordered, order qty, qty ordered, quantite commandee, qte commandee, bestellmenge, "
            f"bestellt, cantidad pedida, {_QUANTITY}"
        ),
        "quantity_received": (
            "quantity received, received, received qty, qty received, delivered, stocked, quantite recue, qte recue, "
            "recu, liefermenge, erhalten, gelieferte menge, cantidad recibida, recibido"
        ),
    },
    "promotions": {
        "promotion_id": (
            "promotion id, promotion, promo, promo code, campaign, offer, operation, code promo, op, aktion, "
            "kampagne, angebot, promocion, campana, oferta"
        ),
        "product_id": _PRODUCT,
        "store_id": _STORE,
        "starts_on": (
            "starts on, start, start date, begin, from, valid from, date debut, debut, du, beginn, startdatum, von, "
            "gultig ab, inicio, fecha inicio, desde"
        ),
        "ends_on": ("ends on, end, end date, until, to, valid to, date fin, fin, au, ende, enddatum, bis, gultig bis, fecha fin, hasta"),
        "discount": (
            "discount, discount rate, reduction, percent off, markdown, remise, taux remise, rabais, rabatt, nachlass, descuento, rebaja"
        ),
    },
}
COLUMNS: dict[str, dict[str, list[str]]] = {
    table: {column: [word.strip() for word in words.split(",")] for column, words in columns.items()} for table, columns in _WORDS.items()
}
"""Our columns by table, each with what others call it."""

_PEOPLE = (
    "customer client kunde kunden kundennummer kundennr cliente clientes email mail courriel correo phone "
    "telephone telefon telefono mobile handy address adresse anschrift direccion street strasse rue calle prenom "
    "vorname firstname lastname surname nachname apellido apellidos birthday birthdate naissance geburtsdatum "
    "geburtstag nacimiento iban loyalty fidelite kundenkarte tarjeta cashier caissier vendeur kassierer cajero "
    "employee employe mitarbeiter empleado username login contact kontakt contacto buyer acheteur kaufer "
    "comprador passport ssn ip"
)
PERSONAL = _set(_PEOPLE)
"""Words in the names of columns that identify people."""
_ABOUT_GROUPS = _set("country pays land pais region type group groupe segment currency devise city ville")

CHANGE_TIMES = frozenset(
    ("updated at", "modified at", "last modified", "modified", "modified date", "modifieddate", "updated", "last update", "changed at")
)
"""Names of columns that tell when a row last changed: good watermarks, never the time of an order."""

KINDS = {
    "sale": _set(
        "sale sales sold s vente ventes v verkauf vk venta ventas order purchase achat kauf compra pos completed shipped fulfilled"
    ),
    "return": _set(
        "return returns returned r retour retours avoir remboursement refund refunded ruckgabe retoure gutschrift "
        "devolucion devoluciones credit"
    ),
    "cancellation": _set(
        "cancellation cancel cancelled canceled c annulation annule annulee storno storniert anulacion anulado cancelado void voided"
    ),
    "adjustment": _set("adjustment adjust correction ajustement korrektur ajuste inventory inventaire inventur"),
}
CHANNELS = {
    "store": _set("store shop physical retail magasin boutique filiale laden tienda outlet branch"),
    "web": _set("web online internet ecommerce e-commerce eshop digital site"),
}
TOTALS = _set("total totals totaux grand sum somme summe gesamt gesamtsumme suma subtotal sous-total zwischensumme")
"""Words that begin a row of totals."""

CURRENCIES = {
    "€": "EUR",
    "£": "GBP",
    "$": "USD",
    "¥": "JPY",
    "zł": "PLN",
    "kr": "SEK",
    "chf": "CHF",
    "eur": "EUR",
    "gbp": "GBP",
    "usd": "USD",
}


def normalised(name: str) -> str:
    """A name without accents, case, punctuation and CamelCase: ``PrixUnitaire_€`` is ``prix unitaire``."""
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", name.replace("ß", "ss")) if not unicodedata.combining(letter))
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", plain)
    return " ".join(re.findall(r"[a-z0-9]+", spaced.lower()))


def names_people(name: str) -> bool:
    """Whether a column of this name identifies people: ``customer_id`` does, ``customer country`` does not."""
    words = set(normalised(name).split())
    together = normalised(name).replace(" ", "")
    exact = {"firstname", "lastname", "fullname", "emailaddress", "customername", "clientname", "birthdate"}
    return (bool(words & PERSONAL) and not words & _ABOUT_GROUPS) or together in exact
