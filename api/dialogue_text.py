"""The dialogue of a job laid out for reading, as Markdown, in Russian or English."""

import re
from collections.abc import Iterator

from api.dialogue_views import CallView, DialogueView, PartView
from domain.llm import Usage

_WORDS = {
    "ru": {
        "title": "Диалог с моделью",
        "job": "Задание",
        "replay": "Повтор задания {of}: ответы взяты из записи",
        "status": "Состояние",
        "spent": "Израсходовано всего",
        "call": "Вызов",
        "stage": "этап",
        "prompt": "промпт",
        "version": "версия",
        "model": "модель",
        "try": "попытка",
        "run": "запуск",
        "repair": "исправление ответа",
        "replayed": "из записи",
        "own_key": "ключ пользователя",
        "parameters": "Параметры",
        "system": "Системный текст",
        "request": "Запрос",
        "pictures": "Изображения",
        "thinking": "Размышления модели",
        "reply": "Ответ",
        "no_reply": "Ответа нет.",
        "usage": "Расход",
        "error": "Ошибка",
        "expired": "Срок хранения текстов этого вызова истёк.",
        "tokens": "токены: вход {i} (из кэша {c}), ответ {o}, размышления {t}; изображений {p}; {usd} $",
        "seconds": "{s} с",
        "more": "Продолжение",
        "none": "Модель не вызывалась.",
    },
    "en": {
        "title": "Dialogue with the model",
        "job": "Job",
        "replay": "Replay of job {of}: the replies are taken from its record",
        "status": "Status",
        "spent": "Used in all",
        "call": "Call",
        "stage": "stage",
        "prompt": "prompt",
        "version": "version",
        "model": "model",
        "try": "try",
        "run": "run",
        "repair": "repair of the reply",
        "replayed": "from the record",
        "own_key": "the user's key",
        "parameters": "Parameters",
        "system": "System text",
        "request": "Request",
        "pictures": "Pictures",
        "thinking": "The model's thinking",
        "reply": "Reply",
        "no_reply": "There is no reply.",
        "usage": "Used",
        "error": "Error",
        "expired": "The texts of this call are past their time of keeping.",
        "tokens": "tokens: in {i} ({c} cached), out {o}, thinking {t}; pictures {p}; ${usd}",
        "seconds": "{s} s",
        "more": "Next page",
        "none": "No model was called.",
    },
}


def as_markdown(view: DialogueView, language: str) -> str:
    """`language` is ru or en. Texts of documents and models stand in fences that they cannot close."""
    words = _WORDS[language]
    return "\n".join([*_head(view, words), *(line for call in view.items for line in _call(call, words, language))])


def _head(view: DialogueView, words: dict[str, str]) -> Iterator[str]:
    yield f"# {words['title']}\n"
    kind = ", ".join(name for name in (view.family, view.mode) if name)
    yield f"- {words['job']}: {view.job_id} ({kind}), {view.created_at:%Y-%m-%d %H:%M:%S} UTC"
    yield f"- {words['status']}: {view.status.value}"
    if view.replay_of is not None:
        yield f"- {words['replay'].format(of=view.replay_of)}"
    yield f"- {words['spent']}: {_usage(view.usage, words)}"
    if view.next is not None:
        yield f"- {words['more']}: /jobs/{view.job_id}/dialogue?format=text&cursor={view.next}"
    if not view.items:
        yield f"\n{words['none']}"
    yield ""


def _call(call: CallView, words: dict[str, str], language: str) -> Iterator[str]:
    notes = [f"{words['try']} {call.try_no}", f"{words['run']} {call.epoch}"]
    flags = (("repair", call.is_repair), ("replayed", call.is_replayed), ("own_key", call.own_key))
    notes += [words[name] for name, is_so in flags if is_so]
    yield f"## {words['call']} {call.number} · {call.stage} · {call.prompt.name}\n"
    yield f"- {call.started_at:%H:%M:%S.%f} → {call.ended_at:%H:%M:%S.%f}, {_seconds(call.latency_ms, words)}"
    yield f"- {words['model']}: {call.model} ({call.role}); {', '.join(notes)}"
    yield f"- {words['prompt']}: {call.prompt.name}, {words['version']} {call.prompt.version}"
    if call.parameters:
        told = ", ".join(f"{name} {value}" for name, value in call.parameters.items())
        yield f"- {words['parameters']}: {told}"
    yield f"- {words['usage']}: {_usage(call.usage, words)}"
    if call.error is not None:
        public = call.error.public_en if language == "en" else call.error.public_ru
        yield f"- {words['error']}: {call.error.code} — {_line(public)} {_line(call.error.detail)}".rstrip()
    if call.expired:
        yield f"\n{words['expired']}\n"
        return
    yield from _texts(call, words)


def _texts(call: CallView, words: dict[str, str]) -> Iterator[str]:
    if call.system:
        yield from _section(words["system"], call.system)
    for part in call.parts:
        if part.text is not None:
            yield from _section(words["request"], part.text)
    pictures = [part for part in call.parts if part.digest is not None]
    if pictures:
        yield f"\n### {words['pictures']}\n"
        yield from (_picture(part) for part in pictures)
    if call.thinking:
        yield from _section(words["thinking"], call.thinking)
    yield from _section(words["reply"], call.reply) if call.reply else iter((f"\n{words['no_reply']}\n",))


def _section(title: str, text: str) -> Iterator[str]:
    longest = max((len(found) for found in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"\n### {title}\n"
    yield f"{fence}\n{text}\n{fence}\n"


def _picture(part: PartView) -> str:
    return f"- {part.label} ({part.mime_type}): {part.url}"


def _usage(usage: Usage, words: dict[str, str]) -> str:
    return words["tokens"].format(
        i=usage.input_tokens,
        c=usage.cached_tokens,
        o=usage.output_tokens,
        t=usage.thinking_tokens,
        p=usage.images,
        usd=f"{usage.cost_micro_usd / 1e6:.6f}",
    )


def _seconds(milliseconds: int, words: dict[str, str]) -> str:
    return words["seconds"].format(s=f"{milliseconds / 1000:.2f}")


def _line(text: str) -> str:
    return " ".join(text.split())
