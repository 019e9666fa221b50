"""What stands beside the package: units, Dockerfile, compose files, log rotation, and the workflows of the project.

systemd's own check of the units and the steps of the Dockerfile are run in tests/system.
"""

from __future__ import annotations

import configparser
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from miniredis.config.arguments import parse_arguments
from miniredis.config.config import Config

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
SERVICES = sorted(DEPLOY.glob("*.service"))
COMPOSE = sorted(DEPLOY.glob("compose-*.yaml"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))

#: What a service that only listens and keeps files in a folder of its own can do without.
HARDENED = {
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "LockPersonality": "yes",
    "MemoryDenyWriteExecute": "yes",
    "PrivateDevices": "yes",
    "PrivateTmp": "yes",
    "ProtectClock": "yes",
    "ProtectControlGroups": "yes",
    "ProtectHome": "yes",
    "ProtectKernelLogs": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectSystem": "strict",
    "RestrictNamespaces": "yes",
    "RestrictRealtime": "yes",
    "RestrictSUIDSGID": "yes",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
    "SystemCallArchitectures": "native",
}


def unit(path: Path) -> dict[str, dict[str, list[str]]]:
    """Sections, keys and all values of a key."""
    sections: dict[str, dict[str, list[str]]] = {}
    for line in path.read_text().splitlines():
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            name, _, value = line.partition("=")
            section.setdefault(name, []).append(value)
    return sections


