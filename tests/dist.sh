#!/bin/sh
# Build an sdist, a compiled and a pure wheel into dist/, and try each in an empty environment:
# dist.sh PYTHON BUILD_PYTHON
set -eu
python=$1
build=$2
rm -rf dist build/lib* build/temp* build/try
mkdir -p dist build/try
"$build" -c 'from setuptools import build_meta; build_meta.build_sdist("dist")' >build/sdist.log 2>&1
MINIREDIS_COMPILE=1 "$build" -m pip wheel -qq --no-deps --no-build-isolation -w dist .
rm -rf build/lib* build/temp*
MINIREDIS_COMPILE=0 "$build" -m pip wheel -qq --no-deps --no-build-isolation -w dist .
for file in dist/*; do
    venv=build/try/$(basename "$file")
    "$python" -m venv "$venv"
    MINIREDIS_COMPILE=0 "$venv/bin/python" -m pip install --disable-pip-version-check -qq "$file"
    "$build" tests/smoke.py "$venv/bin/miniredis-server"
    "$build" tests/smoke.py "$venv/bin/twistd" -n miniredis
    echo "$file: installs, starts, answers, stops"
done
