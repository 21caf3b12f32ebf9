"""`python -m launch.replay JOB`: runs a recorded job again without a model and says whether the same came of it.

Speaks HTTP to a running service, with the static token in AIZOOMDOC_TOKEN: the owner's, or an admin's for any job.
Exit code 0: equal; 1: different; 2: the replay could not be made.
"""

import argparse
import os
import sys
import time
from typing import Any
from urllib.parse import quote

import httpx

POLL_S = 0.5
PATIENCE_S = 600.0
"""For a replay to end: it may wait for pictures that have to be drawn again. A guess."""

EQUAL, DIFFERENT, FAILED = 0, 1, 2


class ReplayFailed(Exception):
    """With words for the operator."""


def main() -> int:
    """The command; see the module for its exit code."""
    options = parse_options()
    token = os.environ.get("AIZOOMDOC_TOKEN", "")
    try:
        with httpx.Client(base_url=options.url, timeout=60, headers={"Accept-Language": "en"}) as client:
            sign_in(client, token)
            comparison = replay(client, options.job)
    except (ReplayFailed, httpx.HTTPError) as error:
        print(f"not replayed: {error}", file=sys.stderr)
        return FAILED
    print("\n".join(report(comparison)))
    return EQUAL if comparison["is_equal"] else DIFFERENT


def parse_options() -> argparse.Namespace:
    """The command line: the job's id, `--url`."""
    parser = argparse.ArgumentParser(prog="python -m launch.replay", description=__doc__)
    parser.add_argument("job", help="id of a job that has ended")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="the service (default %(default)s)")
    return parser.parse_args()


def sign_in(client: httpx.Client, static_token: str) -> None:
    """Puts the access token into the client's headers."""
    if not static_token:
        raise ReplayFailed("AIZOOMDOC_TOKEN is not set")
    access = call(client, "POST", "/auth/exchange", json={"static_token": static_token})["access_token"]
    client.headers["Authorization"] = f"Bearer {access}"


def replay(client: httpx.Client, job_id: str) -> dict[str, Any]:
    """The comparison of a new replay of the job with the job, once it has ended."""
    made = call(client, "POST", f"/jobs/{quote(job_id, safe='')}/replay")["id"]
    give_up_at = time.monotonic() + PATIENCE_S
    while True:
        comparison = call(client, "GET", f"/jobs/{made}/replay")
        if comparison["is_equal"] is not None:
            return comparison
        if time.monotonic() > give_up_at:
            raise ReplayFailed(f"replay {made} is still {comparison['status']} after {PATIENCE_S:.0f} s")
        time.sleep(POLL_S)


def report(comparison: dict[str, Any]) -> list[str]:
    """What to print: one line when equal, else the reason and the diff of what was told."""
    told = f"job {comparison['replay_of']}, replay {comparison['job_id']}, {comparison['calls']} recorded calls"
    if comparison["is_equal"]:
        return [f"equal: {told}"]
    lines = [f"different: {told}"]
    if comparison["error"]:
        lines.append(comparison["error"]["message_en"])
    return [*lines, *comparison["differences"]]


def call(client: httpx.Client, method: str, path: str, **arguments: Any) -> Any:
    """The answer's JSON. Raises ReplayFailed with the service's own words."""
    response = client.request(method, path, **arguments)
    if response.is_error:
        raise ReplayFailed(f"{method} {path}: {response.status_code} {response.text[:300]}")
    return response.json()


if __name__ == "__main__":
    sys.exit(main())
