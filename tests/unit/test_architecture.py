"""The forgotten line: whoever adds a provider, a stage, a family, a route or a prompt is told what is still missing."""

import ast
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from api import app as api_app
from domain.family import Family
from domain.family_list import FAMILIES
from domain.stage import Finished, Next, Spawn, Wait
from storage.embedders.registry import BUILDERS as EMBEDDERS
from workers.asking import REPAIR_PROMPT
from workers.providers.registry import BUILDERS

TREE = Path(__file__).parents[2]
FAMILY_FOLDERS = sorted(folder for folder in (TREE / "domain/families").iterdir() if (folder / "family.py").exists())
PACKAGES = ("api", "workers", "domain", "storage", "launch")
MAX_LINES = 400
OUTCOMES = {Next.__name__, Finished.__name__, Wait.__name__, Spawn.__name__, "Outcome"}


def _modules(folder: str) -> list[Path]:
    return sorted(path for path in (TREE / folder).rglob("*.py") if path.name != "__init__.py")


def _stages_of(path: Path) -> set[str]:
    """The functions of a file that look like stages: `async (ctx, state) -> outcome`."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        if not isinstance(node, ast.AsyncFunctionDef) or node.name.startswith("_"):
            continue
        names = [argument.arg for argument in node.args.args]
        returned = set(re.findall(r"\w+", ast.unparse(node.returns))) if node.returns else set()
        if names == ["ctx", "state"] and returned & OUTCOMES:
            found.add(node.name)
    return found


PROVIDERS = [path for path in _modules("workers/providers") if path.stem != "registry"]


@pytest.mark.parametrize("path", PROVIDERS, ids=lambda path: path.stem)
def test_a_provider_has_its_line_in_the_registry(path: Path) -> None:
    module = import_module(f"workers.providers.{path.stem}")

    assert BUILDERS.get(module.NAME) is module.build, f"workers/providers/registry.py does not list {path.stem}"


EMBEDDER_FILES = [path for path in _modules("storage/embedders") if path.stem not in ("registry", "wire")]


@pytest.mark.parametrize("path", EMBEDDER_FILES, ids=lambda path: path.stem)
def test_an_embedding_provider_has_its_line_in_the_registry(path: Path) -> None:
    module = import_module(f"storage.embedders.{path.stem}")

    assert EMBEDDERS.get(module.NAME) is module.build, f"storage/embedders/registry.py does not list {path.stem}"


@pytest.mark.parametrize("folder", FAMILY_FOLDERS, ids=lambda folder: folder.name)
def test_a_family_has_its_line_in_the_list(folder: Path) -> None:
    family = import_module(f"domain.families.{folder.name}.family").FAMILY

    assert family.name == folder.name
    assert FAMILIES.get(folder.name) is family, f"domain/family_list.py does not list {folder.name}"


def test_every_folder_of_families_is_a_family() -> None:
    folders = {path.name for path in (TREE / "domain/families").iterdir() if path.is_dir() and path.name[0] != "_"}

    assert folders == {folder.name for folder in FAMILY_FOLDERS} == FAMILIES.keys()


@pytest.mark.parametrize("folder", FAMILY_FOLDERS, ids=lambda folder: folder.name)
def test_a_stage_has_its_line_in_its_family(folder: Path) -> None:
    written = {name for path in folder.glob("*.py") for name in _stages_of(path)}

    listed = {stage.run.__name__ for stage in FAMILIES[folder.name].stages}
    assert written == listed, f"domain/families/{folder.name}/family.py lists {sorted(listed)}"


@pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
def test_stages_of_a_family_have_names_of_their_own_and_words_in_both_languages(family: Family) -> None:
    assert len({stage.name for stage in family.stages}) == len(family.stages)
    assert all(stage.label_en.isascii() and not stage.label_ru.isascii() for stage in family.stages)


@pytest.mark.parametrize("path", _modules("api/routes"), ids=lambda path: path.stem)
def test_a_route_file_is_mounted(path: Path) -> None:
    module = import_module(f"api.routes.{path.stem}")
    source = (TREE / "api/app.py").read_text()

    assert getattr(api_app, path.stem, None) is module, f"api/app.py does not import {path.stem}"
    assert f"{path.stem}.router," in source, f"api/app.py does not mount {path.stem}"


@pytest.mark.parametrize("path", _modules("api/routes"), ids=lambda path: path.stem)
def test_every_handler_of_a_route_file_is_in_its_router(path: Path) -> None:
    decorators = {"get", "post", "patch", "put", "delete", "websocket"}
    written = {
        node.name
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.AsyncFunctionDef)
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) in decorators
    }

    router = import_module(f"api.routes.{path.stem}").router
    mounted = {handler.fn.__name__ for route in router.routes for handler in _handlers_of(route)}
    assert mounted - {"options_handler"} == written, "the last lines of the file mount others"


def _handlers_of(route: Any) -> list[Any]:
    return getattr(route, "route_handlers", None) or [route.route_handler]


def _named_prompts() -> set[str]:
    return {name for family in FAMILIES.values() for stage in family.stages for name in stage.prompts} | {REPAIR_PROMPT}


def test_every_prompt_that_is_named_exists() -> None:
    assert [name for name in sorted(_named_prompts()) if not (TREE / f"prompts/{name}.md").exists()] == []


def test_every_prompt_that_exists_is_named() -> None:
    written = {path.relative_to(TREE / "prompts").with_suffix("").as_posix() for path in TREE.glob("prompts/*/*.md")}

    assert written == _named_prompts()


def test_migrations_are_no_package() -> None:
    assert list((TREE / "alembic").rglob("__init__.py")) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_file_is_longer_than_two_ideas(package: str) -> None:
    lengths = {path.relative_to(TREE).as_posix(): len(path.read_text().splitlines()) for path in _modules(package)}

    assert {path: length for path, length in lengths.items() if length > MAX_LINES} == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_says_why_it_exists(package: str) -> None:
    silent = [path.name for path in _modules(package) if not ast.get_docstring(ast.parse(path.read_text()))]

    assert silent == []
