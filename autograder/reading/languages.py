"""Puts the German and French words of short answers into English: `höchstens 1,2-mal so lange`, `20 % plus long`."""

from __future__ import annotations

import re

_PHRASES = {  # what is said -> in English; longer phrases come first
    "about": "ungefähr, ungefaehr, etwa, rund, zirka, zka, environ, à peu près, a peu pres, env.",
    "at most": "höchstens, hoechstens, maximal, au plus, au maximum",
    "at least": "mindestens, wenigstens, mindest, au moins, au minimum",
    "times": "mal, fois",
    "factor": "um den Faktor, ein Faktor, der Faktor, Faktor, d'un facteur, un facteur, le facteur, facteur",
    "as long": "so lange, so lang, aussi longtemps, aussi long, aussi longue, so groß, so gross, aussi grand, so viel",
    "longer": "länger, laenger, plus longtemps, plus longue, plus long",
    "larger": "größer, groesser, grösser, höher, plus grande, plus grand, plus élevé",
    "shorter": "kürzer, kuerzer, plus courte, plus court",
    "smaller": "kleiner, plus petite, plus petit",
    "less": "weniger, de moins, en moins",
    "faster": "schneller, plus rapides, plus rapide, plus vite",
    "saves": "spart, économise, epargne, épargne",
    "GPUs": "Grafikkarten, Grafikkarte, Karten, Stück, cartes, carte",
    "from step": "ab dem Schritt, ab Schritt, à partir du pas, à partir de l'étape, dès le pas",
    "per step": "pro Schritt, je Schritt, par pas, par étape",
    "step": "Schritt, étape",
    "steps": "Schritte, Schritten, étapes",
    "above": "über, oberhalb, au-dessus de, au dessus de",
    "slower": "langsamer, plus lentement, plus lent",
    "more": "mehr, zusätzlich, zusaetzlich, de plus, en plus, supplémentaires, supplémentaire",
    "in total": "insgesamt, zusammen, au total",
    "total": "Gesamt, Summe, somme",
    "thousand": "Tausend, mille",
    "million": "Millionen, millions, Mio.",
    "billion": "Milliarden, Milliarde, milliards, milliard, Mrd., Mia.",
    "bytes": "d'octets, octets, octet",
    "hours": "Stunden, Stunde, Std., heures, heure",
    "minutes": "Minuten",
    "seconds": "Sekunden, Sekunde, secondes, seconde, Sek.",
    "days": "Tage, Tagen, Tag, jours, jour",
    "weeks": "Wochen, Woche, semaines, semaine",
    "percent": "Prozent, pour cent, pourcent",
    "parameters": "Parameter, Parametern, paramètres",
    "the answer is": "die Antwort ist, die Lösung ist, die Antwort lautet, la réponse est, la solution est",
    "answer": "Antworten, Antwort, Lösung, Loesung, Ergebnis, réponses, réponse, reponse, résultat",
    "option": "Optionen, Möglichkeit, proposition",
    "line": "Zeile, Zeilen, ligne",
    "and": "und, sowie, et",
    "or": "oder, ou",
    "then": "dann, danach, anschließend, anschliessend, puis, ensuite",
    "first": "zuerst, zunächst, als erstes, d'abord",
    "finally": "zuletzt, zum Schluss, schließlich, enfin, finalement",
    "because": "weil, denn, parce que, car, puisque",
    "only": "nur, seulement, uniquement",
    "both": "beide",
    "all": "alle, toutes, tous",
    "are true": "sind richtig, sind wahr, stimmen, sont vraies, sont vrais, sont correctes",
    "is right": "ist richtig, stimmt, est vraie, est correcte",
    "should": "sollte, muss, müsste, devrait, doit",
    "not": "nicht, kein, keine, keiner, non, aucun, aucune",
    "I think": "ich glaube, ich denke, je pense, je crois",
    "minus": "moins",
    "after": "nach, après",
    "calls": "Aufrufen, Aufrufe, Aufruf, appels, appel",
    "zero": "null, zéro",
    "point": "Komma, virgule",
    "one": "eins, ein, eine, un, une",
    "two": "zwei, deux",
    "three": "drei, trois",
    "four": "vier, quatre",
    "five": "fünf, fuenf, cinq",
    "six": "sechs",
    "seven": "sieben, sept",
    "eight": "acht, huit",
    "nine": "neun, neuf",
    "ten": "zehn, dix",
    "eleven": "elf, onze",
    "twelve": "zwölf, zwoelf, douze",
    "thirteen": "dreizehn, treize",
    "fourteen": "vierzehn, quatorze",
    "fifteen": "fünfzehn, fuenfzehn, quinze",
    "sixteen": "sechzehn, seize",
    "seventeen": "siebzehn, dix-sept",
    "eighteen": "achtzehn, dix-huit",
    "nineteen": "neunzehn, dix-neuf",
    "twenty": "zwanzig, vingt",
    "thirty": "dreißig, dreissig, trente",
    "forty": "vierzig, quarante",
    "fifty": "fünfzig, fuenfzig, cinquante",
    "sixty": "sechzig, soixante",
    "seventy": "siebzig",
    "eighty": "achtzig",
    "ninety": "neunzig",
    "hundred": "hundert, cent",
}
_ENGLISH = {word.strip().casefold(): english for english, words in _PHRASES.items() for word in words.split(",")}
_WORD = re.compile(
    r"(?<![\w\\])(?:" + "|".join(re.escape(word) for word in sorted(_ENGLISH, key=len, reverse=True)) + r")(?![\w(=])",
    re.IGNORECASE,
)
_TIMES = re.compile(r"(?<=[\d.,])\s*-?(?:mal|fois)\b", re.IGNORECASE)
_FOLD = re.compile(r"\b(\w+)mal\b", re.IGNORECASE)  # zehnmal


def english(text: str) -> str:
    """The text with its German and French words in English; all other words stay."""
    text = _FOLD.sub(_fold, _TIMES.sub(" times", text.replace("’", "'")))
    return _WORD.sub(lambda match: _ENGLISH[match[0].casefold()], text)


def _fold(match: re.Match[str]) -> str:
    number = _ENGLISH.get(match[1].casefold())
    return f"{number} times" if number else match[0]
