"""A day of a lab, in minutes: the wall clock jumps from quarter to quarter, certificates are regenerated,
phones boot. Afterwards every process has the memory and the descriptors that it had."""

import os

import pytest
from fault_points import LIBRARY, Page, require_library
from programs import Lab, descendants, dialtrust, fetch, until

QUARTERS = 96
CHANGES = ["CallManager", "TVS", "tomcat", "ITLRecovery"]
QUIET = QUARTERS // 3  # from here on only what restarts no service of ours


@pytest.fixture
def day(tmp_path):
    require_library()
    page = Page(tmp_path / "page")
    lab = Lab(
        tmp_path / "lab", nodes=2, phones=10, LD_PRELOAD=str(LIBRARY),
        DIALTRUST_FAULT_PAGE=str(page.path),
    )
    lab.page = page
    try:
        yield lab.wait_until_ready()
        lab.end_well()
    finally:
        lab.kill()


def processes(lab):
    """Pids by node and role."""
    found = {("lab", "lab"): lab.pid}
    for pid, words in descendants(lab.pid).items():
        node = words[words.index("--settings") + 1].split("/")[-2] if "--settings" in words else "-"
        role = words[words.index("--process") + 1] if "--process" in words else "supervisor"
        found[node, role] = pid
    return found


def use_of(pid):
    """Kilobytes of its own, and descriptors."""
    rollup = open(f"/proc/{pid}/smaps_rollup").read().splitlines()
    own = sum(int(line.split()[1]) for line in rollup if line.startswith(("Private_Dirty", "Swap:")))
    return own, len(os.listdir(f"/proc/{pid}/fd"))


def regenerate(lab, quarter):
    node = lab.info["nodes"][quarter // 4 % 2]["name"]
    unit = CHANGES[quarter // 4 % len(CHANGES)] if quarter < QUIET else "ipsec"
    if unit == "ITLRecovery":
        node = lab.publisher["name"]
    ran = lab.run("cert", "regen", unit, "--node", node, timeout=120)
    assert ran.returncode == 0, ran.stderr


def live(lab, quarter, folder):
    lab.page.clock = quarter * 900
    for node in lab.info["nodes"]:
        assert fetch(node, "ITLFile.tlv")
        phone = lab.info["phones"][quarter % len(lab.info["phones"])]["name"]

        def well(node=node, phone=phone):
            return dialtrust(
                "emulator", "boot", "--name", phone, "--server", node["address"],
                "--tftp", node["ports"]["tftp"], "--http", node["ports"]["http"],
                "--state", folder / node["name"],
            ).returncode == 0

        until(well, 60, f"a good boot of {phone} on {node['name']}")
    assert lab.run("cert", "list", "--json").returncode == 0
    if quarter % 4 == 0:
        regenerate(lab, quarter)


def kept(lab):
    """Files that could pile up."""
    return sum(1 for _ in lab.state.glob("*/snapshot/objects/*")) + sum(
        1 for _ in lab.state.glob("*/keys/*"))


@pytest.mark.long
def test_a_day(day, tmp_path):
    lab, first, files = day, {}, 0
    for quarter in range(QUARTERS):
        live(lab, quarter, tmp_path)
        if quarter == QUIET + 8:
            lab.settle(60)
            first = {name: (pid, *use_of(pid)) for name, pid in processes(lab).items()}
            files = kept(lab)
    lab.settle(60)
    assert len(first) == 17  # the lab, and a supervisor with seven processes on either node
    for name, (pid, memory, fds) in first.items():
        assert processes(lab)[name] == pid, f"{name} did not live through the day"
        until(lambda pid=pid, fds=fds: use_of(pid)[1] <= fds, 30, f"{name} with {fds} descriptors")
        grown = use_of(pid)[0]
        assert grown <= memory * 1.1 + 512, f"{name}: {memory} KiB, then {grown}"
    assert kept(lab) <= files + 12
