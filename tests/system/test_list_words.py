"""`list diff`, `list explain` and `list build` on lists made by other software and on those of the lab."""

import json
import re
import subprocess

import pytest
from programs import dialtrust, fetch
from signed_file import certificate_of, openssl_verifies, parse, records, role

FINE, ERROR, USAGE, REFUSED, UNVERIFIED, MISSING = range(6)
OLD, NEW = "vectors/ITLFile-v1.0-sha1.tlv", "vectors/ITLFile-v1.1-sha512-ec.tlv"
OTHER, CTL = "itl/ITLFile-3411.tlv", "vectors/CTLSEP001122334455.tlv"


def diff(*words):
    ran = dialtrust("list", "diff", *words, "--json")
    assert ran.returncode == FINE, ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.asan
def test_diff_in_words(vectors):
    ran = dialtrust("list", "diff", vectors / OLD, vectors / NEW)
    assert ran.returncode == FINE, ran.stderr
    lines = ran.stdout.splitlines()
    assert any(line.startswith("CAPF of CAPF removed (CAPF): RSA-2048 until ") for line in lines)
    assert any(line.startswith("CallManager of HTTPS-EC added (TFTP): EC-P384") for line in lines)
    assert "signed with SHA-1, now with SHA-512" in lines
    assert lines[-1].startswith(f"a phone that holds {vectors / OLD} accepts {vectors / NEW} by ")


def test_diff_as_json(vectors):
    told = diff(vectors / OLD, vectors / NEW)
    assert (told["schema_version"], told["same"], told["accepted"]) == (1, False, "held")
    changes = [(entry["change"], entry["name"]) for entry in told["differences"]]
    assert changes == [
        ("removed", "CAPF of CAPF"), ("removed", "APP-SERVER of APP"),
        ("added", "CallManager of HTTPS-EC"),
    ]
    assert told["differences"][0]["after"] is None
    assert len(told["differences"][2]["after"]["sha256"]) == 64


@pytest.mark.parametrize("name", [OLD, NEW, OTHER, CTL])
def test_diff_with_itself(vectors, name):
    told = diff(vectors / name, vectors / name)
    assert (told["same"], told["differences"], told["header"]) == (True, [], [])
    assert told["accepted"] == "held"
    ran = dialtrust("list", "diff", vectors / name, vectors / name)
    assert ran.stdout.splitlines()[0] == "both say the same"


def test_diff_with_a_strangers_list(vectors):
    assert diff(vectors / OLD, vectors / OTHER)["accepted"] == "tvs"
    told = diff(vectors / OTHER, vectors / OLD)
    assert told["accepted"] == "no"
    assert told["sentence"].endswith("it knows no TVS to ask")


def test_diff_of_damaged_lists(vectors, tmp_path):
    data = bytearray((vectors / OLD).read_bytes())
    data[200] ^= 1  # in the signature
    (tmp_path / "unsigned").write_bytes(data)
    (tmp_path / "short").write_bytes(data[:-1])
    told = diff(vectors / OLD, tmp_path / "unsigned")
    assert (told["same"], told["accepted"]) == (True, "no")
    for words in ([tmp_path / "unsigned", vectors / OLD], [tmp_path / "short", vectors / OLD],
                  [vectors / OLD, tmp_path / "short"]):
        ran = dialtrust("list", "diff", *words)
        assert (ran.returncode, ran.stdout) == (UNVERIFIED, "")
        assert ran.stderr.strip()
    assert dialtrust("list", "diff", vectors / OLD).returncode == USAGE
    assert dialtrust("list", "diff", vectors / OLD, tmp_path / "absent").returncode == MISSING


def test_diff_of_two_nodes(lab, tmp_path):
    for node, name in ((lab.publisher, "A"), (lab.subscriber, "B")):
        (tmp_path / name).write_bytes(fetch(node, "ITLFile.tlv"))
    told = diff(tmp_path / "A", tmp_path / "B")
    assert (told["same"], told["accepted"]) == (False, "held")
    added, removed = sorted(told["differences"], key=lambda entry: entry["change"])
    assert (added["change"], removed["change"]) == ("added", "removed")
    assert re.match(rf"CallManager of {lab.subscriber['name']}\b", added["name"])
    assert re.match(rf"CallManager of {lab.publisher['name']}\b", removed["name"])
    assert "by ITLRecovery of " in told["sentence"]
    assert {entry["roles"] for entry in told["differences"]} == {
        "System Administrator Security Token, TFTP"}


def explained(*words, status=FINE):
    ran = dialtrust("list", "explain", *words, "--json")
    assert ran.returncode == status, ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.asan
def test_explain_in_words(vectors):
    ran = dialtrust("list", "explain", vectors / OLD)
    assert ran.returncode == FINE, ran.stderr
    for words in (
        "A phone that holds it\n  accepts trust lists signed by list signer of SAST (record 1)\n",
        "It accepts further lists by (1 anchor)\n  list signer of SAST (record 1): RSA-2048, until 20",
        "Warnings\n  a single anchor: ", "RSA-1024, which is too short today",
        "Notes\n", "% of the 65535 that phones load", "signed with SHA-1",
    ):
        assert words in ran.stdout, words
    assert "Faults" not in ran.stdout


@pytest.mark.parametrize("name", [OLD, NEW, OTHER, CTL])
def test_explain_as_json(vectors, name):
    told = explained(vectors / name)
    assert (told["schema_version"], told["anchors"]) == (1, 1)
    assert told["size"] == len((vectors / name).read_bytes())
    levels = {row["level"] for row in told["findings"]}
    assert {"allows", "anchor", "note", "warning"} == levels
    for row in told["findings"]:
        assert row["record"] is None or 1 <= row["record"] <= told["records"]


