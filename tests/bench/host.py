"""H1: the standalone host with capture on against nginx as a plain proxy, same upstream, same load, one core each."""

import contextlib
import tempfile
from pathlib import Path

import lab

CONFIG = """
[store]
url = "sqlite:{dir}/store"
guarantee = "{guarantee}"
retention = "1h"
[standalone]
listen = ["127.0.0.1:{port}"]
upstream = "http://127.0.0.1:{upstream}"
access_log = ""
[[hook]]
topic = "order.created"
match = "POST /orders"
id = "response:/id"
"""


@contextlib.contextmanager
def host(upstream, guarantee, core, folder):
    port = lab.free_port()
    path = Path(folder) / f"{guarantee}-{port}"
    path.mkdir()
    config = path / "trotline.toml"
    config.write_text(CONFIG.format(dir=path, port=port, upstream=upstream, guarantee=guarantee), encoding="utf-8")
    with lab.child([lab.TROTLINE, "run", "-c", config], port=port, core=core, log=path / "log"):
        yield port


def measure(quick=False, folder=None):
    seconds, count = (2, 3) if quick else (4, 7)
    result = {}
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="trotline-bench-", dir=folder))
        upstream, plain = lab.free_port(), lab.free_port()
        stack.enter_context(lab.nginx(lab.order_upstream(upstream), upstream, core=1))
        stack.enter_context(lab.nginx(lab.plain_proxy(plain, upstream), plain, core=0))

        def load(port, path="/orders"):
            return lab.wrk(f"http://127.0.0.1:{port}{path}", seconds, core=1)

        result["A/A"] = lab.spread(lab.pairs(count, lambda: load(plain), lambda: load(plain)))
        for guarantee in ("hold", "async"):
            with host(upstream, guarantee, 0, folder) as port:
                result[f"H1 {guarantee}"] = lab.spread(lab.pairs(count, lambda: load(plain), lambda port=port: load(port)))
                if guarantee == "hold":
                    result["unmatched"] = lab.spread(lab.pairs(count, lambda: load(plain), lambda port=port: load(port, "/other")))
        result["nginx_rps"] = round(load(plain))
    return result


if __name__ == "__main__":
    import json
    import sys
    print(json.dumps(measure("--quick" in sys.argv), indent=1))
