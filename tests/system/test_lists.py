"""What the lab serves, fetched with other people's clients and judged by openssl."""

import base64
import random
import subprocess
import time

import pytest
from programs import SLOWER, curl, environment, fetch, http, until
from signed_file import (
    SAST, TFTP, TVS, certificate_of, openssl_verifies, parse, records, role, sha256, text,
)

pytestmark = pytest.mark.asan


def der(path):
    body = "".join(line for line in open(path).read().splitlines() if "-----" not in line)
    return base64.b64decode(body)


def by_curl_http(node, name, folder):
    return fetch(node, name)


def by_curl_tftp(node, name, folder, *words):
    status, out, said = curl(
        f"tftp://{node['address']}:{node['ports']['tftp']}/{name}", *words
    )
    assert status == 0, said
    return out


def by_curl_tftp_no_options(node, name, folder):
    return by_curl_tftp(node, name, folder, "--tftp-no-options")


def by_curl_tftp_blocks(node, name, folder):
    return by_curl_tftp(node, name, folder, "--tftp-blksize", "1024")


def by_tftp_hpa(node, name, folder):
    subprocess.run(
        ["tftp", "-m", "binary", node["address"], str(node["ports"]["tftp"]), "-c", "get", name],
        cwd=folder, env=environment(), timeout=60 * SLOWER, check=True, capture_output=True,
    )
    return (folder / name).read_bytes()


def by_atftp(node, name, folder, *words):
    subprocess.run(
        ["atftp", *words, "--get", "--remote-file", name, "--local-file", str(folder / "atftp"),
         node["address"], str(node["ports"]["tftp"])],
        env=environment(), timeout=60 * SLOWER, check=True, capture_output=True,
    )
    return (folder / "atftp").read_bytes()


def by_atftp_window(node, name, folder):
    return by_atftp(node, name, folder, "--option", "windowsize 8", "--option", "blksize 1024")


CLIENTS = [
    by_curl_http, by_curl_tftp, by_curl_tftp_no_options, by_curl_tftp_blocks, by_tftp_hpa, by_atftp,
]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("role_of_node", ["publisher", "subscriber"])
def test_a_list_is_what_was_published(lab, client, role_of_node, tmp_path):
    node = next(node for node in lab.info["nodes"] if node["role"] == role_of_node)
    lab.settle()
    published = lab.lists()[node["name"]]
    got = client(node, "ITLFile.tlv", tmp_path)
    assert (sha256(got), len(got)) == (published["sha256"], published["size"])


@pytest.mark.parametrize("client", CLIENTS)
def test_each_phone_may_ask_by_its_name(lab, client, tmp_path):
    phone = lab.info["phones"][0]["name"]
    asked = client(lab.publisher, f"ITL{phone}.tlv", tmp_path)
    assert asked == fetch(lab.publisher, "ITLFile.tlv")


@pytest.mark.parametrize("role_of_node", ["publisher", "subscriber"])
def test_openssl_confirms_a_list(lab, role_of_node, tmp_path):
    node = next(node for node in lab.info["nodes"] if node["role"] == role_of_node)
    data = fetch(node, "ITLFile.tlv")
    signer = certificate_of(data, parse(data).signer)
    assert openssl_verifies(data, signer, tmp_path)
    assert sha256(signer) == sha256(der(lab.publisher["certificates"]["ITLRecovery"]))
    spoiled = bytearray(data)
    spoiled[-1] ^= 1
    assert not openssl_verifies(bytes(spoiled), signer, tmp_path)


@pytest.mark.parametrize("role_of_node", ["publisher", "subscriber"])
@pytest.mark.parametrize("client", [by_curl_http, by_curl_tftp])
def test_openssl_confirms_a_signed_configuration(lab, role_of_node, client, tmp_path):
    node = next(node for node in lab.info["nodes"] if node["role"] == role_of_node)
    name = f"{lab.info['phones'][0]['name']}.cnf.xml"
    data = client(node, name + ".sgn", tmp_path)
    signed = parse(data)
    signer = certificate_of(fetch(node, "ITLFile.tlv"), signed.signer)
    assert openssl_verifies(data, signer, tmp_path)
    assert sha256(signer) == sha256(der(node["certificates"]["CallManager"]))
    assert signed.file_name == name + ".sgn"
    assert signed.body == client(node, name, tmp_path)
    assert signed.tags[1] == b"\x01\x00"
    assert signed.order == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15]


