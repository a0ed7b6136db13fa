"""`dialtrust explain`: words of phones in, meaning and next step out. docs/explain.md"""

import json

import pytest
from programs import dialtrust

FINE, USAGE, MISSING = 0, 2, 5
KEYS = ["schema_version", "text", "message", "level", "means", "cause", "action", "source"]


@pytest.mark.asan
@pytest.mark.parametrize(
    "text, level",
    [
        ("Trust List Update Failed", "trouble"), ("trust list UPDATED", "fine"),
        ("File Not Found <CTLFile.tlv>", "fine"), ("No Trust List Installed", "notice"),
        ("invalid file SEP001122334455.cnf.xml.sgn, authenticated fail. Reason:14", "trouble"),
        ("File Not Found : CTLFile.tlv", "fine"), ("TFTP Error : Not Authorized", "trouble"),
        ("SEP001122334455.cnf.xml(TFTP)", "notice"),
        ("UC_PHONE-6-DeviceTLInfo: [DeviceName=SEP001122334455][StatusCode=8]", "trouble"),
    ],
)
def test_what_is_known(text, level):
    ran = dialtrust("explain", text, "--json")
    assert ran.returncode == FINE, ran.stderr
    shown = json.loads(ran.stdout)
    assert list(shown) == KEYS
    assert shown["schema_version"] == 1
    assert shown["text"] == text
    assert shown["level"] == level
    ran = dialtrust("explain", text)
    assert ran.returncode == FINE
    for key in KEYS[2:]:
        assert shown[key] in ran.stdout


@pytest.mark.asan
def test_what_is_not_known_names_the_nearest():
    ran = dialtrust("explain", "Trust Lst Updated")
    assert ran.returncode == MISSING
    assert ran.stdout == ""
    assert "Trust List Updated" in ran.stderr
    ran = dialtrust("explain", "zzzz", "--json")
    assert ran.returncode == MISSING
    assert json.loads(ran.stderr)["fault"] == "missing"


def test_text_is_needed_and_is_one_word_of_the_shell():
    assert dialtrust("explain").returncode == USAGE
    assert dialtrust("explain", "Trust", "List").returncode == USAGE
