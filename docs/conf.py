"""Sphinx's configuration.

The pages that are made from tables are written before a build, and pydoctor writes the API beside it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from pygments.lexer import RegexLexer, bygroups
from pygments.token import Comment, Keyword, String, Text
from sphinx.application import Sphinx

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tests")]

from docs.pages import write_pages  # noqa: E402
from miniredis import __version__  # noqa: E402

project = "miniredis"
project_copyright = "the miniredis authors"
version = release = __version__
html_theme = "furo"
html_title = f"miniredis {__version__}"
exclude_patterns = ["_build"]
nitpicky = True
extensions = ["pydoctor.sphinx_ext.build_apidocs"]
pydoctor_args = [
    "--project-name=miniredis",
    f"--project-version={__version__}",
    f"--project-base-dir={HERE.parent}",
    "--html-output={outdir}/api",
    "--docformat=plaintext",
    "--theme=base",
    "--privacy=HIDDEN:miniredis.**.static",
    "-W",
    "-q",
    str(HERE.parent / "miniredis"),
]
pydoctor_url_path = ""  # nothing refers into it

write_pages(HERE / "reference")


class RedisConfLexer(RegexLexer):
    """redis.conf: a comment, or a directive with its words."""

    name = "redis.conf"
    tokens = {
        "root": [
            (r"^\s*#.*\n", Comment),
            (r"^(\s*)([\w.-]+)", bygroups(Text, Keyword)),
            (r'"[^"\n]*"', String),
            (r"[^\"\n]+|\"", Text),
            (r"\n", Text),
        ]
    }


def setup(app: Sphinx) -> None:
    app.add_lexer("redis-conf", RedisConfLexer)
