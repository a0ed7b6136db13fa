"""Certificates exchanged between clusters through OpenSSH's sftp-server: export, consolidate, import."""

import json
import os
import socket
import subprocess
from pathlib import Path

import pytest
from json_schema import problems, schema_of
from programs import DIALTRUSTD, Program, dialtrust
from sftp_server import PASSWORD, USER, SftpServer
from test_csr import Authority, says
from test_start import SETTINGS

ERROR, USAGE, REFUSED, UNVERIFIED, MISSING = 1, 2, 3, 4, 5
SEAL = "the same for all clusters"
TYPES = ("Tomcat", "TFTP", "CAPF", "ITLRecovery")
STORES = {
    "Tomcat": ["tomcat-trust"], "TFTP": ["CallManager-trust", "Phone-SAST-trust"], "CAPF": ["CallManager-trust"],
    "ITLRecovery": ["CallManager-trust", "Phone-SAST-trust"],
}


class Cluster:
    """A cluster of one node, with a courier that knows an SFTP server."""

    def __init__(self, folder, name, place, **courier):
        self.folder, self.name, self.node = folder, name, name.lower()
        for part in ("root", "store"):
            (folder / part).mkdir(parents=True)
        text = SETTINGS.format(folder=folder, tftp="off", http="off", tvs=f"{place}:0")
        self.settings, self.place = text.replace("name = alone", f"name = {self.node}"), place
        self.daemon = None
        self.restart(**courier)
        self.json("cluster", "init", name, "--node", self.node, "--address", place, "--organization", name)

    def restart(self, **courier):
        """With these settings of the courier."""
        if self.daemon is not None:
            assert self.daemon.end() == 0, self.daemon.output[-2000:]
        lines = "".join(f"{key.replace('_', '-')} = {value}\n" for key, value in courier.items())
        (self.folder / "settings").write_text(self.settings + ("[courier]\n" + lines if lines else ""))
        self.daemon = Program([DIALTRUSTD, "--settings", self.folder / "settings"])
        self.daemon.wait_for_text("ready: ", 60)

    @property
    def tvs(self):
        """Where it listens, which the kernel chose: the only TCP port on its address."""
        address = bytes(reversed(socket.inet_aton(self.place))).hex().upper()
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        port, = {row[1].split(":")[1] for row in rows if row[1].startswith(address) and row[3] == "0A"}
        return f"{self.place}:{int(port, 16)}"

    def run(self, *words):
        return dialtrust(*words, control=self.folder / "admin", timeout=100)

    def json(self, *words):
        ran = self.run(*words, "--json")
        assert ran.returncode == 0, ran.stderr
        told = json.loads(ran.stdout)
        if words[0] == "bulk":
            assert problems(told, schema_of(" ".join(words[:2]))) == []
        return told

    def outcomes(self, *words):
        return {
            (row["type"], row["cluster"], row["store"]): row["outcome"]
            for row in self.json("bulk", "import", *(words or ["all"]))["certificates"]
        }

    def change(self):
        return self.json("cluster", "show")["change"]

    def entries(self, store):
        return {row["sha256"] for row in self.json("cert", "list", "--unit", store)["certificates"]}

    def end(self):
        assert self.daemon.end() == 0, self.daemon.output[-2000:]
        for secret in (PASSWORD, SEAL):
            assert secret not in self.daemon.output
            assert secret not in json.dumps(self.json_of_audit)

    def kill(self):
        self.daemon.kill()


@pytest.fixture(scope="module")
def server():
    running = SftpServer()
    yield running
    running.end()


@pytest.fixture
def shared(server):
    """The folder, empty."""
    for path in server.folder.iterdir():
        path.unlink()
    server.most = server.before = None
    return server.folder


@pytest.fixture(scope="module")
def secrets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("secrets")

    def write(name, text):
        (folder / name).write_text(text + "\n")
        (folder / name).chmod(0o600)
        return folder / name

    return write


@pytest.fixture(scope="module")
def reach(server, secrets):
    """The settings of a courier; `more` changes them."""
    plain = {
        "sftp": server.address, "sftp_host_key": server.host_key, "sftp_user": USER, "sftp_folder": server.folder,
        "sftp_password_file": secrets("password", PASSWORD), "sftp_seal_file": secrets("seal", SEAL),
    }

    def with_(**more):
        return {key: value for key, value in (plain | more).items() if value is not None}

    return with_


