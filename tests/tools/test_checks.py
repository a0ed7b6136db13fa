"""Every check of tools/ is seen to pass on a small clean tree, and to fail on each thing it forbids."""

import shutil
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]

PURE = """#include <stdint.h>

#include "base/thing.h"

uint8_t thing(uint8_t value)
{
	return value;
}
"""


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "src/base").mkdir(parents=True)
    (tmp_path / "src/wire").mkdir()
    (tmp_path / "src/net").mkdir()
    (tmp_path / "src/base/thing.h").write_text(
        "#pragma once\n/* A thing. */\n#include <stdint.h>\n\nuint8_t thing(uint8_t value);\n"
    )
    (tmp_path / "src/wire/thing.c").write_text(PURE)
    shutil.copy(TOP / "ARCHITECTURE.md", tmp_path)
    shutil.copy(TOP / ".clang-format", tmp_path)
    return tmp_path


def check(name, tree):
    ran = subprocess.run(
        [TOP / "tools" / name, tree], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.stderr == ""
    return ran.returncode, ran.stdout


def refused(name, tree, path, text, words):
    """The tree is fine as it is, and with `text` in `path` the check says `words`."""
    assert check(name, tree) == (0, "")
    (tree / path).parent.mkdir(parents=True, exist_ok=True)
    (tree / path).write_text(text)
    status, said = check(name, tree)
    assert status == 1
    assert words in said
    assert path in said


@pytest.mark.parametrize(
    "path, text, words",
    [
        ("src/base/bad.c", '#include "wire/thing.h"\n', "not a path beneath src/"),
        ("src/base/bad.c", '#include "wire/thing.c"\n', "no header"),
        ("src/net/bad.c", '#include "thing.h"\n', "not a path"),
        ("src/wire/bad.c", "#include <unistd.h>\n", "pure"),
        ("src/wire/bad.c", "#  include <sys/socket.h>\n", "pure"),
        ("src/wire/bad.c", "\tclock_now ();\n", "may not call clock_now()"),
        ("src/wire/bad.c", "#include <openssl/evp.h>\n", "table of headers"),
        ("src/net/bad.c", "#include <openssl/evp.h>\n", "table of headers"),
        ("src/net/bad.c", "#include <sqlite3.h>\n", "table of headers"),
        ("src/base/bad.c", "#include <event2/event.h>\n", "table of headers"),
        ("src/net/bad.c", "#include <pthread.h>\n", "table of headers"),
        ("src/garage/bad.c", "\n", "no room garage"),
        ("src/net/util.c", "\n", "names nothing"),
        ("src/net/http-helpers.h", "\n", "names nothing"),
        ("docs/common/page.md", "\n", "docs/common"),
    ],
)
def test_layers(tree, path, text, words):
    if path.startswith("docs"):
        (tree / path).parent.mkdir(parents=True)
        assert check("check-layers", tree)[1].startswith("docs/common: names nothing")
    else:
        refused("check-layers", tree, path, text, words)


@pytest.mark.parametrize(
    "room, target, allowed",
    [
        ("wire", "base/thing.h", True),
        ("base", "wire/message.h", False),
        ("pki", "wire/message.h", False),
        ("net", "pki/cert.h", True),
        ("net", "pki/key.h", False),
        ("store", "trust/belief.h", False),
        ("tvs", "provision/provision.h", False),
        ("tvs", "store/store.h", False),
        ("provision", "store/store.h", False),
        ("manager", "store/store.h", True),
        ("manager", "manager/manager_impl.h", True),
        ("lab", "manager/manager_impl.h", False),
        ("lab", "store/store.h", True),
        ("cli", "store/store.h", False),
    ],
)
def test_layers_of_rooms(tree, room, target, allowed):
    (tree / "src" / target).parent.mkdir(exist_ok=True)
    (tree / "src" / target).touch()
    (tree / "src" / room).mkdir(exist_ok=True)
    (tree / "src" / room / "user.c").write_text(f'/* why */\n#include "{target}"\n')
    status, said = check("check-layers", tree)
    if allowed:
        assert (status, said) == (0, "")
    else:
        assert status == 1
        assert said.startswith(f"src/{room}/user.c:2: ")


def test_layers_needs_its_tables(tree):
    (tree / "ARCHITECTURE.md").write_text("| room | may include |\n|---|---|\n| `base` | |\n")
    status, said = check("check-layers", tree)
    assert status == 1
    assert "missing" in said


def test_layers_reads_no_comments(tree):
    (tree / "src/wire/fine.c").write_text("/*\n#include <unistd.h>\n*/\n// clock_now()\n")
    assert check("check-layers", tree) == (0, "")


@pytest.mark.parametrize(
    "text, words",
    [
        ("void f(char *a)\n{\n\tstrcpy(a, a);\n}\n", "strcpy() is banned"),
        ("int f(void)\n{\n\treturn atoi (0);\n}\n", "bad.c:3: atoi() is banned"),
        ("void f(void)\n{\n\tgoto out;\n}\n", "goto is banned"),
        ("typedef struct thing thing;\n", "no typedef"),
        ("/* TODO: later */\n", "open an issue"),
    ],
)
def test_words(tree, text, words):
    refused("check-words", tree, "src/net/bad.c", text, words)


def test_words_lets_lookalikes_pass(tree):
    (tree / "src/net/fine.c").write_text(
        '/* strcpy() is bad */\nconst char *f = "goto strcpy()";\nint snprintf(char *);\n'
        "void gmtime_r(int);\n"
    )
    assert check("check-words", tree) == (0, "")


def function(head, *lines):
    return head + "\n{\n" + "".join(f"\t{line}\n" for line in lines) + "}\n"


@pytest.mark.parametrize(
    "text, words",
    [
        ("\n" * 601, "601 lines"),
        (function("int f(void)", *[";"] * 79), "f: 81 lines"),
        (function("int f(int a, int b, int c, int d, int e, int f)", ";"), "6 parameters"),
        (
            function(
                "int f(void)",
                "if (1) {", "\tfor (;;) {", "\t\twhile (1) {", "\t\t\tdo {", "\t\t\t} while (1);",
                "\t\t}", "\t}", "}",
            ),
            "nested 4 deep",
        ),
    ],
)
def test_shape(tree, text, words):
    refused("check-shape", tree, "src/net/bad.c", text, words)


def test_shape_at_its_limits(tree):
    (tree / "src/net/fine.c").write_text(
        function("int f(void)", *[";"] * 78)
        + function("bool g(int a[static 4], int b, int c, int d, int e, void *context, struct e *err)")
        + function(
            "int h(void)", "struct x y[] = {", "\t{ { { { 1 } } } },", "};", "if (1) {", "\tfor (;;) {",
            "\t\tif (2) {", "\t\t}", "\t}", "}",
        )
    )
    assert check("check-shape", tree) == (0, "")


@pytest.mark.parametrize(
    "text, words",
    [
        ("#pragma once\nuint8_t f(void);\n", "does not compile alone"),
        ("#include <stdint.h>\n", "does not start with #pragma once"),
    ],
)
def test_headers(tree, text, words):
    refused("check-headers", tree, "src/net/bad.h", text, words)


def test_format(tree):
    refused("check-format", tree, "src/net/bad.c", "int f( void ) {\n  return 0;}\n", "./dev format")


@pytest.mark.parametrize(
    "text, name",
    [
        ("static int count;\nint f(void) { return count++; }\n", "count"),
        ("int f(void)\n{\n\tstatic int calls = 3;\n\treturn calls++;\n}\n", "calls"),
        ("int shown = 1;\n", "shown"),
        ("static const char *names[] = { 0 };\nconst char **f(void) { return names; }\n", "names"),
        ("_Thread_local int mine = 1;\n", "mine"),
    ],
)
def test_state(tree, text, name):
    folder = tree / "build/src/libnet.a.p"
    folder.mkdir(parents=True)

    def compile_as(object_name, code):
        (tree / "code.c").write_text(code)
        subprocess.run(
            ["gcc", "-fPIE", "-c", tree / "code.c", "-o", folder / object_name], check=True, timeout=60
        )

    compile_as("net_fine.c.o", 'static const char *const t[] = { "a" };\nconst char *f(int i) { return t[i]; }\n')
    compile_as("run_log.c.o", text)
    assert check("check-state", tree) == (0, "")
    compile_as("net_bad.c.o", text)
    status, said = check("check-state", tree)
    assert status == 1
    assert said.startswith("net/bad.c: ") and name in said
