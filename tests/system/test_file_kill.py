"""`file sign FOLDER` killed in the middle: what is there is whole, and the next run completes it."""

import fcntl
import hashlib
import json
import os
import signal
import subprocess

import pytest
from programs import DIALTRUST, dialtrust, environment, until
from signed_file import openssl, parse

FINE, ERROR, USAGE, REFUSED, UNVERIFIED, MISSING = range(6)
FILES = 600  # on one processor, with a key that takes milliseconds: seconds to kill it in
DIGEST_INFO = bytes.fromhex("3021300906052b0e03021a05000414")


@pytest.fixture(scope="module")
def signer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("signer")
    status, _, said = openssl(
        "req", "-x509", "-newkey", "rsa:4096", "-nodes", "-subj", "/CN=ccm/O=Lab/OU=IST",
        "-keyout", folder / "key.pem", "-out", folder / "cert.pem",
    )
    assert status == 0, said
    return folder


def words(folder, signer, *more):
    return ["file", "sign", folder, "--signer", signer / "cert.pem", "--key", signer / "key.pem", *more]


def is_whole(path, name, modulus):
    """By arithmetic: neither the program nor openssl is asked about hundreds of files."""
    found = parse(path.read_bytes())
    wanted = b"\0\1" + b"\xff" * 474 + b"\0" + DIGEST_INFO + hashlib.sha1(found.covered).digest()
    made = pow(int.from_bytes(found.signature, "big"), 65537, modulus).to_bytes(512, "big")
    return found.file_name == f"{name}.sgn" and found.body == name.encode() and made == wanted


def signed_in(folder):
    return sorted(path for path in folder.rglob("*.sgn"))


def is_free(folder):
    """No process of a killed run has the folder any more."""
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(held)
    return True


def on_one_processor():
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_kill_leaves_no_half_file(tmp_path, signer, elsewhere):
    tree, to = tmp_path / "tree", tmp_path / ("out" if elsewhere else "tree")
    names = [f"{'' if i % 2 else 'Desktops/'}SEP{i:012X}.cnf.xml" for i in range(FILES)]
    (tree / "Desktops").mkdir(parents=True)
    for name in names:
        (tree / name).write_text(name)
    modulus = int(openssl("x509", "-in", signer / "cert.pem", "-noout", "-modulus")[1].split(b"=")[1], 16)
    command = [DIALTRUST, *words(tree, signer, *(["--out", to] if elsewhere else []))]
    before = 0
    for enough in (1, FILES // 6, FILES // 3):
        with subprocess.Popen(
            command, env=environment(), stdout=subprocess.DEVNULL, preexec_fn=on_one_processor
        ) as program:
            until(lambda: len(signed_in(to)) >= before + enough or program.poll() is not None, 60, "files")
            program.send_signal(signal.SIGKILL)
        until(lambda: is_free(to), 60, "the rest of the crew to end")
        done = signed_in(to)
        assert before < len(done) < FILES, "the kill came too late to show anything"
        for path in done:
            name = str(path.relative_to(to))[: -len(".sgn")]
            assert name in names and is_whole(path, name, modulus), path
        others = [path for path in to.rglob("*") if path.is_file() and path not in done
                  and str(path.relative_to(to)) not in names]
        assert len(others) <= os.cpu_count() and all(path.name.startswith(".") for path in others)
        before = len(done)
    ran = dialtrust(*command[1:], "--json")
    assert ran.returncode == FINE, ran.stderr
    told = json.loads(ran.stdout)
    assert (told["signed"], told["unchanged"]) == (FILES - before, before)
    assert len(signed_in(to)) == FILES
    assert all(is_whole(to / f"{name}.sgn", name, modulus) for name in names)
    assert not list(to.rglob("*.new"))


def test_what_a_killed_run_left_is_removed_and_nothing_else(tmp_path, signer):
    (tmp_path / "below").mkdir()
    left = [".a.xml.sgn.0123456789abcdef.new", "below/.b.xml.sgn.fedcba9876543210.new"]
    kept = [
        ".a.xml.sgn.0123456789abcdeg.new", ".a.xml.sgn.0123456789abcde.new", ".a.xml.0123456789abcdef.new",
        "a.xml.sgn.0123456789abcdef.new", ".a.xml.sgn.0123456789abcdef.old", ".sgn.0123456789abcdef.new",
    ]
    for name in left + kept:
        (tmp_path / name).write_bytes(b"half a file")
    assert dialtrust(*words(tmp_path, signer)).returncode == FINE
    assert not [name for name in left if (tmp_path / name).exists()]
    assert [name for name in kept if (tmp_path / name).exists()] == kept


def test_two_runs_do_not_meet(tmp_path, signer):
    (tmp_path / "a.xml").write_bytes(b"<a/>")
    held = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    ran = dialtrust(*words(tmp_path, signer))
    assert ran.returncode == REFUSED
    assert "another dialtrust is signing into it" in ran.stderr
    assert not signed_in(tmp_path)
    os.close(held)
    assert dialtrust(*words(tmp_path, signer)).returncode == FINE
    assert len(signed_in(tmp_path)) == 1