@pytest.fixture(scope="module")
def clusters(tmp_path_factory, reach, server):
    made = []
    try:
        for name, network in (("Alpha", "127.81"), ("Beta", "127.82")):
            place = f"{network}.{os.getpid() >> 8 & 255}.{os.getpid() & 255}"  # nobody else's, whatever runs beside
            made.append(Cluster(tmp_path_factory.mktemp(name), name, place, **reach()))
        yield made
        for cluster in made:
            cluster.json_of_audit = cluster.json("audit", "list")
            cluster.end()
    finally:
        for cluster in made:
            cluster.kill()


def exchanged(clusters):
    for cluster in clusters:
        cluster.json("bulk", "export", "all")
    return clusters[0].json("bulk", "consolidate", "all")


def test_both_believe_one_another_afterwards(clusters, shared):
    alpha, beta = clusters
    signer = beta.json("cert", "show", "ITLRecovery", "--node", "beta")
    asking = ("tvs", "ask", alpha.tvs)
    (alpha.folder / "beta.pem").write_text(signer["pem"])
    assert alpha.run(*asking, "--cert", alpha.folder / "beta.pem").returncode == MISSING
    told = exchanged(clusters)
    assert sorted(told["clusters"]) == ["Alpha", "Beta"]
    assert {row["name"] for row in told["files"]} == {f"_all_{kind}.p12" for kind in TYPES}
    assert sorted(path.name for path in shared.iterdir()) == sorted(
        [f"{name}_{name.lower()}_{kind}.p12" for name in ("Alpha", "Beta") for kind in TYPES]
        + [f"_all_{kind}.p12" for kind in TYPES])
    for here, there in ((alpha, "Beta"), (beta, "Alpha")):
        assert here.outcomes() == {
            (kind, cluster, store): "imported" if cluster == there else "own"
            for kind in TYPES for cluster in ("Alpha", "Beta") for store in STORES[kind]
        }
        assert set(here.outcomes().values()) == {"own", "present"}
    assert signer["sha256"] in alpha.entries("Phone-SAST-trust")
    told = json.loads(alpha.run(*asking, "--cert", alpha.folder / "beta.pem", "--json").stdout)
    assert told["vouched"] and 0 in [row["role"] for row in told["roles"]], told
    assert alpha.json("audit", "list")["audit"][-1]["action"] == "bulk import"


def test_what_others_make_of_the_files(clusters, shared, secrets):
    """They are PKCS#12, certificates without keys, sealed by the password."""
    clusters[0].json("bulk", "export", "tomcat")
    assert [path.name for path in shared.iterdir()] == ["Alpha_alpha_Tomcat.p12"]
    path = shared / "Alpha_alpha_Tomcat.p12"

    def openssl(password):
        return subprocess.run(
            ["openssl", "pkcs12", "-in", path, "-passin", f"pass:{password}", "-info"], capture_output=True,
            text=True, timeout=60, check=False)

    ran = openssl(SEAL)
    assert ran.returncode == 0 and "friendlyName: Alpha/alpha/Tomcat" in ran.stdout, ran.stderr
    assert "KEY" not in ran.stdout and ran.stdout.count("BEGIN CERTIFICATE") == 1
    assert openssl("another").returncode != 0


def test_what_was_deleted_stays_so_unless_it_is_said(clusters, shared):
    alpha, beta = clusters
    exchanged(clusters)
    alpha.json("bulk", "import", "all")
    deleted = beta.json("cert", "show", "tomcat", "--node", "beta")["sha256"]
    alpha.json("trust", "delete", "tomcat-trust", deleted[:16], "--force")
    told = alpha.outcomes()
    assert told["Tomcat", "Beta", "tomcat-trust"] == "deleted"
    assert deleted not in alpha.entries("tomcat-trust")
    assert alpha.outcomes("Tomcat", "--again") == {
        ("Tomcat", "Alpha", "tomcat-trust"): "own", ("Tomcat", "Beta", "tomcat-trust"): "imported"}
    assert deleted in alpha.entries("tomcat-trust")


def test_an_earlier_one_of_our_own_is_ours_too(clusters, shared):
    alpha, beta = clusters
    exchanged(clusters)
    beta.json("bulk", "import", "Tomcat")
    alpha.json("cert", "regen", "tomcat", "--node", "alpha")
    before = alpha.entries("tomcat-trust")
    assert alpha.outcomes("Tomcat")["Tomcat", "Alpha", "tomcat-trust"] == "own"
    assert alpha.entries("tomcat-trust") == before
    assert beta.outcomes("Tomcat")["Tomcat", "Alpha", "tomcat-trust"] == "present"


