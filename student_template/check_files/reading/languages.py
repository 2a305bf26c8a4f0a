"""Puts German, French and Spanish words of short answers into English: `höchstens 1,2-mal so lange`, `20 % más`."""

from __future__ import annotations

import re

_PHRASES = {  # what is said -> in English; longer phrases come first
    "about": "aproximadamente, alrededor de, cerca de, unos, unas, más o menos, circa, ungefähr, ungefaehr, etwa, "
    "rund, zirka, zka, environ, à peu près, a peu pres, env.",
    "at most": "como máximo, como mucho, höchstens, hoechstens, maximal, au plus, au maximum",
    "at least": "como mínimo, al menos, por lo menos, mindestens, wenigstens, mindest, au moins, au minimum",
    "times": "veces, mal, fois",
    "factor": "um einen Faktor, por un factor de, un factor de, el factor es, el factor, factor de, um den Faktor, "
    "ein Faktor, der Faktor, Faktor, d'un facteur, un facteur, le facteur, facteur",
    "as long": "igual de largo, tan largo como, so lange, so lang, aussi longtemps, aussi long, aussi longue, so "
    "groß, so gross, aussi grand, so viel",
    "longer": "más largo, más tiempo, más larga, länger, laenger, plus longtemps, plus longue, plus long",
    "larger": "más grande, mayor, más alto, grösser, größer, groesser, höher, plus grande, plus grand, plus élevé",
    "shorter": "más corto, kürzer, kuerzer, plus courte, plus court",
    "smaller": "más pequeño, menor, kleiner, plus petite, plus petit",
    "less": "menos, weniger, de moins, en moins",
    "faster": "más rápido, schneller, plus rapides, plus rapide, plus vite",
    "saves": "spart, économise, epargne, épargne",
    "GPUs": "tarjetas, tarjeta, Grafikkarten, Grafikkarte, Karten, Stück, cartes, carte",
    "from step": "ab dem Schritt, ab Schritt, à partir du pas, à partir de l'étape, dès le pas",
    "per step": "por paso, pro Schritt, je Schritt, par pas, par étape",
    "step": "paso, Schritt, étape",
    "steps": "pasos, Schritte, Schritten, étapes",
    "above": "über, oberhalb, au-dessus de, au dessus de",
    "slower": "más lento, langsamer, plus lentement, plus lent",
    "more": "más, adicionales, adicional, mehr, zusätzlich, zusaetzlich, de plus, en plus, supplémentaires, "
    "supplémentaire",
    "in total": "en total, insgesamt, zusammen, au total",
    "total": "suma, Gesamt, Summe, somme",
    "thousand": "mil, Tausend, mille",
    "million": "millones, millón, Millionen, millions, Mio.",
    "billion": "mil millones, millardos, Milliarden, Milliarde, milliards, milliard, Mrd., Mia.",
    "bytes": "d'octets, octets, octet",
    "hours": "Stdn., Stdn, horas, hora, Stunden, Stunde, Std., heures, heure",
    "minutes": "minutos, minuto, Minuten",
    "seconds": "segundos, segundo, Sekunden, Sekunde, secondes, seconde, Sek.",
    "days": "días, día, dias, dia, Tage, Tagen, Tag, jours, jour",
    "weeks": "semanas, semana, Wochen, Woche, semaines, semaine",
    "percent": "por ciento, Prozent, pour cent, pourcent",
    "parameters": "parámetros, Parameter, Parametern, paramètres",
    "the answer is": "la respuesta es, la solución es, die Antwort ist, die Lösung ist, die Antwort lautet, la réponse "
    "est, la solution est",
    "answer": "respuestas, respuesta, resultado, Antworten, Antwort, Lösung, Loesung, Ergebnis, réponses, réponse, "
    "reponse, résultat",
    "option": "opción, opciones, Optionen, Möglichkeit, proposition",
    "line": "línea, Zeile, Zeilen, ligne",
    "and": "und, sowie, et",
    "or": "o bien, oppure, oder, ou",
    "then": "luego, después, dann, danach, anschließend, anschliessend, puis, ensuite",
    "first": "primero, primera, zuerst, zunächst, als erstes, d'abord",
    "finally": "zuletzt, zum Schluss, schließlich, enfin, finalement",
    "because": "porque, weil, denn, parce que, car, puisque",
    "only": "solo, sólo, solamente, únicamente, nur, seulement, uniquement",
    "both": "sowohl, beiden, ambos, ambas, les deux, los dos, beide",
    "all": "todas, todos, alle, toutes, tous",
    "are true": "son verdaderas, son correctas, son ciertas, sind richtig, sind wahr, stimmen, sont vraies, sont "
    "vrais, sont correctes",
    "is right": "es correcta, es verdadera, ist richtig, stimmt, est vraie, est correcte",
    "should": "sollte, muss, müsste, devrait, doit",
    "not": "ninguno, ninguna, nicht, kein, keine, keiner, non, aucun, aucune",
    "I think": "creo que, ich glaube, ich denke, je pense, je crois",
    "minus": "menos, moins",
    "after": "nach, après",
    "calls": "Aufrufen, Aufrufe, Aufruf, appels, appel",
    "zero": "cero, null, zéro",
    "point": "coma, punto, Komma, virgule",
    "one": "uno, una, einen, einem, einer, eins, ein, eine, un, une",
    "two": "dos, zwei, deux",
    "three": "tres, drei, trois",
    "four": "cuatro, vier, quatre",
    "five": "cinco, fünf, fuenf, cinq",
    "six": "seis, sechs",
    "seven": "siete, sieben, sept",
    "eight": "ocho, acht, huit",
    "nine": "nueve, neun, neuf",
    "ten": "diez, zehn, dix",
    "eleven": "once, elf, onze",
    "twelve": "doce, zwölf, zwoelf, douze",
    "thirteen": "trece, dreizehn, treize",
    "fourteen": "catorce, vierzehn, quatorze",
    "fifteen": "quince, fünfzehn, fuenfzehn, quinze",
    "sixteen": "dieciséis, sechzehn, seize",
    "seventeen": "diecisiete, siebzehn, dix-sept",
    "eighteen": "dieciocho, achtzehn, dix-huit",
    "nineteen": "diecinueve, neunzehn, dix-neuf",
    "twenty": "veinte, zwanzig, vingt",
    "thirty": "treinta, dreißig, dreissig, trente",
    "forty": "cuarenta, vierzig, quarante",
    "fifty": "cincuenta, fünfzig, fuenfzig, cinquante",
    "sixty": "sesenta, sechzig, soixante",
    "seventy": "setenta, siebzig",
    "eighty": "ochenta, achtzig",
    "ninety": "noventa, neunzig",
    "double": "doppelte, doppelten, doppelt, zweifach, le double, el doble, doble",
    "triple": "dreifach, dreifache, le triple, el triple",
    "half": "die Hälfte, Hälfte, halber, halbe, halben, halb, la moitié, moitié, demie, demi, la mitad, mitad, "
    "medio, media",
    "third": "Drittel, tiers, tercio",
    "thirds": "tercios",
    "quarter": "Viertel, quart, cuarto",
    "quarters": "quarts, cuartos",
    "tenth": "Zehntel, dixième, décimo",
    "hundredth": "Hundertstel, centième",
    "0.75 hours": "eine Dreiviertelstunde, Dreiviertelstunde, dreiviertel Stunde, dreiviertel Stunden, trois quarts "
    "d'heure",
    "0.25 hours": "eine Viertelstunde, Viertelstunde, un quart d'heure",
    "1.5": "anderthalb, eineinhalb, einundeinhalb",
    "rounded": "aufgerundet, abgerundet, gerundet, arrondie, arrondi, redondeado, redondeada",
    "exactly": "genau, exactement, exactamente",
    "perhaps": "vielleicht, peut-être, quizás, wahrscheinlich, probablement, probablemente",
    "with": "mit, avec, con",
    "before": "vor, avant, antes de, antes que",
    "it is": "es ist, es sind, das ist, das sind, c'est, ce sont, es, son, ergibt, beträgt, macht",
    "order": "Reihenfolge, ordre, orden, secuencia",
    "as well as": "als auch",
    "hundred": "cien, ciento, hundert, cent",
}
_ENGLISH = {word.strip().casefold(): english for english, words in _PHRASES.items() for word in words.split(",")}
_WORD = re.compile(
    r"(?<![\w\\])(?:" + "|".join(re.escape(word) for word in sorted(_ENGLISH, key=len, reverse=True)) + r")(?![\w(=])",
    re.IGNORECASE,
)
_TIMES = re.compile(r"(?<=[\d.,])\s*-?(?:mal|fois|fach(?:e[nrs]?)?)\b", re.IGNORECASE)
_FOLD = re.compile(r"\b(?:das )?(\w+)(?:mal|fache?)\b", re.IGNORECASE)  # zehnmal, das Zehnfache
_AND = re.compile(r"(?<=\w) y (?=\w)")  # Spanish; `y` alone may be a symbol


def english(text: str) -> str:
    """The text with its German, French and Spanish words in English; all other words stay."""
    text = _AND.sub(" and ", _FOLD.sub(_fold, _TIMES.sub(" times", text.replace("’", "'").replace("ß", "ss"))))
    return _WORD.sub(lambda match: _ENGLISH[match[0].casefold()], text)


def _fold(match: re.Match[str]) -> str:
    number = _ENGLISH.get(match[1].casefold())
    return f"{number} times" if number else match[0]