# -- systemd


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_services_tell_when_they_are_ready_and_alive(path: Path) -> None:
    service = unit(path)["Service"]
    assert service["Type"] == ["notify"]
    assert int(service["WatchdogSec"][0]) > 0
    assert service["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    assert service["Restart"] == ["on-failure"]


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_services_may_do_little(path: Path) -> None:
    service = unit(path)["Service"]
    assert {name: service.get(name, [None])[0] for name in HARDENED} == HARDENED
    assert service["DynamicUser"] == ["yes"]
    assert service["SystemCallFilter"][0] == "@system-service"


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_services_start_an_installed_program_with_words_it_knows(path: Path) -> None:
    program, *words = unit(path)["Service"]["ExecStart"][0].split()
    assert Path(program).name in console_scripts()
    asked = parse_arguments(words, program.endswith("sentinel"))
    config = asked.configuration(b"", b"", lambda pattern: [], lambda folder: None)
    assert config.text("supervised") == b"systemd"
    assert not config.flag("daemonize")


def test_the_socket_unit_hands_over_what_we_take() -> None:
    listening = unit(DEPLOY / "miniredis.socket")["Socket"]
    assert listening["FileDescriptorName"] == ["redis"]
    assert all(address.endswith(":6379") for address in listening["ListenStream"])


def console_scripts() -> set[str]:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    return {
        line.split("=")[0].strip() for line in setup["options.entry_points"]["console_scripts"].strip().splitlines()
    }


def test_logs_are_rotated_by_the_signal_we_heed() -> None:
    text = (DEPLOY / "logrotate").read_text()
    assert "--signal=USR1" in text
    assert "nocreate" in text
    assert text.count("{") == text.count("}") == 1
    assert set(re.findall(r"[\w-]+\.service", text)) == {path.name for path in SERVICES}


# -- Docker


def docker_steps() -> list[tuple[str, str]]:
    """(INSTRUCTION, words), continued lines joined."""
    text = re.sub(r"(?m)^#.*\n", "", (ROOT / "Dockerfile").read_text()).replace("\\\n", " ")
    return [(line.split(None, 1)[0], line.split(None, 1)[1].strip()) for line in text.splitlines() if line.strip()]


def test_the_dockerfile_keeps_to_the_usual_rules() -> None:
    steps = docker_steps()
    by_name: dict[str, list[str]] = {}
    for name, words in steps:
        by_name.setdefault(name, []).append(words)
    assert "ADD" not in by_name
    for image in by_name["FROM"]:
        tag = image.split()[0].partition(":")[2]
        assert tag and tag != "latest", image
    for words in by_name["RUN"]:
        if "apt-get install" in words:
            assert "--no-install-recommends" in words
            assert "rm -rf /var/lib/apt/lists" in words
        if "pip " in words:
            assert "--no-cache-dir" in words
        assert "sudo" not in words
    for name in ("CMD", "ENTRYPOINT"):
        (words,) = by_name[name]
        assert isinstance(json.loads(words), list), "the exec form passes signals on"
    assert by_name["USER"] == ["miniredis"]
    assert all(path.startswith("/") for path in by_name["WORKDIR"])
    assert by_name["STOPSIGNAL"] == ["SIGTERM"]
    (check,) = by_name["HEALTHCHECK"]
    assert "import socket" in json.loads(check.partition("CMD")[2])[2]
    assert steps.index(("USER", "miniredis")) > max(at for at, (name, _) in enumerate(steps) if name == "RUN")


def test_the_dockerfile_copies_what_is_there() -> None:
    for name, words in docker_steps():
        if name == "COPY" and not words.startswith("--from"):
            *sources, _ = words.split()
            assert all((ROOT / source).exists() for source in sources), words


def test_the_dockerfile_starts_a_program_that_is_installed() -> None:
    steps = dict(docker_steps())
    (program,) = json.loads(steps["ENTRYPOINT"])
    assert program in console_scripts()
    parse_arguments(json.loads(steps["CMD"]))


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_compose_files_fit_together(path: Path) -> None:
    project = yaml.safe_load(path.read_text())
    for name, service in project["services"].items():
        assert service.get("image"), name
        for mount in service.get("volumes", []):
            assert mount.partition(":")[0] in project["volumes"], name
        for network in service.get("networks", []):
            assert network in project["networks"], name
        for other in service.get("depends_on", {}):
            assert other in project["services"], name
        build = service.get("build")
        assert build is None or (path.parent / build["context"] / "Dockerfile").exists()


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_compose_files_give_words_the_server_knows(path: Path) -> None:
    for service in yaml.safe_load(path.read_text())["services"].values():
        if service.get("build") and "entrypoint" not in service:
            asked = parse_arguments([str(word) for word in service.get("command", [])])
            asked.configuration(b"", b"", lambda pattern: [], lambda folder: None)


def test_the_cluster_has_six_nodes_and_the_other_three_sentinels() -> None:
    cluster = yaml.safe_load((DEPLOY / "compose-cluster.yaml").read_text())["services"]
    addresses = [
        service["networks"]["cluster"]["ipv4_address"] for name, service in cluster.items() if name != "create"
    ]
    assert len(set(addresses)) == 6
    assert all(address in cluster["create"]["command"][2] for address in addresses)
    watched = yaml.safe_load((DEPLOY / "compose-sentinel.yaml").read_text())["services"]
    sentinels = [service for name, service in watched.items() if name.startswith("sentinel")]
    assert len(sentinels) == 3
    lines = sentinels[0]["entrypoint"][2].split("<<END\n")[1].split("END\n")[0]
    config = Config(sentinel=True)
    for line in lines.splitlines():
        assert config.find(line.split()[0]), line


# -- workflows


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_are_well_formed(path: Path) -> None:
    workflow: dict[Any, Any] = yaml.safe_load(path.read_text())
    # YAML 1.1 reads the word `on` as true.
    assert workflow.get("on") or workflow.get(True)
    assert workflow["permissions"] == {"contents": "read"}, "jobs that need more say so themselves"
    for name, job in workflow["jobs"].items():
        assert job["runs-on"], name
        assert 0 < job["timeout-minutes"] <= 120, name
        for needed in [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", []):
            assert needed in workflow["jobs"], name
        for step in job["steps"]:
            assert ("uses" in step) != ("run" in step), (name, step)
            if "uses" in step:
                assert re.fullmatch(r"[\w.-]+/[\w./-]+@(v\d[\w.]*|release/v1|[0-9a-f]{40})", step["uses"]), step["uses"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_call_targets_that_exist(path: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for job in yaml.safe_load(path.read_text())["jobs"].values():
        for step in job["steps"]:
            for target in re.findall(r"\bmake ([a-z]+)", step.get("run", "")):
                assert target in targets


def test_every_supported_python_is_tried_compiled_and_pure_on_both_systems() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    supported = set(re.findall(r"Python :: (3\.\d+)", setup["metadata"]["classifiers"]))
    matrix = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]["builds"]["strategy"]["matrix"]
    assert set(matrix["python"]) == supported
    assert set(matrix["compile"]) == {"0", "1"}
    assert {each.split("-")[0] for each in matrix["os"]} == {"ubuntu", "macos"}


def test_releases_are_published_without_a_stored_secret() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())
    publish = workflow["jobs"]["publish"]
    assert publish["permissions"] == {"id-token": "write"}
    assert publish["environment"]
    assert any(step.get("uses", "").startswith("pypa/gh-action-pypi-publish@") for step in publish["steps"])
    assert "secrets." not in (ROOT / ".github/workflows/release.yml").read_text()
    assert set(publish["needs"]) == {"sdist", "wheels"}


def test_the_version_stands_in_one_place() -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    assert setup["metadata"]["version"] == "attr: miniredis.__version__"
    version = re.search('__version__ = "([^"]+)"', (ROOT / "miniredis/__init__.py").read_text())
    assert version
    assert version[1] not in (ROOT / "pyproject.toml").read_text()


def test_news_are_of_kinds_that_are_gathered() -> None:
    kinds = re.findall(r'\[\[tool.towncrier.type\]\]\ndirectory = "(\w+)"', (ROOT / "pyproject.toml").read_text())
    for path in (ROOT / "newsfragments").glob("*.rst"):
        if path.name != "README.rst":
            assert path.name.split(".")[-2] in kinds, path.name
            assert len(path.read_text().strip()) > 20
