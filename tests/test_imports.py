"""What may import what: no circles, nothing hidden in functions, and clinic_site knows no app."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.running import PROJECT

pytestmark = pytest.mark.on_sqlite

APPS = ("clinic_site", "conditions", "appointments")  # each may import those before it
NAMES_APPS = {"clinic_site.urls"}  # and INSTALLED_APPS, which are no imports


def modules() -> dict[str, Path]:
    """Every module of the site but migrations, by its name."""
    found = {}
    for app in APPS:
        for path in (PROJECT / app).rglob("*.py"):
            parts = path.relative_to(PROJECT).with_suffix("").parts
            if "migrations" not in parts:
                found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imported(node: ast.AST) -> Iterator[str]:
    """The names of modules of the site that one statement imports."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        whole = [f"{node.module}.{alias.name}" for alias in node.names]
        names = [name if name in MODULES else str(node.module) for name in whole]
    else:
        return
    yield from (name for name in names if name in MODULES)


def statements(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text())


def imports_of(module: str) -> set[str]:
    return {name for node in ast.walk(statements(module)) for name in imported(node)}


def test_there_are_modules_to_look_at() -> None:
    assert {
        "clinic_site.mail.worker",
        "conditions.models",
        "appointments.services.workflow",
    } <= set(MODULES)
    assert "clinic_site.mail.models" in imports_of("clinic_site.mail.worker")


@pytest.mark.parametrize("app", APPS)
def test_an_app_imports_only_those_that_it_stands_on(app: str) -> None:
    later = APPS[APPS.index(app) + 1 :]
    wrong = [
        (module, name)
        for module in MODULES
        if module.split(".")[0] == app and module not in NAMES_APPS
        for name in imports_of(module)
        if name.split(".")[0] in later
    ]
    assert wrong == []


def test_no_imports_go_in_a_circle() -> None:
    graph = {module: imports_of(module) - {module} for module in MODULES}

    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def test_no_function_imports_but_where_an_app_becomes_ready() -> None:
    hidden = [
        (module, function.name)
        for module in MODULES
        for function in ast.walk(statements(module))
        if isinstance(function, ast.FunctionDef) and function.name != "ready"
        for node in ast.walk(function)
        if list(imported(node))
    ]
    assert hidden == []


def test_clinic_site_names_no_app() -> None:
    """Not as a string either: neither a model, nor an address of the admin, nor a right."""
    named = [
        (module, node.value)
        for module, path in MODULES.items()
        if module.startswith("clinic_site") and module not in {*NAMES_APPS, "clinic_site.settings"}
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if any(f"{app}{end}" in node.value for app in APPS[1:] for end in (".", "_", "/"))
    ]
    assert named == []