def test_in_the_words_of_the_appliance(clusters, shared):
    def says_to(cluster, line, status=0):
        ran = dialtrust("admin", "--command", line, control=cluster.folder / "admin", timeout=100)
        assert ran.returncode == status, ran.stdout + ran.stderr
        return ran.stdout.removeprefix("admin:").removesuffix("admin:\n"), ran.stderr

    for cluster in clusters:
        said, _ = says_to(cluster, "set cert bulk export all")
        assert said == "\n" * said.startswith("\n") + "".join(
            f"Successfully exported {kind} certificate(s) to sftp server.\n"
            for kind in ("tomcat", "tftp", "capf", "ITLRecovery"))
    assert "Successfully consolidated tomcat certificate(s).\n" in says_to(clusters[0], "set cert bulk consolidate all")[0]
    said, _ = says_to(clusters[1], "set cert bulk import tomcat")
    assert said.endswith("Successfully imported tomcat certificates.\n") and "tftp" not in said
    said, aside = says_to(clusters[0], "set cert bulk import callmanager")
    assert said.endswith("Successfully imported tftp certificates.\n")
    aside = dialtrust("admin", "--command", "set cert bulk sftp", control=clusters[0].folder / "admin").stderr
    assert USER in aside and "[courier] sftp" in aside and PASSWORD not in aside
    for wrong in ("set cert bulk import nothing", "set cert bulk export", "set cert bulk export a b"):
        ran = dialtrust("admin", "--command", wrong, control=clusters[0].folder / "admin")
        assert "Successfully" not in ran.stdout and ran.stderr, wrong


def archive(path, pem, label, password=SEAL):
    subprocess.run(
        ["openssl", "pkcs12", "-export", "-nokeys", "-in", pem, "-out", path, "-passout", f"pass:{password}",
         "-caname", label], check=True, timeout=60, capture_output=True)
    path.chmod(0o644)


def test_forgeries_are_refused_one_by_one(clusters, shared, tmp_path):
    alpha = clusters[0]
    ca = Authority(tmp_path / "ca")

    def judged(pem, label):
        archive(shared / "_all_Tomcat.p12", pem, label)
        told = alpha.json("bulk", "import", "Tomcat")["certificates"]
        assert len(told) == 1
        return told[0]["outcome"], told[0]["reason"]

    before = alpha.entries("tomcat-trust")
    assert judged(ca.root, "Alpha/alpha/Tomcat") == ("refused", "it calls itself of this cluster, which never had it")
    twin = ca.make("twin", "alpha", None)
    assert judged(twin, "Gamma/g/Tomcat") == ("refused", "a certificate of this cluster has that name")
    old = ca.make("old", "old.example", None, days=-1)
    assert judged(old, "Gamma/g/Tomcat") == ("refused", "it has expired")
    assert alpha.entries("tomcat-trust") == before
    assert judged(ca.root, "no label of ours")[0] == "imported"
    assert judged(ca.root, "no label of ours")[0] == "present"


def test_a_file_changed_on_the_way(clusters, shared):
    alpha = clusters[0]
    exchanged(clusters)
    path = shared / "_all_CAPF.p12"
    whole, before = path.read_bytes(), alpha.change()
    for wrong, words in (
        (whole[:-1], "no whole PKCS#12 file"), (whole + b"x", "no whole PKCS#12 file"), (b"", "no whole PKCS#12"),
        (whole[:400] + bytes([whole[400] ^ 1]) + whole[401:], "the seal is broken"),
    ):
        path.write_bytes(wrong)
        ran = alpha.run("bulk", "import", "CAPF")
        assert ran.returncode == UNVERIFIED and words in ran.stderr and path.name in ran.stderr, ran.stderr
    path.unlink()
    says(alpha.run("bulk", "import", "CAPF"), MISSING, "no such file")
    path.write_bytes(whole)
    path.with_name("Beta_beta_TFTP.p12").write_bytes(whole[:100])
    says(alpha.run("bulk", "consolidate", "all"), UNVERIFIED, "Beta_beta_TFTP.p12")
    assert alpha.change() == before


def test_somebody_writes_between_our_writing_and_our_looking(clusters, shared, server):
    first = server.count

    def meddle(number):
        if number == first + 2:
            (shared / "Alpha_alpha_Tomcat.p12").write_bytes(b"something else")

    server.before = meddle
    says(clusters[0].run("bulk", "export", "Tomcat"), ERROR, "what is there is not what was written")


