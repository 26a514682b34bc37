"""Who may import whom: read from the syntax trees, so that nothing has to run."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

HOUSE = Path(__file__).parents[2]
ROOMS = ("mcrm", "bots", "notifications", "apps", "sandbox", "demo", "migrations")
DOORS = {"wsgi", "cli", "assembly", "working"}
ALLOWED = {
    "mcrm": {"mcrm"},
    "bots": {"bots", "mcrm"},
    "notifications": {"notifications", "mcrm"},
    "apps": {"apps", "mcrm"},
    "sandbox": {"sandbox"},
    "demo": {"demo", "mcrm", "migrations", "sandbox"},
    "migrations": {"mcrm", "migrations"},
}
LAYERS = (
    {
        "config",
        "clock",
        "errors",
        "ids",
        "actors",
        "keys",
        "passes",
        "turns",
        "db",
        "holding",
        "logs",
        "editing",
        "money",
        "hours",
        "quiet",
        "inserting",
        "prepared",
        "among",
        "scratch",
    },
    {"interactions", "transaction"},
    {"wakeup"},
    {"api"},
    {"audit"},
    {"settings_store"},
    {"lookup"},
    {"territories"},
    {"custom_fields"},
    {"accounts"},
    {"contacts"},
    {"contact_roles", "tags", "addresses", "notes"},
    {"duplicates"},
    {"consents"},
    {"policy", "deliveries"},
    {"timelines"},
    {"integrations"},
    {"access"},
    {"taxes"},
    {"templates"},
    {"products"},
    {"filters"},
    {"pricing"},
    {"stock"},
    {"purchasing", "leases"},
    {"orders"},
    {"quotes", "returns", "carriers"},
    {"opportunities"},
    {"leads", "targets"},
    {"ledger"},
    {"payments"},
    {"invoices"},
    {"reconciliation", "accounting"},
    {"shopping"},
    {"tasks"},
    {"activities", "visits"},
    {"rounds"},
    {"offers"},
    {"bulk"},
    {"bulkchanges"},
    {"conversations", "cases"},
    {"learning"},
    {"inbox"},
    {"profile"},
    {"search"},
    {"sync"},
    {"privacy"},
    {"examples"},
    {"live", "opening", "worker", "edge", "tables", "app", "migrating"},
)
FLASK_KNOWERS = {"api", "app.py", "resources.py", "edge"}


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """(line, module) of every import; relative ones are forbidden elsewhere."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}:{node.lineno} is a relative import"
            module = node.module or ""
            yield node.lineno, module
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def sources(room: str) -> list[Path]:
    """The Python files of a room."""
    return sorted((HOUSE / room).rglob("*.py"))


def test_rooms_import_only_what_the_house_allows() -> None:
    wrong = []
    for room in ROOMS:
        for path in sources(room):
            for line, module in imports(path):
                top = module.partition(".")[0]
                if top in {*ROOMS, *DOORS} and top not in ALLOWED[room]:
                    wrong.append(f"{path.relative_to(HOUSE)}:{line} imports {module}")
    assert wrong == []


def layer(name: str) -> int:
    """Which floor of the core a part stands on; 0 is the foundation."""
    found = [index for index, names in enumerate(LAYERS) if name in names]
    assert found, f"{name} has no floor: add it to LAYERS"
    return found[0]


def test_inside_the_core_a_part_imports_only_what_stands_above_it_in_the_list() -> None:
    wrong = []
    for path in sources("mcrm"):
        part = path.relative_to(HOUSE / "mcrm").parts[0].removesuffix(".py")
        if part in {"__init__", "app", "tables"}:
            continue
        for line, module in imports(path):
            names = module.split(".")
            if names[0] != "mcrm" or len(names) < 2 or names[1] == part or path.name == "resources.py":
                continue
            if layer(names[1]) > layer(part):
                wrong.append(f"{path.relative_to(HOUSE)}:{line} imports {module}")
    assert wrong == []


def test_only_the_doors_know_flask() -> None:
    wrong = []
    for path in sources("mcrm"):
        if FLASK_KNOWERS & set(path.relative_to(HOUSE / "mcrm").parts):
            continue
        wrong += [
            f"{path.relative_to(HOUSE)}:{line}"
            for line, module in imports(path)
            if module.partition(".")[0] in {"flask", "flask_smorest", "werkzeug"}
        ]
    assert wrong == []


def test_every_package_of_the_core_says_what_it_is_in_one_sentence_and_holds_no_code() -> None:
    for path in HOUSE.glob("mcrm/**/__init__.py"):
        [only] = ast.parse(path.read_text()).body
        assert isinstance(only, ast.Expr), path
        assert isinstance(only.value, ast.Constant), path


def test_every_room_is_installed() -> None:
    """An installation from the project's own file has all that the command line imports."""
    packages = tomllib.loads((HOUSE / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"][
        "include"
    ]
    assert sorted(packages) == sorted(f"{room}*" for room in ROOMS)
