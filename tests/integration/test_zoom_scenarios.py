"""Second readings and the search for a place over a sample drawing as a scan, through the real Gemini wire."""

import io
from collections.abc import Callable, Mapping
from typing import Any

from PIL import Image

from domain.events import EventType
from tests.integration.test_scenarios import PLAN, Answer, Model, Open, _picture, service  # noqa: F401
from tests.loopback.gemini_server import Scripted, Seen
from workers.picture_sides import GEMINI_3

Reply = Callable[[Seen, int], Mapping[str, Any]]
ROI = "(?:roi|quadrant)"


class Looking(Model):
    """As `Model`; also reads values again by `readings` and searches sheets by `looks`, both told their turn from 0."""

    def __init__(self, answer: Answer, *, readings: Reply | None = None, looks: Reply | None = None) -> None:
        super().__init__(answer, requires_visual_detail=True)
        self._replies = {"readings": readings, "scores": looks}
        self.seen: dict[str, list[Seen]] = {"readings": [], "scores": []}

    def __call__(self, seen: Seen) -> Scripted:
        for field, reply in self._replies.items():
            if field in seen.fields:
                assert reply is not None, f"nobody expected to be asked for {field}"
                self.seen[field].append(seen)
                return dict(reply(seen, len(self.seen[field]) - 1))
        return super().__call__(seen)


def read_off_the_scan(value: str) -> Answer:
    def answer(seen: Seen, turn: int) -> Mapping[str, Any]:
        if turn == 0:
            return {
                "citations": [{"block_id": _picture(seen, "overview"), "quote": value, "sector": "B2"}],
                "answer_markdown": f"Площадь конференц-зала — {value} [1].",
            }
        picture = _picture(seen, ROI)
        return {
            "citations": [{"block_id": picture, "quote": value, "kind": "roi", "sector": "B2"}],
            "answer_markdown": f"Площадь конференц-зала — {value} [1].",
        }

    return answer


async def test_a_value_misread_off_a_scan_is_not_asserted(service: Open) -> None:  # noqa: F811
    model = Looking(
        read_off_the_scan("69,0 м²"), readings=lambda _, __: {"readings": [{"blank": 1, "text": "60,9 м²"}]}
    )

    told = await service(model).ask("Какова площадь конференц-зала?", PLAN, is_scan=True)

    [claim] = [claim for claim in told.answer["claims"] if claim["text"] == "69,0 м²"]
    assert claim["verdict"] == "conflicting"
    assert [reading["text"] for reading in claim["readings"]] == ["69,0 м²", "60,9 м²", "60,9 м²"]
    assert "прочитано по-разному" in told.answer["text"]
    assert not any("69,0" in seen.prompt for seen in model.seen["readings"])


async def test_a_value_read_twice_alike_is_confirmed(service: Open) -> None:  # noqa: F811
    model = Looking(
        read_off_the_scan("60,9 м²"), readings=lambda _, __: {"readings": [{"blank": 1, "text": "60,9 м²"}]}
    )

    told = await service(model).ask("Какова площадь конференц-зала?", PLAN, is_scan=True)

    [claim] = [claim for claim in told.answer["claims"] if claim["text"] == "60,9 м²"]
    assert (claim["verdict"], len(claim["readings"])) == ("found", 2)
    [seen] = model.seen["readings"]
    assert seen.config["mediaResolution"] == "MEDIA_RESOLUTION_HIGH"
    sides = [max(Image.open(io.BytesIO(picture.data)).size) for picture in seen.pictures]
    assert all(512 <= side <= GEMINI_3[2] for side in sides)
    shown = {picture["digest"] for picture in told.answer["pictures"] if picture["why"] == "second_reading"}
    assert len(shown) == len(seen.pictures)
    assert all(picture["glyph_px"] and picture["reason_ru"] for picture in told.answer["pictures"])


def lost(seen: Seen, turn: int) -> Mapping[str, Any]:
    return {"needs_more_evidence": True, "answer_markdown": "На показанном этого не видно."}


async def test_a_place_that_nobody_knows_is_found_in_few_looks(service: Open) -> None:  # noqa: F811
    def answer(seen: Seen, turn: int) -> Mapping[str, Any]:
        if turn == 0:
            return lost(seen, turn)
        return {
            "citations": [{"block_id": _picture(seen, "quadrant"), "kind": "roi"}],
            "answer_markdown": "Узел прохода показан на плане [1].",
        }

    def looks(seen: Seen, turn: int) -> Mapping[str, Any]:
        names = [picture.label for picture in seen.pictures]
        readable = '"kind":"quadrant"' in seen.prompt
        scores = [{"picture": name, "here": 0.9, "sectors": ["B2"]} for name in names]
        return {"found": names[:1] if readable else [], "scores": scores}

    model = Looking(answer, looks=looks)

    told = await service(model).ask("Где на плане узел прохода и какая у него отметка?", PLAN, is_scan=True)

    assert len(model.seen["scores"]) <= 3
    assert told.cited(1)["picture"] is not None
    reasons = [payload["reason"] for payload in told.payloads(EventType.TOOL_CALLED)]
    assert reasons.count("tile_search") == len(model.seen["scores"])
    sheets = [picture for picture in told.answer["pictures"] if picture["why"] == "tile_search" and not picture["box"]]
    assert sheets == []


async def test_a_place_that_is_not_there_is_told_with_where_it_was_sought(service: Open) -> None:  # noqa: F811
    model = Looking(lost, looks=lambda _, __: {"scores": []})

    told = await service(model).ask("Где на плане узел прохода и какая у него отметка?", PLAN, is_scan=True)

    assert "искомое там не найдено" in told.answer["text"]
    assert told.answer["needs_more_evidence"]
    assert len(model.seen["scores"]) <= 6
    places = [str((p["page_no"], p["box"])) for p in told.answer["pictures"] if p["why"] == "tile_search"]
    assert len(places) == len(set(places))
