"""Why a requirement has its verdict, in words for the reader of the matrix. The codes are contracts."""

from collections.abc import Mapping

REASONS: Mapping[str, tuple[str, str]] = {
    "computed_pass": (
        "Значение на чертеже удовлетворяет требованию.",
        "The value in the drawings meets the requirement.",
    ),
    "computed_fail": ("Значение на чертеже нарушает требование.", "The value in the drawings breaks the requirement."),
    "quoted_pass": (
        "Модель нашла подтверждение; её цитата есть в указанном месте.",
        "A model found confirmation; its quotation stands at the place.",
    ),
    "quoted_fail": (
        "Модель нашла нарушение; её цитата есть в указанном месте.",
        "A model found a violation; its quotation stands at the place.",
    ),
    "contradictory": (
        "Чертежи противоречат друг другу: показаны оба места.",
        "The drawings contradict one another: both places are shown.",
    ),
    "overlapping": (
        "На чертеже указан диапазон, который выполняет требование лишь частично.",
        "The drawings tell a range that meets the requirement only in part.",
    ),
    "not_found": ("В чертежах ничего об этом не найдено.", "Nothing about this was found in the drawings."),
    "uncertain": (
        "Точного соответствия нет; показаны ближайшие места, их нужно проверить.",
        "There is no exact match; the nearest places are shown, to be checked by eye.",
    ),
    "conditional": (
        "Требование действует при условии, которое без модели не проверить.",
        "The requirement holds on a condition that cannot be checked without a model.",
    ),
    "not_computable": (
        "Требование не сводится к числу, без модели его не проверить.",
        "The requirement is not about a number and cannot be checked without a model.",
    ),
    "complex": (
        "Требование составное, правил для уверенного сравнения недостаточно.",
        "The requirement is compound; the rules are not enough to compare with certainty.",
    ),
    "undecided": ("Модель не нашла достаточных данных.", "The model found no sufficient evidence."),
    "unverified": (
        "Вывод модели не подтверждён цитатами из документов и не принят.",
        "The model's conclusion is not confirmed by the documents' own words and was not accepted.",
    ),
    "seen_only": (
        "Модель видит ответ только на изображении; словами чертежа он не подтверждён, проверьте глазами.",
        "A model sees the answer on a picture only; no words of the drawing confirm it, check it by eye.",
    ),
    "disagreeing": (
        "Вывод модели расходится с расчётом по найденному значению и не принят.",
        "The model's conclusion disagrees with the arithmetic on the value found and was not accepted.",
    ),
    "not_reached": (
        "Бюджет задания исчерпан: модель об этом требовании не спрашивали.",
        "The job's budget was used up: no model was asked about this requirement.",
    ),
}


def reason_in(code: str, language: str) -> str:
    return REASONS[code][1 if language == "en" else 0]
