"""Print what setup.cfg says must be installed: `requirements.py [EXTRA...]`, one requirement a line."""

from __future__ import annotations

import configparser
import sys
from pathlib import Path


def requirements(extras: list[str]) -> list[str]:
    config = configparser.ConfigParser()
    config.read(Path(__file__).resolve().parent.parent / "setup.cfg")
    texts = [config["options"]["install_requires"]]
    texts += [config["options.extras_require"][extra] for extra in extras]
    lines = [line.split("#")[0].strip() for text in texts for line in text.splitlines()]
    return [line for line in lines if line]


if __name__ == "__main__":
    print("\n".join(requirements(sys.argv[1:])))
