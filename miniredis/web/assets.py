"""The files of the page, read once; what is not among them cannot be asked for."""

from __future__ import annotations

import hashlib
import html
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "static"
TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".html": "text/html; charset=utf-8",
}


class Asset:
    """One file."""

    def __init__(self, path: Path) -> None:
        self.data = path.read_bytes()
        self.content_type = TYPES[path.suffix]
        self.etag = '"' + hashlib.sha256(self.data).hexdigest()[:20] + '"'


class Assets:
    """All of them by name. Pages (.html) are filled in and served by their own paths."""

    def __init__(self) -> None:
        self.files = {path.name: Asset(path) for path in sorted(FOLDER.iterdir()) if path.suffix in TYPES}

    def find(self, name: str) -> Asset | None:
        return None if name.endswith(".html") else self.files.get(name)

    def page(self, name: str, **values: str) -> bytes:
        """A page with each `{{name}}` replaced, escaped for HTML."""
        text = self.files[name].data.decode()
        for key, value in values.items():
            text = text.replace("{{" + key + "}}", html.escape(value))
        return text.encode()