def test_explain_lists_that_phones_refuse(vectors, tmp_path):
    data = bytearray((vectors / OLD).read_bytes())
    data[200] ^= 1  # in the signature
    (tmp_path / "list").write_bytes(data)
    faults = [row["code"] for row in explained(tmp_path / "list", status=UNVERIFIED)["findings"]
              if row["level"] == "fault"]
    assert faults == ["signature"]
    (tmp_path / "list").write_bytes(data[:-1])
    ran = dialtrust("list", "explain", tmp_path / "list")
    assert (ran.returncode, ran.stdout) == (UNVERIFIED, "")
    assert ran.stderr.strip()


def test_explain_the_labs_list(lab, tmp_path):
    (tmp_path / "list").write_bytes(fetch(lab.publisher, "ITLFile.tlv"))
    told = explained(tmp_path / "list")
    assert told["anchors"] == 2
    assert [row for row in told["findings"] if row["level"] in ("warning", "fault")] == []
    assert any(row["sentence"].startswith("accepts trust lists signed by ITLRecovery of ")
               for row in told["findings"])


@pytest.fixture
def made(tmp_path):
    """Self-signed certificates and their keys, made by openssl."""
    def make(name, kind="rsa:2048"):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", kind, "-nodes", "-days", "30", "-subj",
             f"/CN={name}/O=Example", "-keyout", tmp_path / f"{name}.key", "-out",
             tmp_path / f"{name}.pem"], check=True, capture_output=True, timeout=60,
        )
        return tmp_path / f"{name}.pem"

    return make


def build(folder, signer, *words, out="built", **more):
    return dialtrust("list", "build", "--signer", folder / f"{signer}.pem", "--key",
                     folder / f"{signer}.key", "--out", folder / out, *words, **more)


@pytest.mark.asan
@pytest.mark.parametrize("digest", ["sha1", "sha512"])
def test_build(made, tmp_path, digest):
    recovery, pub, tvs = made("ITLRECOVERY_pub"), made("pub"), made("tvs")
    ran = build(tmp_path, "ITLRECOVERY_pub", f"SAST={recovery}", f"sast={pub}", f"TFTP={pub}",
                f"21={tvs}", "--hash", digest)
    assert ran.returncode == FINE, ran.stderr
    data = (tmp_path / "built").read_bytes()
    assert [role(record) for record in records(data)] == [0, 0, 3, 21]
    assert parse(data).hash == digest
    assert openssl_verifies(data, certificate_of(data, parse(data).signer), tmp_path)
    assert dialtrust("list", "verify", tmp_path / "built").returncode == FINE
    told = explained(tmp_path / "built")
    assert told["anchors"] == 2
    assert [row["code"] for row in told["findings"] if row["level"] == "warning"] == ["expiry"] * 4
    again = build(tmp_path, "pub", f"0={recovery}", f"0={pub}", "--name", "CTLFile.tlv",
                  "--json", out="ctl")
    assert again.returncode == FINE, again.stderr
    json.loads(again.stdout)
    assert diff(tmp_path / "built", tmp_path / "ctl")["accepted"] == "held"


def test_build_refuses_what_phones_would(made, tmp_path):
    one, two, three, short = made("one"), made("two"), made("three"), made("short", "rsa:512")
    curve = tmp_path / "curve"
    subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-out", curve], check=True)
    made_ec = made("elliptic", f"ec:{curve}")
    for status, words in (
        (REFUSED, [f"TFTP={one}"]),  # no record with role 0 for the signer
        (REFUSED, [f"SAST={two}"]),
        (REFUSED, [f"SAST={one}", f"SAST={two}", f"SAST={three}"]),
        (REFUSED, [f"SAST={one}", f"TVS={made_ec}"]),
        (REFUSED, [f"SAST={one}", f"TVS={short}"]),
        (REFUSED, [f"SAST={one}", "--key", tmp_path / "two.key"]),
        (REFUSED, [f"SAST={one}"] + [f"TVS={two}"] * 63),  # over 64 KB
        (USAGE, []),
        (USAGE, [f"{one}"]),
        (USAGE, [f"={one}"]),
        (USAGE, [f"SAST={one}", f"8={two}"]),
        (USAGE, [f"SAST={one}", f"256={two}"]),
        (USAGE, [f"SAST={one}", f"wizard={two}"]),
        (USAGE, [f"SAST={one}", "--hash", "md5"]),
        (USAGE, [f"SAST={one}", "--name", "SEP.tlv"]),
        (USAGE, [f"SAST={one}"] + [f"TVS={two}"] * 64),
        (USAGE, [f"SAST={one}"] + [f"TVS={two}"] * 65),
        (MISSING, [f"SAST={tmp_path / 'absent'}"]),
        (UNVERIFIED, [f"SAST={tmp_path / 'one.key'}"]),
    ):
        key = [] if "--key" in words else ["--key", tmp_path / "one.key"]
        ran = dialtrust("list", "build", "--signer", one, *key, "--out", tmp_path / "built", *words)
        assert ran.returncode == status, (words, ran.stderr)
        assert ran.stdout == "" and ran.stderr.strip()
        assert not (tmp_path / "built").exists()


def test_a_build_that_fails_leaves_what_was_there(made, tmp_path):
    one, two = made("one"), made("two")
    (tmp_path / "built").write_bytes(b"before")
    assert build(tmp_path, "one", f"SAST={two}").returncode == REFUSED
    assert (tmp_path / "built").read_bytes() == b"before"
    assert build(tmp_path, "one", f"SAST={one}", out="no/where").returncode in (ERROR, MISSING)
    assert build(tmp_path, "one", f"SAST={one}").returncode == FINE
    assert parse((tmp_path / "built").read_bytes()).file_name == "ITLFile.tlv"
