"""nginx's own build: the same module by ./configure --add-dynamic-module, against libtrotline as a library."""

import subprocess

import ngx
import pytest
from harness import BUILD, ROOT, request

NGINX_SRC = "/usr/share/nginx/src"
# In the sources' folder, as an unprivileged user could: everything is written to builddir.
SCRIPT = """
set -e
. ./conf_flags
./configure "${NGX_CONF_FLAGS[@]}" --builddir="$1" --add-dynamic-module="$2"
make -f "$1/Makefile" modules
"""


@pytest.mark.slow
def test_add_dynamic_module(tmp_path, shop, monkeypatch):
    told = subprocess.run(["bash", "-c", SCRIPT, "build", tmp_path, ROOT / "shim/nginx"], cwd=NGINX_SRC, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=300, check=False, env={"PATH": "/usr/bin:/bin", "TROTLINE_LIB": str(BUILD)})
    assert told.returncode == 0, told.stdout[-2000:] + told.stderr[-2000:]
    monkeypatch.setattr(ngx, "MODULE", tmp_path / "ngx_http_trotline_module.so")
    with ngx.Nginx(upstream=shop) as host:
        assert request(host.port, "POST", "/orders", b'{"id":3}').status == 201
        assert [event["resource_id"] for event in host.recorded()] == ["3"]
