"""The house keeps its shape: what import contracts (pyproject.toml) cannot see."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

ROOT = Path(__file__).resolve().parent.parent
APPS = ["accounts", "projects", "scheduling", "bookings", "datesheet"]
# Names that could hold anything soon hold everything.
DRAWERS = {"utils", "helpers", "common", "core", "services", "interfaces", "signals", "constants", "base"}
REGISTRIES = re.compile(r"py" r"pi\.org|python" r"hosted\.org|np" r"mjs\.(org|com)|registry\.y" r"arnpkg")
MACHINES = re.compile(r"(?<![\w.:/}>~-])/(home|root|work|Users|opt|mnt)/\w")


def committed_files():
    """The project's own text files. An unpacked archive has no list of them."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    binary = {".ttf", ".woff2", ".png", ".ico", ".xlsx", ".xls", ".ods", ".zip", ".pdf", ".mo", ".gz", ".jpg"}
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.is_file() and path.suffix not in binary and not name.endswith(".min.js"):
            yield path


def sources(*apps):
    for app in apps or APPS:
        yield from (path for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts)


def named(paths):
    return sorted(str(path.relative_to(ROOT)) for path in paths)


def test_the_solver_runs_without_django():
    script = (
        "import pkgutil, sys, scheduling.solver as solver\n"
        "for found in pkgutil.walk_packages(solver.__path__, 'scheduling.solver.'): __import__(found.name)\n"
        "print({name.split('.')[0] for name in sys.modules} & {'django', 'projects', 'accounts'} or 'none')"
    )
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert (run.stdout.strip(), run.returncode) == ("none", 0), run.stderr


def test_no_module_is_a_drawer():
    assert named(path for path in sources() if {path.stem, *path.relative_to(ROOT).parts} & DRAWERS) == []


def test_templates_hold_no_styles_and_no_scripts():
    # The content security policy forbids both; this says it before a page comes up bare.
    forbidden = re.compile(
        r"<[^>]*\s(style|on\w+)\s*=|<style\b|javascript:|<script(?![^>]*\b(src=|type=\"application/json\"))[^>]*>",
        re.I,
    )
    faults = [
        f"{path.relative_to(ROOT)}: {found.group(0)}"
        for path in ROOT.glob("**/templates/**/*.html")
        if not {".venv", "emails"} & set(path.parts)  # a mail has no policy, and no other place for its style
        for found in forbidden.finditer(path.read_text())
    ]
    assert not faults, "\n".join(faults)


def test_every_file_that_a_page_asks_for_is_there():
    # In production a name without a file is an error; the tests' plain storage hands out any.
    asked = re.compile(r"""{% static ["']([^"']*)["']""")
    faults = [
        f"{path.relative_to(ROOT)}: {name!r}"
        for path in ROOT.glob("**/templates/**/*.*")
        if ".venv" not in path.parts
        for name in asked.findall(path.read_text())
        if not name or not finders.find(name)
    ]
    assert not faults, "\n".join(faults)


def test_no_file_names_a_registry_or_a_place_on_one_machine():
    faults = [
        f"{path.relative_to(ROOT)}: {found.group(0)}"
        for path in committed_files()
        for pattern in (REGISTRIES, MACHINES)
        for found in pattern.finditer(path.read_text(errors="replace"))
    ]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("folder", ["static/vendor", "tests/journeys"])
def test_what_others_made_is_listed_with_its_version(folder):
    made_by_others = (
        {path.name for path in (ROOT / folder).glob("*.js")} if (ROOT / folder).exists() else set()
    )
    versions = ROOT / folder / "VERSIONS.txt"
    listed = versions.read_text() if versions.exists() else ""
    assert {name for name in made_by_others if name not in listed} == set()


def test_tests_mirror_the_apps():
    """tests/scheduling/solver/test_x.py speaks of scheduling/solver/x.py or x/; test_x_and_more.py too.

    tests/projects/test_…_commands.py speaks of the app's management commands.
    """
    homeless = []
    for app in APPS:
        for path in (ROOT / "tests" / app).rglob("test_*.py"):
            home = ROOT / path.parent.relative_to(ROOT / "tests")
            modules = {there.stem for there in home.glob("*") if there.suffix == ".py" or there.is_dir()}
            words = path.stem.removeprefix("test_").split("_")
            beginnings = {"_".join(words[:count]) for count in range(1, len(words) + 1)}
            of_commands = words[-1] == "commands" and (home / "management").exists()
            if not beginnings & modules and not of_commands:
                homeless.append(path)
    assert named(homeless) == []


def test_sentences_to_people_leave_out_empty_words():
    empty = re.compile(r"\b(successful(ly)?|please|invalid)\b", re.I)
    faults = []
    for path in sources():
        tree = ast.parse(path.read_text())
        docstrings = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            is_sentence = isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value
            if is_sentence and id(node) not in docstrings and empty.search(node.value):
                faults.append(f"{path.relative_to(ROOT)}:{node.lineno}: {node.value}")
    for path in (ROOT / "templates").rglob("*.html"):
        faults += [
            f"{path.relative_to(ROOT)}: {found.group(0)}" for found in empty.finditer(path.read_text())
        ]
    assert not faults, "\n".join(faults)
