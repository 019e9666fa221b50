"""The twins in C, built for a test from their source with every warning an error."""

from __future__ import annotations

import importlib.util
import subprocess
import sysconfig
from pathlib import Path
from types import ModuleType

SOURCES = Path(__file__).resolve().parent.parent / "native"


def build_native(name: str, folder: Path) -> ModuleType:
    """The extension module of native/NAME.c, compiled into `folder`."""
    library = folder / f"_{name}{sysconfig.get_config_var('EXT_SUFFIX')}"
    compiler = (sysconfig.get_config_var("CC") or "cc").split()
    flags = ["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Wno-cast-function-type"]
    flags += ["-Wno-missing-field-initializers", "-Werror", "-I", sysconfig.get_paths()["include"]]
    subprocess.run([*compiler, *flags, str(SOURCES / f"{name}.c"), "-o", str(library)], check=True)
    spec = importlib.util.spec_from_file_location(f"_{name}", library)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
