"""The build: the inner packages compiled by mypyc in one call, or plain Python where there is no compiler.

MINIREDIS_COMPILE=0 builds plain Python; =1 fails where it cannot compile; unset compiles if a C compiler works.
MINIREDIS_OPT_LEVEL is the C compiler's -O: 3 unless set; 1 builds in half the time and runs a little slower.
Everything that does not need code to say stands in setup.cfg.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from setuptools import setup
from setuptools.command.build_ext import build_ext

if TYPE_CHECKING:
    from setuptools import Extension

ROOT = Path(__file__).resolve().parent
#: The packages that are compiled together: calls between them are then direct.
INNER = ("resp", "config", "datatypes", "formats", "keyspace", "commands", "dispatch", "scripting")
#: Files inside of them that belong to the Twisted edge.
EDGE = {"service.py", "bus.py", "link.py", "__init__.py"}


def inner_modules() -> list[str]:
    """Paths of the modules to compile, relative to this folder: the inner packages and tight loops elsewhere."""
    package = ROOT / "miniredis"
    found = [path for name in INNER for path in (package / name).rglob("*.py") if path.name not in EDGE]
    found += (package / "server").glob("*_loop.py")
    found += [package / "replication" / name for name in ("backlog.py", "follower.py", "stream.py")]
    found.append(package / "persistence" / "aof_log.py")  # every write passes through it
    return sorted(str(path.relative_to(ROOT)) for path in found)


def why_not_compilable() -> str | None:
    """None if a C compiler and Python's headers are there, else what is missing in a few words."""
    try:
        import mypyc.build  # noqa: F401
    except ImportError:
        return "mypyc is not installed"
    compiler = os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc"
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "probe.c")
        source.write_text("#include <Python.h>\n")
        include = sysconfig.get_paths()["include"]
        command = [*compiler.split(), "-I", include, "-c", str(source), "-o", str(source.with_suffix(".o"))]
        try:
            done = subprocess.run(command, capture_output=True, check=False)
        except OSError:
            return f"there is no C compiler ({compiler})"
    return None if done.returncode == 0 else "the C compiler does not find Python.h"


class ParallelBuild(build_ext):
    """Compiles the C files of an extension beside each other: mypyc makes one for each module."""

    def build_extensions(self) -> None:
        compiler: Any = self.compiler

        def compile_all(
            sources: list[str],
            output_dir: str | None = None,
            macros: Any = None,
            include_dirs: Any = None,
            debug: bool = False,
            extra_preargs: Any = None,
            extra_postargs: Any = None,
            depends: Any = None,
        ) -> list[str]:
            _, objects, postargs, options, build = compiler._setup_compile(
                output_dir, macros, include_dirs, sources, depends, extra_postargs
            )
            arguments = compiler._get_cc_args(options, debug, extra_preargs)

            def compile_one(target: str) -> None:
                source, extension = build[target]
                compiler._compile(target, source, extension, arguments, postargs, options)

            with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
                list(pool.map(compile_one, objects))
            return list(objects)

        compiler.compile = compile_all
        super().build_extensions()


def extensions() -> list[Extension]:
    wanted = os.environ.get("MINIREDIS_COMPILE", "")
    if wanted not in ("", "0", "1"):
        sys.exit(f"miniredis: MINIREDIS_COMPILE is 0 or 1, not {wanted!r}")
    if wanted == "0":
        return []
    reason = why_not_compilable()
    if reason is not None:
        if wanted == "1":
            sys.exit(f"miniredis: MINIREDIS_COMPILE=1, but {reason}")
        print(f"miniredis: {reason}; installing plain Python, which is slower", file=sys.stderr)
        return []
    from mypyc.build import mypycify
    from setuptools import Extension

    # Types are checked by `make types`, with every library at hand; here libraries may be missing.
    options = ["--config-file=", "--ignore-missing-imports", "--no-warn-unused-ignores", "--follow-imports=silent"]
    level = os.environ.get("MINIREDIS_OPT_LEVEL", "3")
    compiled: list[Extension] = mypycify(  # type: ignore[assignment]  # its own word for the same class
        [*options, *inner_modules()], opt_level=level, debug_level="0", multi_file=True, group_name="miniredis"
    )
    # Functions call each other directly, not by way of a table that other libraries could change.
    flags = ["-fvisibility=hidden", "-fno-semantic-interposition"]
    for extension in compiled:
        # They share one list.
        extension.extra_compile_args = [
            *extension.extra_compile_args,
            *flags,
            "-include",
            str(ROOT / "native" / "rare.h"),
        ]
    twins = {
        "miniredis.resp._bytework": "native/bytework.c",
        "miniredis.datatypes._shards": "native/shards.c",
        "miniredis.datatypes._entries": "native/entries.c",
    }
    flags.append(f"-O{level}")
    return [*compiled, *(Extension(name, [source], extra_compile_args=flags) for name, source in twins.items())]


# Reading the metadata (egg_info, sdist, --version) needs no compilation.
BUILDING = any(word.startswith(("build", "bdist", "install", "develop", "editable")) for word in sys.argv[1:])
setup(ext_modules=extensions() if BUILDING else [], cmdclass={"build_ext": ParallelBuild})
