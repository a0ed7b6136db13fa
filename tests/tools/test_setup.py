"""tools/setup with a stand-in for the package system: it asks only for what is missing."""

import os
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
ASKED = [
    "exim4-daemon-light", "openssh-server", "nginx", "kamailio", "kamailio-tls-modules", "libstrongswan", "libstrongswan-standard-plugins",
    "strongswan-libcharon", "strongswan-charon", "strongswan-swanctl",
]


@pytest.fixture
def machine(tmp_path):
    """A PATH of stand-ins: which packages are there, who one is, whether sudo and apt-get work."""

    def run(installed, user, sudo=False, apt=0, words=(), unpacked=ASKED):
        def program(name, text):
            (tmp_path / name).write_text("#!/bin/bash\n" + text)
            (tmp_path / name).chmod(0o755)

        program("dpkg-query", f'case "${{@: -1}}" in {installed}) echo -n installed ;; *) exit 1 ;; esac\n')
        program("id", f"echo {user}\n")
        program("apt-get", f'echo "apt-get $*" >> {tmp_path}/calls; echo words of apt; exit {apt}\n')
        program("env", 'while [[ $1 == *=* ]]; do shift; done; exec "$@"\n')
        if sudo:
            program("sudo", f'echo "sudo $1" >> {tmp_path}/calls; [ "$1" = -n ] && shift; exec "$@"\n')
        program("dpkg", f'echo "dpkg $*" >> {tmp_path}/calls; mkdir -p "$3"\n')
        for name in ("bash", "mktemp", "mkdir", "rm", "cat"):
            link = tmp_path / name
            if not link.exists():
                link.symlink_to(f"/usr/bin/{name}")
        copy = tmp_path / "tree/tools"  # what is unpacked goes beside it
        copy.mkdir(parents=True)
        (copy / "setup").write_text((TOP / "tools/setup").read_text())
        for name in unpacked:
            (tmp_path / "tree/build-peers" / name).mkdir(parents=True)
        ran = subprocess.run(
            ["/usr/bin/bash", copy / "setup", *words], env=os.environ | {"PATH": str(tmp_path)},
            capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL,
        )
        calls = tmp_path / "calls"
        return ran, calls.read_text().splitlines() if calls.exists() else []

    return run


def test_nothing_is_missing(machine):
    ran, calls = machine("*", 1000)
    assert (ran.returncode, ran.stdout, ran.stderr, calls) == (0, "", "", [])


def test_peers_are_unpacked_for_measuring_and_only_then(machine):
    ran, calls = machine("*", 1000, words=["bench"])
    assert ran.returncode == 0, ran.stderr
    asked = [call.split()[-1] for call in calls if call.startswith("apt-get download")]
    assert asked == ["tftpd-hpa", "atftpd", "dnsmasq-base"]
    assert not any("install" in call for call in calls)
    assert sum(call.startswith("dpkg -x") for call in calls) == 3


def test_servers_that_tests_ask_are_unpacked_and_not_installed(machine):
    ran, calls = machine("*", 1000, unpacked=())
    assert ran.returncode == 0, ran.stderr
    assert [call.split()[-1] for call in calls if call.startswith("apt-get")] == ASKED
    assert sum(call.startswith("dpkg -x") for call in calls) == len(ASKED)
    assert not any("install" in call.split() for call in calls)


def test_lists_that_are_old_are_had_anew_before_it_is_given_up(machine):
    ran, calls = machine("*", 0, apt=1, unpacked=())
    assert ran.returncode == 1
    assert [call.split()[1] for call in calls] == ["download", "update"]


def test_a_peer_that_cannot_be_had_is_named(machine):
    ran, _ = machine("*", 1000, apt=1, words=["bench"])
    assert ran.returncode == 1
    assert "could not fetch tftpd-hpa" in ran.stderr


def test_as_root(machine):
    ran, calls = machine("[a-l]*|[n-z]*", 0)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == "setup: installing meson\n"
    assert calls == ["apt-get update -qq", "apt-get install -y -qq --no-install-recommends meson"]


def test_with_sudo(machine):
    ran, calls = machine("[a-l]*|[n-z]*", 1000, sudo=True)
    assert ran.returncode == 0, ran.stderr
    assert calls[0].startswith("sudo -n")
    assert "apt-get update -qq" in calls


def test_neither_root_nor_sudo(machine):
    ran, calls = machine("[a-l]*|[n-z]*", 1000)
    assert (ran.returncode, ran.stdout, calls) == (1, "", [])
    assert "meson" in ran.stderr and "root" in ran.stderr and "sudo" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def test_apt_fails(machine):
    ran, _ = machine("[a-l]*|[n-z]*", 0, apt=100)
    assert ran.returncode == 1
    assert "words of apt" in ran.stderr and "meson" in ran.stderr.splitlines()[-1]
