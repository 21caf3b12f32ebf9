"""The command that replays a job and prints what differs."""

import json

import httpx
import pytest

from launch.replay import ReplayFailed, replay, report, sign_in

COMPARISON = {
    "job_id": "r",
    "replay_of": "j",
    "status": "succeeded",
    "is_equal": True,
    "differences": [],
    "error": None,
    "calls": 2,
}


def service(*comparisons: dict[str, object]) -> httpx.Client:
    """A service whose replay is compared with these results, one after another."""
    left = [json.dumps(comparison) for comparison in comparisons]

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/exchange":
            return httpx.Response(200, json={"access_token": "t"})
        if request.method == "POST":
            return httpx.Response(202 if left else 409, json={"id": "r"} if left else {"error": "recording_missing"})
        return httpx.Response(200, content=left.pop(0))

    return httpx.Client(base_url="http://service", transport=httpx.MockTransport(answer))


def test_it_waits_for_the_replay_and_says_equal() -> None:
    client = service({**COMPARISON, "is_equal": None}, COMPARISON)

    assert report(replay(client, "j")) == ["equal: job j, replay r, 2 recorded calls"]


def test_it_shows_the_reason_and_the_diff() -> None:
    error = {"code": "replay_diverged", "message_en": "stage answer, call 2: the text", "message_ru": ""}
    different = {**COMPARISON, "is_equal": False, "error": error, "differences": ["-a", "+b"]}

    lines = report(replay(service(different), "j"))

    assert lines[0].startswith("different: job j")
    assert lines[1:] == ["stage answer, call 2: the text", "-a", "+b"]


def test_what_cannot_be_replayed_is_told_in_the_services_words() -> None:
    with pytest.raises(ReplayFailed, match="recording_missing"):
        replay(service(), "j")


def test_it_needs_a_token() -> None:
    with pytest.raises(ReplayFailed, match="AIZOOMDOC_TOKEN"):
        sign_in(service(), "")
