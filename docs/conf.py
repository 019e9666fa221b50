"""Sphinx's configuration; the pages about directives and commands are written from their tables before a build."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "tests")]

from pages import write_pages  # noqa: E402

from miniredis import __version__  # noqa: E402

project = "miniredis"
project_copyright = "the miniredis authors"
version = release = __version__
html_theme = "furo"
html_title = f"miniredis {__version__}"
exclude_patterns = ["_build"]
nitpicky = True

write_pages(HERE / "reference")