def test_what_a_list_says(lab):
    for node in lab.info["nodes"]:
        data = fetch(node, "ITLFile.tlv")
        header = parse(data)
        assert header.tags[1] == b"\x01\x02"
        assert header.file_name == "ITLFile.tlv"
        assert header.hash == "sha1"
        found = records(data)
        assert [role(record) for record in found] == [SAST, SAST, TFTP, TVS, TVS]
        assert list(found[0])[-1] in (9, 10) and sorted(found[0]) == list(found[0])
        listed = [(role(record), sha256(record[9])) for record in found]
        recovery = sha256(der(lab.publisher["certificates"]["ITLRecovery"]))
        own = sha256(der(node["certificates"]["CallManager"]))
        tvs = {sha256(der(other["certificates"]["TVS"])) for other in lab.info["nodes"]}
        assert listed[0] == (SAST, recovery)
        assert listed[1:3] == [(SAST, own), (TFTP, own)]
        assert {digest for _, digest in listed[3:]} == tvs
        for record in found:
            assert text(record[3]).startswith("CN=") and ";O=" in text(record[3])


def test_a_signed_file_from_the_operators_tree(lab, tmp_path):
    """Other files are signed on demand under the name that was asked for."""
    data = fetch(lab.publisher, "Ringlist.xml.sgn")
    assert parse(data).file_name == "Ringlist.xml.sgn"
    assert parse(data).body == fetch(lab.publisher, "Ringlist.xml")
    signer = certificate_of(fetch(lab.publisher, "ITLFile.tlv"), parse(data).signer)
    assert openssl_verifies(data, signer, tmp_path)


def test_signing_is_cached(lab):
    """Signed anew it would carry another time."""
    name = f"{lab.info['phones'][1]['name']}.cnf.xml.sgn"
    first = fetch(lab.publisher, name)
    signed_at = parse(first).timestamp
    until(lambda: time.time() > signed_at + 2, 10, "the clock to move on")
    assert fetch(lab.publisher, name) == first


def test_a_changed_file_is_signed_anew(lab, tmp_path):
    root = lab.state / lab.publisher["name"] / "root"
    (root / "note.xml").write_text("<note>one</note>\n")
    first = fetch(lab.publisher, "note.xml.sgn")
    (root / "note.xml").write_text("<note>two</note>\n")
    second = fetch(lab.publisher, "note.xml.sgn")
    (root / "note.xml").unlink()
    assert (parse(first).body, parse(second).body) == (b"<note>one</note>\n", b"<note>two</note>\n")
    signer = certificate_of(fetch(lab.publisher, "ITLFile.tlv"), parse(second).signer)
    assert openssl_verifies(second, signer, tmp_path)
    assert http(lab.publisher, "note.xml.sgn")[0] == 404


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 1024, 100000, 70000 * 16])
@pytest.mark.parametrize("client", [by_curl_tftp_no_options, by_curl_tftp_blocks, by_atftp_window])
def test_files_of_every_size(lab, client, size, tmp_path):
    """512-byte blocks, larger ones, and windows (RFC 7440); a full last block is followed by an empty one."""
    if size == 0 and client is by_curl_tftp_blocks:
        client = by_curl_tftp_no_options  # curl 7.88 cannot take an empty file after an OACK
    path = lab.state / lab.publisher["name"] / "root" / "blob.bin"
    data = random.Random(size).randbytes(size)
    path.write_bytes(data)
    try:
        assert client(lab.publisher, "blob.bin", tmp_path) == data
        assert fetch(lab.publisher, "blob.bin") == data
    finally:
        path.unlink()


@pytest.mark.parametrize(
    "name", ["CTLFile.tlv", "nothing.xml", "nothing.xml.sgn", "SEPFFFFFFFFFFFF.cnf.xml"]
)
def test_what_is_not_there(lab, name, tmp_path):
    assert http(lab.publisher, name)[0] == 404
    node = lab.publisher
    status, _, said = curl(f"tftp://{node['address']}:{node['ports']['tftp']}/{name}")
    assert status == 68, said  # CURLE_TFTP_NOTFOUND


