"""setup.cfg says everything a plain `pip install .` must bring, and nothing that is not so."""

from __future__ import annotations

import ast
import configparser
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

#: What a requirement is imported as, where the names differ.
IMPORTED_AS = {
    "Twisted": {"twisted", "zope"},
    "pyOpenSSL": {"OpenSSL"},
    "service-identity": {"service_identity"},
    "prometheus_client": {"prometheus_client"},
}
#: Needed although nothing of ours imports it, with the reason.
NEVER_IMPORTED = {
    "service-identity": "Twisted checks host names with it",
    "pyOpenSSL": "Twisted's TLS stands on it",
    "mypy_extensions": "compiled modules may ask for its types",
}
#: Used where they are installed, done without elsewhere.
OPTIONAL = {
    "lzf": "python-lzf comes as source only: requiring it would demand a C compiler; formats/lzf.py has its own",
    "pytest": "it loads our plugin, never the other way round",
    "redis": "clients of a test server: whoever asks for one has it",
}


def setup_cfg() -> configparser.ConfigParser:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    return config


def requirement_names(text: str) -> list[str]:
    return [re.split(r"[\[<>=!~; ]", line.strip())[0] for line in text.splitlines() if line.strip()]


def imported_from_elsewhere() -> set[str]:
    """Top-level names of the libraries that the package imports."""
    found = set()
    for path in (ROOT / "miniredis").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - {"miniredis"} - set(OPTIONAL)


def test_every_folder_is_in_the_package_list() -> None:
    listed = setup_cfg()["options"]["packages"].split()
    folders = [".".join(path.parent.relative_to(ROOT).parts) for path in (ROOT / "miniredis").rglob("__init__.py")]
    assert sorted(listed) == sorted([*folders, "twisted.plugins"])


def test_every_data_file_is_shipped() -> None:
    patterns = setup_cfg()["options.package_data"]
    shipped = {
        path
        for package, globs in patterns.items()
        for pattern in globs.replace(",", "\n").split()
        for path in (ROOT / package.replace(".", "/")).glob(pattern)
    }
    skipped = {".py", ".pyc", ".so"}
    there = {path for path in (ROOT / "miniredis").rglob("*") if path.is_file() and path.suffix not in skipped}
    assert there - shipped == set()


def test_what_is_imported_is_required_and_the_other_way_round() -> None:
    required = requirement_names(setup_cfg()["options"]["install_requires"])
    imports = {name: IMPORTED_AS.get(name, {name.replace("-", "_")}) for name in required}
    imported = imported_from_elsewhere()
    assert imported - set().union(*imports.values()) == set(), "imported, not required"
    unused = [name for name in required if not imports[name] & imported and name not in NEVER_IMPORTED]
    assert unused == [], "required, not imported"


def test_every_requirement_has_a_floor() -> None:
    config = setup_cfg()
    texts = [config["options"]["install_requires"], *config["options.extras_require"].values()]
    lines = [line.strip() for text in texts for line in text.splitlines() if line.strip()]
    assert [line for line in lines if ">=" not in line] == []
