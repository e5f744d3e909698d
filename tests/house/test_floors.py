"""The house stands, and the check notices when it does not: each breakage of a copy must be named."""
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def check(root):
    done = subprocess.run([HERE / "check_floors", root], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


@pytest.fixture
def copy(tmp_path):
    for top in ("module", "shim"):
        shutil.copytree(ROOT / top, tmp_path / top)
    return tmp_path


def test_the_house_stands():
    code, mistakes = check(ROOT)
    assert code == 0, mistakes


def test_an_untouched_copy_stands(copy):
    assert check(copy) == (0, "")


BREAKAGES = {
    "upstairs": ("module/base/clock.cc", '#include "store/store.h"\n', "store/store.h is upstairs"),
    "next door on the verbs' floor": ("module/capture/x.cc", '#include "dispatch/dispatcher.h"\n', "is next door"),
    "next door on the first floor": ("module/url/x.cc", '#include "crypto/hmac.h"\n', "is next door"),
    "the core reaches for a host": ("module/engine/x.cc", '#include "shim/standalone/http.h"\n', "is upstairs"),
    "a host behind the door": ("shim/standalone/x.cc", '#include "plan/plan.h"\n', "nothing of ours but the door"),
    "a relative way round the door": ("shim/cli/x.cc", '#include "../../module/store/store.h"\n', "nothing of ours but the door"),
    "a dialect that stores": ("module/dialect/x.cc", '#include "store/store.h"\n', "dialect does not know store"),
    "a dialect with SQLite": ("module/dialect/x.cc", "#include <sqlite3.h>\n", "sqlite3.h belongs to store"),
    "a dialect with curl": ("module/dialect/x.cc", "#include <curl/curl.h>\n", "curl/curl.h belongs to egress"),
    "a server's header in the core": ("module/engine/x.cc", "#include <ngx_config.h>\n", "ngx_config.h belongs to nginx"),
    "a test's header in the house": ("module/base/x.cc", '#include "tests/unit/fake.h"\n', "is no file of the house"),
    "a room without a floor": ("module/attic/x.cc", "int x;\n", "no such room: attic"),
    "a long file without a reason": ("module/base/x.cc", "//\n" * 401, "split it"),
    "a header that does not open": ("module/base/x.h", "#pragma once\n", "a header opens with a comment"),
}


@pytest.mark.parametrize("name", BREAKAGES)
def test_a_broken_copy_is_named(copy, name):
    path, text, why = BREAKAGES[name]
    file = copy / path
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    code, mistakes = check(copy)
    assert code == 1
    assert why in mistakes
    assert f"{path}:1: " in mistakes


def test_a_circle_is_named(copy):
    (copy / "module/plan/x.cc").write_text('#include "store/store.h"\n')
    (copy / "module/store/x.cc").write_text('#include "plan/plan.h"\n')
    code, mistakes = check(copy)
    assert code == 1
    assert "a circle of rooms: plan -> store -> plan" in mistakes


def test_two_types_of_one_name_are_named(copy):
    (copy / "module/egress/x.h").write_text("// a\nnamespace trot {\nstruct Event {\n};\n}  // namespace trot\n")
    code, mistakes = check(copy)
    assert code == 1 and "trot::Event is a type of module/egress/x.h already" in mistakes


def test_a_reason_excuses_length(copy):
    (copy / "module/base/x.cc").write_text("// Longer than 400 lines because it is one table.\n" + "//\n" * 401)
    assert check(copy) == (0, "")


def test_an_empty_place_is_no_house(tmp_path):
    assert check(tmp_path)[0] == 1