def test_no_room_and_no_right(clusters, shared, server):
    server.most = 100
    ran = clusters[0].run("bulk", "export", "Tomcat")
    assert ran.returncode in (ERROR, REFUSED) and "Alpha_alpha_Tomcat.p12" in ran.stderr
    assert "Alpha_alpha_Tomcat.p12" not in [path.name for path in shared.iterdir()]
    server.most = None
    shared.chmod(0o555)
    try:
        says(clusters[0].run("bulk", "export", "CAPF"), REFUSED, "may not do that there")
        says(clusters[0].run("bulk", "export", "Tomcat"), REFUSED, "Permission denied")  # .part is there
    finally:
        shared.chmod(0o755)


def test_what_is_asked_in_vain(clusters, shared):
    alpha = clusters[0]
    says(alpha.run("bulk", "export", "TVS"), MISSING, "Tomcat, TFTP, CAPF, ITLRecovery or all")
    says(alpha.run("bulk", "import", "all"), MISSING, "no such file")
    says(alpha.run("bulk", "consolidate", "all"), MISSING, "no cluster has exported")
    alpha.json("bulk", "export", "all")
    says(alpha.run("bulk", "consolidate", "all"), REFUSED, "files of one cluster, Alpha")
    (shared / "notes.txt").write_text("none of ours")
    (shared / "_all_Tomcat.p12").write_text("not read while joining")
    says(alpha.run("bulk", "consolidate", "all"), REFUSED, "files of one cluster, Alpha")


def test_who_is_not_let_in_and_who_is_not_trusted(clusters, shared, server, reach, secrets):
    """Each with the daemon started anew; the password goes to nobody but the server whose key is known."""
    beta = clusters[1]
    other = "SHA256:" + "A" * 43
    silent = socket.socket()  # bound, and nobody listens
    silent.bind(("127.0.0.1", 0))
    nobody = "127.0.0.1:%d" % silent.getsockname()[1]
    with_key = {"sftp_password_file": None}
    for courier, status, words in (
        ({"sftp_password_file": secrets("wrong", "a wrong one")}, REFUSED, "does not let this user in"),
        ({"sftp_user": "nobody-of-that-name"}, REFUSED, "does not let this user in"),
        ({"sftp_host_key": other}, UNVERIFIED, server.host_key),
        ({"sftp": nobody}, ERROR, nobody),
        ({"sftp_folder": server.place / "nowhere"}, MISSING, "nowhere"),
        ({**with_key, "sftp_key_file": server.key("stranger")}, REFUSED, "does not let this user in"),
    ):
        beta.restart(**reach(**courier))
        ran = beta.run("bulk", "export", "Tomcat")
        assert ran.returncode == status and words in ran.stderr, (courier, ran.returncode, ran.stderr)
        assert not list(shared.iterdir())
    silent.close()
    beta.restart()
    says(beta.run("bulk", "export", "all"), REFUSED, "no SFTP server is set")
    assert beta.json("bulk", "server")["server"] is None
    beta.restart(**reach(**with_key, sftp_key_file=server.key()))
    assert beta.json("bulk", "server")["login"] == "key"
    assert len(beta.json("bulk", "export", "ITLRecovery")["files"]) == 1
    clusters[0].json("bulk", "export", "ITLRecovery")
    beta.restart(**reach(sftp_seal_file=secrets("other", "another password")))
    says(beta.run("bulk", "consolidate", "all"), UNVERIFIED, "the seal is broken")
    beta.restart(**reach())
    assert beta.json("bulk", "server")["login"] == "password"


@pytest.mark.parametrize("wrong, words", [
    ({"sftp_host_key": "MD5:00"}, "SHA256:"), ({"sftp_user": None}, "a user"), ({"sftp_host_key": None}, "SHA256:"),
    ({"sftp_password_file": None}, "a password or a key"), ({"sftp_folder": "/a b"}, "folder"),
    ({"sftp_password_file": "/nowhere/at/all"}, "/nowhere/at/all"),
])
def test_settings_that_cannot_be(tmp_path, reach, wrong, words):
    for part in ("root", "store"):
        (tmp_path / part).mkdir()
    text = SETTINGS.format(folder=tmp_path, tftp="off", http="off", tvs="off")
    lines = "".join(f"{key.replace('_', '-')} = {value}\n" for key, value in reach(**wrong).items())
    (tmp_path / "settings").write_text(text + "[courier]\n" + lines)
    daemon = Program([DIALTRUSTD, "--settings", tmp_path / "settings"])
    try:
        daemon.wait_for_text(words, 60)
        assert PASSWORD not in daemon.output and SEAL not in daemon.output
    finally:
        daemon.kill()


def test_a_secret_that_others_may_read(tmp_path, reach, secrets):
    path = secrets("open", PASSWORD)
    path.chmod(0o644)
    test_settings_that_cannot_be(tmp_path, reach, {"sftp_password_file": path}, "chmod 600")
