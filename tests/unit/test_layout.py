"""The shape of the repository: wheel folders, import directions, sizes of files and functions."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent.parent
PROJECT: dict[str, Any] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
WHEEL = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
PACKAGES = sorted(file.parent.name for file in REPOSITORY.glob("*/__init__.py"))
SOURCES = sorted(
    file
    for folder in [*PACKAGES, "tests", "benchmarks"]
    for file in (REPOSITORY / folder).rglob("*.py")
)
MAX_FILE, MAX_FUNCTION = 350, 50


def functions(file: Path) -> Iterator[tuple[str, int]]:
    """Yield name and length in lines of each function, decorators and docstring not counted."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = len((ast.get_docstring(node, clean=False) or "").splitlines())
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1 - docstring


def test_the_wheel_holds_every_package_and_nothing_else() -> None:
    assert sorted(WHEEL["include"]) == [f"/{name}" for name in PACKAGES]


def test_only_decayd_lands_in_site_packages() -> None:
    others = {name: f"decayd/_app/{name}" for name in PACKAGES if name != "decayd"}
    assert WHEEL["sources"] == others


@pytest.mark.parametrize("package", PACKAGES)
def test_no_folder_is_named_like_something_installed(package: str) -> None:
    owners = packages_distributions().get(package, [])
    assert [owner for owner in owners if owner != "decayd"] == []
    assert package not in sys.stdlib_module_names


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(REPOSITORY)))
def test_files_and_functions_stay_readable(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= MAX_FILE
    assert [(name, n) for name, n in functions(file) if n > MAX_FUNCTION] == []


def test_imports_go_one_way() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [command, "--no-cache"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_type_checker_sees_every_package() -> None:
    checked = PROJECT["tool"]["mypy"]["files"]
    assert set(PACKAGES) <= set(checked)


def test_the_import_contracts_cover_every_package() -> None:
    assert sorted(PROJECT["tool"]["importlinter"]["root_packages"]) == PACKAGES


@pytest.mark.parametrize("word", ["TODO", "FIXME", "XXX", "unittest.mock"])
def test_nothing_unfinished_is_left(word: str) -> None:
    here = Path(__file__)
    found = [f for f in SOURCES if f != here and word in f.read_text(encoding="utf-8")]
    assert found == []
