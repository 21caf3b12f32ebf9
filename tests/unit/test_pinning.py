"""Which version of a prompt a run gets: that of its job, once it has one."""

from collections.abc import Mapping

import msgspec
import pytest

from domain.errors import NotFound
from domain.ids import new_id
from domain.jobs import Job
from domain.prompts import Prompt
from tests.fakes.stage_context import running_job
from workers.pinning import PinnedPrompts

ANSWER, CLASSIFY, REPAIR, OTHER = "analysis/answer", "analysis/classify", "asking/repair", "ingest/recognise"


class Store:
    """Every version of every prompt, which of them are live, and what was pinned."""

    def __init__(self) -> None:
        self.live = dict.fromkeys((ANSWER, CLASSIFY, REPAIR, OTHER), "1")
        self.texts = {(name, "1"): "{{question}}" for name in self.live}
        self.pins: dict[str, str] = {}
        self.pinned_times = 0

    def names(self) -> frozenset[str]:
        return frozenset(self.live)

    def publish(self, name: str, version: str, text: str) -> None:
        self.live[name] = version
        self.texts[name, version] = text

    async def get(self, name: str, version: str | None = None) -> Prompt:
        version = version or self.live.get(name, "")
        if (name, version) not in self.texts:
            raise NotFound(name)
        return Prompt(name=name, version=version, text=self.texts[name, version])

    async def pin(self, job: Job, pins: Mapping[str, str], *, over: bool = False) -> Mapping[str, str]:
        self.pinned_times += 1
        self.pins = {**self.pins, **pins} if over else {**pins, **self.pins}
        return self.pins


class Run:
    def __init__(self, **pins: str) -> None:
        names = {name.replace("__", "/"): version for name, version in pins.items()}
        self.job = msgspec.structs.replace(running_job(new_id()), prompt_pins=names)


@pytest.fixture
def store() -> Store:
    return Store()


async def test_the_first_ask_pins_all_prompts_of_the_family_at_once(store: Store) -> None:
    prompts, run = PinnedPrompts(store), Run()

    await prompts.get(run, CLASSIFY, {"question"})
    await prompts.get(run, ANSWER, {"question"})

    assert store.pins == {ANSWER: "1", CLASSIFY: "1", REPAIR: "1"}
    assert store.pinned_times == 1


async def test_a_version_published_in_the_middle_of_a_run_is_for_other_jobs(store: Store) -> None:
    prompts, run = PinnedPrompts(store), Run()
    await prompts.get(run, ANSWER, {"question"})
    store.publish(ANSWER, "v2", "Anew: {{question}}")

    assert (await prompts.get(run, ANSWER, {"question"})).version == "1"
    assert (await PinnedPrompts(Store()).get(Run(), ANSWER, {"question"})).version == "1"


async def test_a_later_run_of_the_job_keeps_its_versions(store: Store) -> None:
    store.publish(ANSWER, "v2", "Anew: {{question}}")

    prompt = await PinnedPrompts(store).get(Run(analysis__answer="1"), ANSWER, {"question"})

    assert prompt.version == "1"
    assert store.pinned_times == 0


async def test_a_draft_given_to_a_job_is_used_though_it_is_not_live(store: Store) -> None:
    store.texts[ANSWER, "v3"] = "Draft: {{question}}"

    assert (await PinnedPrompts(store).get(Run(analysis__answer="v3"), ANSWER, {"question"})).version == "v3"
    assert (await PinnedPrompts(store).get(Run(), ANSWER, {"question"})).version == "1"


@pytest.mark.parametrize("text", [None, "{{question}} {{gone}}"], ids=["gone", "with other variables"])
async def test_a_pinned_version_that_cannot_be_used_gives_way_to_the_live_one(store: Store, text: str | None) -> None:
    if text is not None:
        store.texts[ANSWER, "v9"] = text
    prompts, run = PinnedPrompts(store), Run(analysis__answer="v9")
    store.pins = {ANSWER: "v9"}

    prompt = await prompts.get(run, ANSWER, {"question"})

    assert prompt.version == "1"
    assert store.pins[ANSWER] == "1"


async def test_an_unknown_prompt_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        await PinnedPrompts(store).get(Run(), "analysis/none", {"question"})
