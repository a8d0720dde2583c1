"""The files of docs/deploy: what of them can be looked at without a container runtime or a cluster."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from ipaddress import ip_network
from pathlib import Path

import pytest
import yaml

from app.settings import load_settings

REPO = Path(__file__).resolve().parent.parent
DEPLOY = REPO / "docs" / "deploy"
MANIFESTS = [
    (path.name, made)
    for path in sorted((DEPLOY / "k8s").glob("*.yaml"))
    for made in yaml.safe_load_all(path.read_text(encoding="utf-8"))
    if made["kind"] != "Kustomization"
]
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))


def program(name):
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if not found:
        reason = f"{name} is not installed (pip install 'policyqa[lint-deploy]', or a system package)"
        if os.environ.get("POLICYQA_REQUIRE_OPTIONAL") and name != "systemd-analyze":  # which is no Python package
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def clean(*command):
    done = subprocess.run(command, cwd=REPO, capture_output=True, text=True, encoding="utf-8", timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_file_of_the_packages_is_in_the_wheel():
    """What is not listed here is missing wherever the project is installed and not checked out."""
    project = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["*"]
    packages = [folder.rstrip("*") for folder in project["tool"]["setuptools"]["packages"]["find"]["include"]]
    listed = subprocess.run(["git", "ls-files", *packages], cwd=REPO, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("no git checkout")
    data = [Path(line) for line in listed.stdout.splitlines() if not line.endswith(".py")]
    assert len(data) > 50
    assert [str(path) for path in data if not any(fnmatch(path.name, pattern) for pattern in patterns)] == []


def test_dockerfile_passes_its_linter():
    clean(program("hadolint"), "docs/deploy/Dockerfile")


def test_yaml_passes_its_linter():
    rules = "{extends: default, rules: {line-length: {max: 160}, document-start: disable, comments: disable}}"
    clean(program("yamllint"), "--strict", "-d", rules, "docs/deploy")


def test_compose_file_is_one():
    clean(program("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", "docs/deploy/compose.yaml")


def test_manifests_are_what_kubernetes_knows():
    files = [str(path) for path in sorted((DEPLOY / "k8s").glob("*.yaml")) if path.name != "kustomization.yaml"]
    clean(program("kubernetes-validate"), "--strict", "--quiet", *files)


def test_unit_passes_systemd_and_is_hardened(tmp_path):
    analyze = program("systemd-analyze")
    unit = tmp_path / "policyqa.service"
    text = (DEPLOY / "policyqa.service").read_text(encoding="utf-8")
    unit.write_text(text.replace("/opt/policyqa/venv/bin/policyqa", "/bin/true"), encoding="utf-8")
    clean(analyze, "verify", "--man=no", str(unit))
    clean(analyze, "security", "--offline=yes", "--threshold=20", str(unit))  # 2.0 of 10


def test_kustomization_names_every_manifest_and_one_image():
    named = yaml.safe_load((DEPLOY / "k8s" / "kustomization.yaml").read_text(encoding="utf-8"))
    assert set(named["resources"]) == {name for name, _ in MANIFESTS}
    images = {c["image"].rpartition(":")[0] for c in containers()}
    assert images == {image["name"] for image in named["images"]}


def pods():
    return [made["spec"]["template"]["spec"] for _, made in MANIFESTS if made["kind"] in {"Deployment", "StatefulSet"}]


def containers():
    return [container for pod in pods() for container in pod["containers"]]


def test_pods_are_as_the_restricted_standard_wants_them_and_bounded():
    assert len(pods()) == 3
    for pod in pods():
        security = pod["securityContext"]
        assert security["runAsNonRoot"] and security["seccompProfile"]["type"] == "RuntimeDefault"
        assert pod["automountServiceAccountToken"] is False and "hostNetwork" not in pod and "hostPID" not in pod
        assert not any("hostPath" in volume for volume in pod["volumes"])
    for container in containers():
        security = container["securityContext"]
        assert security["allowPrivilegeEscalation"] is False and security["readOnlyRootFilesystem"] is True
        assert security["capabilities"] == {"drop": ["ALL"]}
        assert set(container["resources"]["limits"]) == {"cpu", "memory", "ephemeral-storage"}
        assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container)
        assert not any(
            "value" in row and re.search("KEY|SECRET|PASSWORD", row["name"]) for row in container.get("env", ())
        )


def test_one_writer_many_readers_and_each_with_the_right_probes():
    by_name = {made["metadata"]["name"]: made for _, made in MANIFESTS if made["kind"] in {"Deployment", "StatefulSet"}}
    assert by_name["policyqa-ingester"]["spec"]["replicas"] == by_name["chroma"]["spec"]["replicas"] == 1
    assert by_name["policyqa"]["spec"]["replicas"] > 1
    budget = next(made for _, made in MANIFESTS if made["kind"] == "PodDisruptionBudget")
    assert budget["spec"]["minAvailable"] < by_name["policyqa"]["spec"]["replicas"]
    assert budget["spec"]["selector"] == by_name["policyqa"]["spec"]["selector"]
    for name in ("policyqa", "policyqa-ingester"):
        container = by_name[name]["spec"]["template"]["spec"]["containers"][0]
        assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
        assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    for _, made in MANIFESTS:
        if made["kind"] == "Service":
            wanted = made["spec"]["selector"].items()
            found = [w for w in by_name.values() if wanted <= w["spec"]["template"]["metadata"]["labels"].items()]
            assert len(found) == 1, made["metadata"]["name"]


def environments():
    docker = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    unit = (DEPLOY / "policyqa.service").read_text(encoding="utf-8")
    settings = next(made["data"] for name, made in MANIFESTS if made["kind"] == "ConfigMap")
    yield "Dockerfile", dict(re.findall(r"(POLICYQA_[A-Z_]+)=(\S+)", docker))
    yield "unit", dict(re.findall(r"(POLICYQA_[A-Z_]+)=(\S+)", unit))
    yield "k8s", settings
    for container in containers():
        yield "k8s", {row["name"]: row["value"] for row in container.get("env", ())}
    for name, service in COMPOSE["services"].items():
        yield f"compose {name}", service.get("environment", {})


@pytest.mark.parametrize(("where", "given"), environments())
def test_settings_are_ones_that_the_program_reads(where, given):
    known = set(
        re.findall(r"^\| `(POLICYQA_[A-Z_]+)` \|", (REPO / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert {name for name in given if name.startswith("POLICYQA_")} <= known
    load_settings(given)


def test_services_of_compose_are_locked_up_and_reachable_from_this_machine_only():
    assert COMPOSE["networks"]["inside"]["internal"] is True
    for name, service in COMPOSE["services"].items():
        assert service["read_only"] and service["cap_drop"] == ["ALL"] and service["mem_limit"], name
        assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", ())), name
    assert "ports" not in COMPOSE["services"]["chroma"]


def test_every_server_reaches_its_sign_in_and_believes_the_proxy_alone():
    for name in ("policyqa", "reader"):
        service = COMPOSE["services"][name]
        assert "outside" in service["networks"] and service["env_file"], name
        nets = {ip_network(net) for net in service["environment"]["FORWARDED_ALLOW_IPS"].split(",")}
        made = {ip_network(net["ipam"]["config"][0]["subnet"]) for net in COMPOSE["networks"].values()}
        assert nets == made, name
    settings = next(made["data"] for _, made in MANIFESTS if made["kind"] == "ConfigMap")
    assert ip_network(settings["FORWARDED_ALLOW_IPS"]).prefixlen > 0
    policy = next(made["spec"] for _, made in MANIFESTS if made["metadata"]["name"] == "servers")
    assert any(port["port"] == 443 for rule in policy["egress"] for port in rule["ports"])


def test_commands_beside_the_unit_use_its_files():
    unit = (DEPLOY / "policyqa.service").read_text(encoding="utf-8")
    told = unit.replace("%S", "/var/lib").replace("%C", "/var/cache")
    run = re.search(r"^systemd-run (?:.*\\\n)*.*", (DEPLOY / "README.md").read_text(encoding="utf-8"), re.MULTILINE)[0]
    given = dict(re.findall(r"(POLICYQA_[A-Z_]+|WorkingDirectory)=(\S+)", told))
    assert given.items() <= dict(re.findall(r"(POLICYQA_[A-Z_]+|WorkingDirectory)=(\S+)", run)).items()
    assert {"POLICYQA_ACCOUNTS", "WorkingDirectory"} <= given.keys()


def test_dockerfile_ends_as_nobody_and_takes_nothing_from_the_network():
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    final = text[text.rindex("\nFROM ") :]
    assert "USER 65532:65532" in final and "--no-index" in text and "apt-get" not in text and "curl" not in text
    written = json.loads(re.search(r"^VOLUME (.*)$", final, re.MULTILINE)[1])
    settings = dict(re.findall(r"(POLICYQA_(?:STORE|HISTORY|LIBRARY)|HOME)=(\S+)", final))
    assert all(any(value.startswith(folder) for folder in written) for value in settings.values()), settings
