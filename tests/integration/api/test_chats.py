"""Chats: made, named, changed, archived and deleted."""

from uuid import uuid4

import pytest

from tests.integration.api.caller import Caller, made, paths, problem


def test_a_chat_has_the_default_title_until_it_is_asked_something(anna: Caller) -> None:
    chat = made(anna.post("/chats", json={}))

    assert chat["title"] == "Новый чат"
    assert chat["user_id"] == str(anna.user_id)
    assert (chat["description"], chat["document_ids"]) == (None, [])


def test_the_first_question_names_the_chat(anna: Caller) -> None:
    chat_id = anna.new_chat()

    anna.ask(chat_id, "Сколько воздуха подаёт П1?\nИ вытягивает В1?")
    anna.ask(chat_id, "А какова мощность?")

    assert made(anna.get(f"/chats/{chat_id}"))["title"] == "Сколько воздуха подаёт П1?"


def test_a_chat_with_a_name_of_its_own_keeps_it(anna: Caller) -> None:
    chat_id = anna.new_chat(title="Корпус 3")

    anna.ask(chat_id, "Сколько воздуха подаёт П1?")

    assert made(anna.get(f"/chats/{chat_id}"))["title"] == "Корпус 3"


def test_chats_are_listed_newest_first_in_pages(anna: Caller) -> None:
    made_ids = [anna.new_chat() for _ in range(3)]

    assert [chat["id"] for chat in made(anna.get("/chats"))] == made_ids[::-1]
    assert [chat["id"] for chat in made(anna.get("/chats?limit=1&offset=1"))] == [made_ids[1]]


def test_chats_of_others_are_not_listed_not_even_to_admins(anna: Caller, boris: Caller, admin: Caller) -> None:
    anna.new_chat()

    assert made(boris.get("/chats")) == []
    assert made(admin.get("/chats")) == []


def test_a_change_leaves_what_it_does_not_name(anna: Caller) -> None:
    chat_id = anna.new_chat(title="Старое", description="Про вентиляцию")

    changed = made(anna.patch(f"/chats/{chat_id}", json={"title": "Новое"}))

    assert (changed["title"], changed["description"]) == ("Новое", "Про вентиляцию")
    assert made(anna.patch(f"/chats/{chat_id}", json={"description": None}))["description"] is None


def test_an_archived_chat_is_out_of_the_list_but_there(anna: Caller) -> None:
    chat_id = anna.new_chat()

    made(anna.patch(f"/chats/{chat_id}", json={"is_archived": True}))

    assert made(anna.get("/chats")) == []
    assert made(anna.get(f"/chats/{chat_id}"))["id"] == chat_id


def test_a_chat_keeps_documents_that_its_user_may_see(owner: Caller, plan: str) -> None:
    chat_id = owner.new_chat(document_ids=[plan])

    assert made(owner.get(f"/chats/{chat_id}"))["document_ids"] == [plan]


def test_documents_that_the_user_may_not_see_are_named(anna: Caller, plan: str) -> None:
    chat_id, body = anna.new_chat(), {"document_ids": [plan, str(uuid4())]}

    for response in (anna.post("/chats", json=body), anna.patch(f"/chats/{chat_id}", json=body)):
        assert paths(problem(response, 404)) == ["$.document_ids[0]", "$.document_ids[1]"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("title", "", id="no title"),
        pytest.param("title", "т" * 301, id="long title"),
        pytest.param("title", 5, id="a number for a title"),
        pytest.param("description", "т" * 10_001, id="long description"),
    ],
)
def test_a_title_and_a_description_that_are_none_are_refused(anna: Caller, field: str, value: object) -> None:
    assert paths(problem(anna.post("/chats", json={field: value}), 422)) == [f"$.{field}"]
    assert paths(problem(anna.patch(f"/chats/{anna.new_chat()}", json={field: value}), 422)) == [f"$.{field}"]


def test_a_change_of_an_unknown_field_is_refused(anna: Caller) -> None:
    assert paths(problem(anna.patch(f"/chats/{anna.new_chat()}", json={"user_id": str(uuid4())}), 422)) == ["$.user_id"]


def test_the_chat_comes_with_its_messages_and_whole_answers(owner: Caller, answered: dict[str, str]) -> None:
    chat = made(owner.get(f"/chats/{answered['chat_id']}"))
    question, answer = chat["messages"]

    assert chat["chat"]["id"] == chat["id"] == answered["chat_id"]
    assert (question["role"], question["id"], question["answer"]) == ("user", answered["id"], None)
    assert (answer["role"], answer["content"]) == ("assistant", answer["answer"]["text"])
    assert answer["answer"]["citations"]
    assert answer["job_id"] == answered["job_id"]
    assert made(owner.get(f"/chats/{answered['chat_id']}/messages")) == chat["messages"]


def test_a_deleted_chat_is_gone_with_its_messages(anna: Caller) -> None:
    chat_id = anna.new_chat()
    job_id = anna.ask(chat_id)["job_id"]
    anna.ended(job_id)

    deleted = anna.delete(f"/chats/{chat_id}")

    assert (deleted.status_code, deleted.json()) == (202, {"message": "deleted", "chat_id": chat_id})
    for path in (f"/chats/{chat_id}", f"/chats/{chat_id}/messages", f"/chats/{chat_id}/stream"):
        problem(anna.get(path), 404)
    problem(anna.delete(f"/chats/{chat_id}"), 404)
    assert made(anna.get("/chats")) == []


def test_the_jobs_of_a_deleted_chat_keep_their_figures_only(anna: Caller) -> None:
    chat_id = anna.new_chat()
    headers = {"Idempotency-Key": "of a deleted chat"}
    body = {"content": "Каков расход?", "document_ids": []}
    job_id = made(anna.post(f"/chats/{chat_id}/messages", json=body, headers=headers))["job_id"]
    answered = anna.ended(job_id)

    made(anna.delete(f"/chats/{chat_id}"))

    job = made(anna.get(f"/jobs/{job_id}"))
    assert (job["result"], job["snapshot"]["answer"], job["snapshot"]["result"]) == (None, "", None)
    assert [job[name] for name in ("status", "usage", "finished_at")] == [
        answered[name] for name in ("status", "usage", "finished_at")
    ]
    assert job["forgotten_at"]
    problem(anna.get(f"/jobs/{job_id}/events"), 410, "job_forgotten")
    problem(anna.post(f"/jobs/{job_id}/replay"), 410, "job_forgotten")
    problem(anna.post(f"/chats/{chat_id}/messages", json=body, headers=headers), 404)


def test_deleting_a_chat_cancels_what_it_still_waits_for(anna: Caller) -> None:
    chat_id = anna.new_chat()
    held_back = made(anna.post(f"/chats/{chat_id}/messages", json={"content": "Без области"}))["job_id"]
    behind = made(anna.post(f"/chats/{chat_id}/messages", json={"content": "Следом", "document_ids": []}))["job_id"]

    made(anna.delete(f"/chats/{chat_id}"))

    assert {anna.ended(job_id)["status"] for job_id in (held_back, behind)} == {"cancelled"}
