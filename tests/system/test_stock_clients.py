"""TFTP clients that others made get whole files from us, and are told what is missing."""

import os
import shutil
import subprocess

import pytest
from programs import SLOWER, environment

FOLDER = "stock-clients"
NAME = {"small": f"{FOLDER}/small.bin", "firmware": f"{FOLDER}/firmware.bin"}


@pytest.fixture(scope="module")
def files(lab):
    tree = lab.state / lab.publisher["name"] / "root"
    folder = tree / FOLDER
    folder.mkdir()
    content = {"small": os.urandom(6000), "firmware": os.urandom((2 << 20) + 100)}
    for name, data in content.items():
        (folder / f"{name}.bin").write_bytes(data)
    yield content
    shutil.rmtree(folder)


def run(package, *words):
    if shutil.which(words[0]) is None:
        pytest.skip(f"the package {package} is not installed: tools/setup")
    return subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, timeout=60 * SLOWER, check=False,
        env=environment(), stdin=subprocess.DEVNULL,
    )


def tftp_hpa(node, name, path):
    ran = run("tftp-hpa", "tftp", "-m", "binary", node["address"], node["ports"]["tftp"], "-c", "get", name, path)
    return ran.returncode == 0 and "rror" not in ran.stdout + ran.stderr, ran.stdout + ran.stderr


def atftp(node, name, path, *more):
    ran = run("atftp", "atftp", *more, "--get", "-r", name, "-l", path, node["address"], node["ports"]["tftp"])
    return ran.returncode == 0, ran.stdout + ran.stderr


def atftp_large_blocks(node, name, path):
    return atftp(node, name, path, "--option", "blksize 1428")


def atftp_windows(node, name, path):
    return atftp(node, name, path, "--option", "blksize 1428", "--option", "windowsize 8")


def curl(node, name, path, *more):
    url = f"tftp://{node['address']}:{node['ports']['tftp']}/{name}"
    ran = run("curl", "curl", "-sS", *more, "-o", path, url)
    return ran.returncode == 0, ran.stderr


def curl_large_blocks(node, name, path):
    return curl(node, name, path, "--tftp-blksize", 8192)


def curl_without_options(node, name, path):
    return curl(node, name, path, "--tftp-no-options")


CLIENTS = [tftp_hpa, atftp, atftp_large_blocks, atftp_windows, curl, curl_large_blocks, curl_without_options]


@pytest.mark.parametrize("which", ["small", "firmware"])
@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.__name__)
def test_get(lab, files, tmp_path, client, which):
    path = tmp_path / "got"
    fine, said = client(lab.publisher, NAME[which], path)
    assert fine, said
    assert path.read_bytes() == files[which]


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.__name__)
def test_a_missing_file(lab, files, tmp_path, client):
    fine, said = client(lab.publisher, f"{FOLDER}/missing.bin", tmp_path / "got")
    assert not fine
    assert said.strip()


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.__name__)
def test_a_signed_configuration(lab, tmp_path, client):
    """What phones come for first."""
    name = lab.json("phone", "list")["phones"][0]["name"] + ".cnf.xml.sgn"
    path = tmp_path / "got"
    fine, said = client(lab.publisher, name, path)
    assert fine, said
    assert path.read_bytes().startswith(b"\x01\x00\x02")
