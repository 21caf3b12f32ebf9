"""Answers given anew, questions asked otherwise, replies, pointing, pasted pictures, and opinions."""

import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image

from tests.integration.api.caller import Caller, made, paths, problem
from tests.integration.api.conftest import Sql

QUESTION = "Какой расход воздуха у системы П1?"


def answered(caller: Caller, chat_id: str, content: str = QUESTION, **fields: Any) -> dict[str, Any]:
    """The messages of the chat once the question is answered."""
    job = caller.ended(caller.ask(chat_id, content, **fields)["job_id"])
    assert job["status"] == "succeeded", job
    return made(caller.get(f"/chats/{chat_id}"))["messages"]


def test_an_answer_given_anew_takes_the_place_of_the_former(anna: Caller) -> None:
    chat_id = anna.new_chat()
    question, former = answered(anna, chat_id)

    again = made(anna.post(f"/messages/{former['id']}/regenerate"))
    anna.ended(again["job_id"])

    shown = made(anna.get(f"/chats/{chat_id}"))["messages"]
    assert [message["role"] for message in shown] == ["user", "assistant"]
    assert (shown[0]["id"], shown[0]["job_id"]) == (question["id"], again["job_id"])
    assert shown[1]["id"] != former["id"]
    assert shown[1]["reply_to_id"] == question["id"]
    every = made(anna.get(f"/chats/{chat_id}", params={"superseded": "true"}))["messages"]
    assert former["id"] in [message["id"] for message in every]


def test_asking_anew_twice_with_one_key_runs_once(anna: Caller) -> None:
    _, former = answered(anna, anna.new_chat())
    key = {"Idempotency-Key": str(uuid4())}

    first, second = (anna.post(f"/messages/{former['id']}/regenerate", headers=key) for _ in range(2))

    assert (first.status_code, second.headers["Idempotent-Replayed"]) == (202, "true")
    assert first.json()["job_id"] == second.json()["job_id"]


def test_of_ten_who_ask_anew_at_once_one_is_heard(anna: Caller, sql: Sql) -> None:
    """The reading is held back by hand: the new answer waits for it."""
    note = anna.read_document("Записка.txt", "Расход П1 равен 5200 м³/ч.".encode(), "text/plain")["document_id"]
    question, _ = answered(anna, anna.new_chat(), document_ids=[note])
    sql("update documents set status = 'reading' where id = $1::uuid", note)

    with ThreadPoolExecutor(10) as pool:
        asked = list(pool.map(lambda _: anna.post(f"/messages/{question['id']}/regenerate"), range(10)))

    assert sorted(answer.status_code for answer in asked) == [202] + [409] * 9
    made(anna.delete(f"/documents/{note}"))


def test_of_ten_edits_at_once_the_last_one_stands(anna: Caller) -> None:
    message = anna.ask(chat_id := anna.new_chat())
    anna.ended(message["job_id"])

    def edit(number: int) -> str:
        return made(anna.patch(f"/messages/{message['id']}", json={"content": f"Иначе {number}"}))["job_id"]

    with ThreadPoolExecutor(10) as pool:
        jobs = [anna.ended(job_id) for job_id in pool.map(edit, range(10))]

    [question, answer] = made(anna.get(f"/chats/{chat_id}/messages"))
    assert question["job_id"] == answer["job_id"]
    assert [job["id"] for job in jobs if job["status"] == "succeeded"].count(question["job_id"]) == 1


def test_an_edited_question_goes_on_where_the_former_stood(anna: Caller) -> None:
    chat_id = anna.new_chat()
    first, _ = answered(anna, chat_id, "Первый вопрос?")
    *_, second, _ = answered(anna, chat_id, "Второй вопрос?")

    edited = made(anna.patch(f"/messages/{second['id']}", json={"content": "Второй вопрос иначе?"}))
    anna.ended(edited["job_id"])

    shown = made(anna.get(f"/chats/{chat_id}/messages"))
    assert [message["content"] for message in shown if message["role"] == "user"] == [
        "Первый вопрос?",
        "Второй вопрос иначе?",
    ]
    assert shown[0]["id"] == first["id"]
    assert shown[-1]["reply_to_id"] == edited["id"]