@pytest.mark.parametrize(
    "name", ["../settings", "%2e%2e/settings", "a/../../b", "..%2fkeys", ".hidden", "a%00b", "a%5cb"]
)
def test_names_that_climb(lab, name):
    status, body = http(lab.publisher, name, "--path-as-is")
    assert status in (400, 403, 404)
    assert b"PRIVATE" not in body


def test_head_tells_the_size(lab):
    data = fetch(lab.publisher, "ITLFile.tlv")
    node = lab.publisher
    status, out, said = curl(
        f"http://{node['address']}:{node['ports']['http']}/ITLFile.tlv", "--head"
    )
    assert status == 0, said
    headers = out.decode().lower()
    assert f"content-length: {len(data)}" in headers
    assert "transfer-encoding" not in headers


def test_https_shows_the_tomcat_identity(lab, tmp_path):
    node = lab.publisher
    status, out, said = curl(
        f"https://{node['address']}:{node['ports']['https']}/ITLFile.tlv", "-k"
    )
    assert status == 0, said
    assert out == fetch(node, "ITLFile.tlv")
    shown = subprocess.run(
        ["openssl", "s_client", "-connect", f"{node['address']}:{node['ports']['https']}"],
        input=b"", capture_output=True, timeout=30 * SLOWER, check=False,
    ).stdout
    pem = shown[shown.index(b"-----BEGIN") : shown.index(b"-----END")].split(b"\n", 1)[1]
    assert base64.b64decode(pem) == der(node["certificates"]["tomcat"])


def test_https_answers_the_signed_name_in_clear(lab):
    """docs/formats/provisioning.md: on HTTPS a phone asks for .sgn and wants the clear file."""
    node, name = lab.publisher, f"{lab.info['phones'][0]['name']}.cnf.xml"
    status, out, said = curl(
        f"https://{node['address']}:{node['ports']['https']}/{name}.sgn", "-k"
    )
    assert status == 0, said
    assert out == fetch(node, name)


def test_http_as_a_phone_writes_it(lab):
    """No space after Host:, no User-Agent; the connection may carry on."""
    import socket

    node = lab.publisher
    data = fetch(node, "ITLFile.tlv")
    with socket.create_connection((node["address"], node["ports"]["http"]), 20) as phone:
        phone.sendall(b"GET /ITLFile.tlv HTTP/1.1\r\nHost:192.0.2.1:6970\r\n\r\n")
        got = b""
        while not got.endswith(data[-40:]):
            piece = phone.recv(65536)
            assert piece, got[:300]
            got += piece
    head, body = got.split(b"\r\n\r\n", 1)
    assert head.startswith(b"HTTP/1.1 200")
    assert body == data


def test_the_recipe_of_the_signers_page(lab, tmp_path):
    """docs/signer.md says how to check a signature without us; here it is followed."""
    import re

    from programs import TOP

    page = (TOP / "docs/signer.md").read_text()
    recipe = next(block for block in re.findall(r"^```\n(.*?)^```$", page, re.M | re.S) if "dgst" in block)
    data = fetch(lab.publisher, "ITLFile.tlv")
    (tmp_path / "ITLFile.tlv").write_bytes(data)
    (tmp_path / "signer.pem").write_text(open(lab.publisher["certificates"]["ITLRecovery"]).read())
    ran = subprocess.run(
        ["bash", "-ec", recipe], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
        env=environment(AT=str(data.index(parse(data).signature) - 3)),
    )
    assert (ran.returncode, ran.stdout) == (0, "Verified OK\n"), ran.stderr


def test_the_default_configuration_in_clear_and_signed(lab):
    for node in lab.info["nodes"]:
        clear, signed = fetch(node, "XMLDefault.cnf.xml"), fetch(node, "XMLDefault.cnf.xml.sgn")
        assert b"<Default>" in clear and b"<TVS>" not in clear
        assert signed.endswith(clear) and len(signed) > len(clear)
