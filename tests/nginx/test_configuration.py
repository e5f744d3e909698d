"""`nginx -t` and the start: every mistake is told with its place, and a test leaves nothing behind."""

import os

import pytest
from harness import request
from ngx import HOOKS, PLAIN_PROXY, Nginx

pytestmark = pytest.mark.sanitized

WRONG = """[store]
url = "sqlite:@STORE@"
guarantee = "perhaps"
colour = "red"

[[hook]]
topic = "order created"
match = "POST orders"
[[subscription]]
name = "a"
"""


def test_a_right_configuration_leaves_nothing_behind(tmp_path):
    host = Nginx(directory=tmp_path)
    done = host.test()
    assert done.returncode == 0 and "test is successful" in done.stderr
    assert not host.store.exists()
    assert "trotline.db" not in " ".join(map(str, tmp_path.rglob("*")))


def test_every_mistake_is_told_with_its_place(tmp_path):
    host = Nginx(directory=tmp_path, config=WRONG)
    done = host.test()
    assert done.returncode == 1
    for line in (3, 4, 7, 8, 9):
        assert f"{host.toml}:{line}:" in done.stderr, done.stderr
    for word in ("perhaps", "colour", "order created", "POST orders"):
        assert word in done.stderr
    assert not host.store.exists()


def test_a_wrong_configuration_does_not_start(tmp_path):
    host = Nginx(directory=tmp_path, config=WRONG)
    try:
        host.start(ready=False)
        assert host.wait() == 1 and f"{host.toml}:4:" in host.logs()
    finally:
        host.kill()


def test_more_mistakes_than_a_log_line_holds(tmp_path):
    wrong = "".join(f'[[hook]]\ntopic = "wrong topic {n}"\nmatch = "POST /x"\n' for n in range(200))
    host = Nginx(directory=tmp_path, config=HOOKS + wrong)
    done = host.test()
    assert done.returncode == 1
    missing = [n for n in range(200) if f"wrong topic {n}" not in done.stderr]
    assert not missing


def test_a_file_that_is_not_there(tmp_path):
    host = Nginx(directory=tmp_path)
    os.unlink(host.toml)
    done = host.test()
    assert done.returncode == 1 and f"{host.toml}: cannot read" in done.stderr


def test_a_relative_path_is_seen_from_nginx_conf(tmp_path):
    host = Nginx(directory=tmp_path)
    host.conf.write_text(host.conf.read_text().replace(f"trotline_config {host.toml};", "trotline_config trotline.toml;"))
    assert host.test().returncode == 0


@pytest.mark.parametrize(("http", "server", "words"), [
    ("trotline_config @DIR@/trotline.toml;", PLAIN_PROXY, "duplicate"),
    ("", "trotline maybe;", '"on" or "off"'),
    ("", "trotline_config @DIR@/trotline.toml;", "not allowed here"),
    ("", "trotline_manage;", "not allowed here"),
    ("", "location / { trotline_manage on; }", "invalid number of arguments"),
    ("", "location / { trotline; }", "invalid number of arguments"),
])
def test_wrong_directives(tmp_path, http, server, words):
    done = Nginx(server, http=http, directory=tmp_path).test()
    assert done.returncode == 1 and words in done.stderr, done.stderr


def test_on_without_a_configuration(tmp_path):
    host = Nginx(directory=tmp_path)
    host.conf.write_text(host.conf.read_text().replace(f"trotline_config {host.toml};", ""))
    done = host.test()
    assert done.returncode == 1 and "trotline_config" in done.stderr


def test_loaded_and_not_used(tmp_path):
    """The module alone, without a directive of ours, changes nothing."""
    host = Nginx(directory=tmp_path)
    text = host.conf.read_text().replace(f"trotline_config {host.toml};", "").replace("trotline on;", "")
    host.conf.write_text(text)
    assert host.test().returncode == 0
    host.conf.write_text("daemon off; events {}\n" + text.splitlines()[1] + f"\npid {host.dir}/nginx.pid;\n")
    done = host.test()
    assert done.returncode == 0 or "load_module" in done.stderr


def test_warnings_are_told_and_do_not_stop(tmp_path):
    host = Nginx(directory=tmp_path, store='sync = "off"')
    done = host.test()
    assert done.returncode == 0 and "[warn]" in done.stderr and "trotline.toml:" in done.stderr


def test_the_standalone_hosts_section_is_ignored(shop, tmp_path):
    config = HOOKS + '\n[standalone]\nlisten = ["127.0.0.1:1"]\nupstream = "http://127.0.0.1:1"\n'
    with Nginx(directory=tmp_path, upstream=shop, config=config) as host:
        assert request(host.port, "POST", "/orders", b"{}").status == 201
        assert len(host.recorded()) == 1