def test_messages_of_somebody_else_are_not_found(anna: Caller, boris: Caller) -> None:
    question, former = answered(anna, anna.new_chat())

    problem(boris.post(f"/messages/{former['id']}/regenerate"), 404, "not_found")
    problem(boris.patch(f"/messages/{question['id']}", json={"content": "?!"}), 404, "not_found")
    problem(boris.post(f"/messages/{former['id']}/feedback", json={"rating": True}), 404, "not_found")
    problem(anna.post(f"/messages/{uuid4()}/regenerate"), 404, "not_found")


def test_an_opinion_is_kept_with_the_answer_and_may_change(anna: Caller) -> None:
    chat_id = anna.new_chat()
    question, former = answered(anna, chat_id)

    made(anna.post(f"/messages/{former['id']}/feedback", json={"rating": False, "comment": "не тот лист"}))
    made(anna.post(f"/messages/{former['id']}/feedback", json={"rating": True}))

    feedback = made(anna.get(f"/chats/{chat_id}"))["messages"][1]["feedback"]
    assert (feedback["rating"], feedback["comment"]) == (True, None)
    problem(anna.post(f"/messages/{question['id']}/feedback", json={"rating": True}), 422, "invalid_input")


def test_a_reply_names_its_message_of_the_same_chat(anna: Caller) -> None:
    chat_id = anna.new_chat()
    _, former = answered(anna, chat_id)

    messages = answered(anna, chat_id, "А у В1?", reply_to_id=former["id"])

    assert messages[2]["reply_to_id"] == former["id"]
    body = {"content": "?!", "document_ids": [], "reply_to_id": former["id"]}
    foreign = problem(anna.post(f"/chats/{anna.new_chat()}/messages", json=body), 404, "not_found")
    assert paths(foreign) == ["$.reply_to_id"]


@pytest.mark.parametrize(
    ("region", "path"),
    [
        ({"page_no": 0}, "page_no"),
        ({"page_no": 1_000}, "page_no"),
        ({"page_no": 1, "box": [0.5, 0.1, 0.4, 0.2]}, "box"),
        ({"page_no": 1, "box": [0.1, 0.1, 0.4, 1.2]}, "box"),
        ({"page_no": 1, "box": [-0.1, 0.1, 0.4, 0.2]}, "box"),
    ],
    ids=["page_zero", "page_beyond", "reversed", "below", "left"],
)
def test_a_region_that_is_not_on_its_page_is_refused(
    owner: Caller, plan: str, region: dict[str, Any], path: str
) -> None:
    body = {"content": "Что здесь?", "document_ids": [], "regions": [{"document_id": plan, **region}]}

    refused = problem(owner.post(f"/chats/{owner.new_chat()}/messages", json=body), 422, "invalid_input")

    assert paths(refused) == [f"$.regions[0].{path}"]


def test_a_pointed_place_and_a_pasted_picture_become_evidence(owner: Caller, plan: str) -> None:
    drawn = io.BytesIO()
    Image.new("RGB", (400, 300), "white").save(drawn, "PNG")
    pasted = made(owner.upload("вставка.png", drawn.getvalue(), "image/png"))
    owner.ended(pasted["job_id"])
    region = {"document_id": plan, "page_no": 1, "box": [0.1, 0.1, 0.16, 0.16]}

    chat_id = owner.new_chat()

    _, answer = answered(owner, chat_id, document_ids=[plan], regions=[region], pictures=[pasted["id"]])

    assert [picture["document_id"] for picture in answer["answer"]["pictures"]] == [plan, pasted["document_id"]]
    assert [image["image_type"] for image in answer["images"]] == ["roi", "roi"]
    told = [frame.data for frame in owner.frames(f"/chats/{chat_id}/stream") if frame.event == "image_ready"]
    assert [(data["kind"], data["page_no"]) for data in told] == [("roi", 1), ("roi", 1)]
    assert told[0].keys() >= {"block_id", "kind", "url", "width", "height", "reason"}
    picture = Caller(owner.url, owner.user_id, "").get(told[0]["url"])
    assert (picture.status_code, picture.content[:4]) == (200, b"\x89PNG")


def test_a_pasted_file_that_is_no_picture_is_refused(anna: Caller) -> None:
    file = made(anna.upload("заметка.txt", "текст".encode(), "text/plain"))

    for pictures, status in (([file["id"]], 422), ([str(uuid4())], 404)):
        body = {"content": "Что это?", "document_ids": [], "pictures": pictures}
        refused = problem(anna.post(f"/chats/{anna.new_chat()}/messages", json=body), status)
        assert paths(refused) == ["$.pictures[0]"]
