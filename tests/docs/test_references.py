"""What pages and templates point at is there: files of this repository, and the parts of GitHub's forms."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from docs.blocks import PAGES, ROOT

TEXTS = sorted([*PAGES, *ROOT.glob("*.md"), *(ROOT / ".github").rglob("*.md"), ROOT / "examples" / "README.rst"])
FORMS = sorted(path for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")
FOLDERS = "docs|tests|miniredis|deploy|examples|bench|native|newsfragments|twisted|\\.github"
FILE = re.compile(rf"`((?:{FOLDERS})/[\w./-]*\w|[A-Z]+\.(?:rst|md))`")
#: Made by a release, by a build, or in the folder of a user.
MADE = {"NEWS.rst", "docs/_build", "docs/reference"}


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_files_that_are_named_are_there(path: Path) -> None:
    named = set(FILE.findall(path.read_text())) - MADE
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_the_examples_page_names_every_example() -> None:
    page = (ROOT / "examples" / "README.rst").read_text()
    paths = [path.relative_to(ROOT / "examples") for path in (ROOT / "examples").rglob("*.py")]
    assert [str(path) for path in paths if str(path) not in page and f"{path.parts[0]}/``" not in page] == []


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_a_form_is_one(path: Path) -> None:
    form = yaml.safe_load(path.read_text())
    assert {"name", "description", "body"} <= set(form)
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert len({field["id"] for field in fields}) == len(fields)
    for field in fields:
        assert field["type"] in {"textarea", "input", "dropdown", "checkboxes"}
        assert field["attributes"]["label"]
        assert field["type"] not in ("dropdown", "checkboxes") or field["attributes"]["options"]
