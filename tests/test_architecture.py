"""The arrows of the house: a room imports only from rooms before it, whatever the import is for."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

import bedrock_authcheck

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE: Final = Path(bedrock_authcheck.__file__).parent
NAME: Final = PACKAGE.name
LONGEST: Final = 400
ORDER: Final = (
    {"model"},
    {"spec", "wire"},
    {"services"},
    {"environments"},
    {"recording"},
    {"clients"},
    {"checks"},
    {"report"},
    {"explain"},
    {"suite"},
    {"page"},
    {"client_commands", "matrix_commands", "recording_options"},
    {"report_commands"},
    {"fixtures"},
    {"cassette_fixture", "machine_fixture"},
    {"guard"},
    {"plugin", "cli", "strategies"},
    {"__main__"},
)
RANK: Final = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms}
MODULES: Final = sorted(PACKAGE.rglob("*.py"))
FOLDER: Final = Path(__file__).parent
TESTS: Final = sorted(FOLDER.rglob("*.py"))


def _below_its_root(path: Path) -> str:
    root = FOLDER if path.is_relative_to(FOLDER) else PACKAGE
    return f"{root.name}/{path.relative_to(root).as_posix()}"


def _room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _imports(tree: ast.AST) -> Iterator[str]:
    """Modules that are imported anywhere: at the top, in functions, for type checking."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield str(node.module)
            # `from bedrock_authcheck import plugin` names the room in what it imports.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _rooms_imported(path: Path) -> set[str]:
    modules = (name.split(".") for name in _imports(ast.parse(path.read_text("utf-8"))))
    return {parts[1] for parts in modules if parts[0] == NAME and len(parts) > 1} & RANK.keys()


def _imports_by_name(text: str) -> Iterator[str]:
    """Modules that are named in texts: for import_module and for pytest_plugins."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            parts = node.value.split(".")
            if parts[0] == NAME and len(parts) > 1 and parts[1] in RANK:
                yield parts[1]


def test_every_module_is_in_a_room_that_has_its_place() -> None:
    assert {_room(path) for path in MODULES} - {"__init__"} == RANK.keys()


@pytest.mark.parametrize("path", MODULES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_a_room_imports_from_rooms_before_it_alone(path: Path) -> None:
    room = _room(path)
    imported = _rooms_imported(path) | set(_imports_by_name(path.read_text("utf-8")))
    if room == "__init__":
        assert not imported
        return
    wrong = {other for other in imported - {room} if RANK[other] >= RANK[room]}
    assert not wrong, f"{room} imports {', '.join(sorted(wrong))}"


@pytest.mark.parametrize("room", ["spec", "wire"])
def test_neighbours_of_one_rank_that_lean_on_each_other_do_so_one_way(room: str) -> None:
    others = {o for path in MODULES if _room(path) == room for o in _rooms_imported(path)}
    assert others <= {room, "model"}


@pytest.mark.parametrize(
    "name",
    [
        "plugin.py",
        "fixtures.py",
        "cassette_fixture.py",
        "machine_fixture.py",
        "recording_options.py",
    ],
)
def test_loading_the_plugin_imports_pytest_and_the_standard_library_alone(name: str) -> None:
    tree = ast.parse((PACKAGE / name).read_text("utf-8"))
    top = [
        node
        for node in tree.body
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    ]
    executed = [node for node in top if isinstance(node, ast.Import | ast.ImportFrom)]
    imported = {name for node in executed for name in _imports(node)}
    # Held to the same here.
    light = {n for n in imported if n.startswith((f"{NAME}.recording_options", f"{NAME}.fixtures"))}
    roots = {name.partition(".")[0] for name in imported - light}
    assert roots <= {"pytest"} | sys.stdlib_module_names


@pytest.mark.parametrize("path", [*MODULES, *TESTS], ids=_below_its_root)
def test_a_file_is_no_longer_than_one_can_hold_in_mind(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= LONGEST


def test_the_test_sees_an_arrow_that_points_the_wrong_way() -> None:
    text = (
        "def f():\n    from bedrock_authcheck import suite\n    import bedrock_authcheck.plugin\n"
    )
    seen = {name.split(".")[1] for name in _imports(ast.parse(text)) if name.count(".")}
    assert {"suite", "plugin"} <= seen
    assert list(_imports_by_name("x = 'bedrock_authcheck.suite.chain'")) == ["suite"]
