"""Beside the modules that people have in their nginx: Lua, njs, ModSecurity, brotli and headers-more, all loaded and all at work in the
captured location. Each loads before and after ours: third-party filters share a place, and the order of loading decides theirs."""

import json

import pytest
from harness import Client, Upstream, response
from ngx import MODULE, Nginx

MODULES = "/usr/lib/nginx/modules/"
OTHERS = "\n".join(f"load_module {MODULES}{name}.so;" for name in (
    "ndk_http_module", "ngx_http_lua_module", "ngx_http_js_module", "ngx_http_modsecurity_module", "ngx_http_brotli_filter_module",
    "ngx_http_headers_more_filter_module"))
HTTP = """
js_import filters from @DIR@/filters.js;
lua_load_resty_core off;
brotli on; brotli_min_length 1; brotli_types application/json;
modsecurity on;
modsecurity_rules '
  SecRuleEngine On
  SecRequestBodyAccess On
  SecResponseBodyAccess On
  SecResponseBodyMimeType application/json
  SecRule REQUEST_BODY "@contains attack" "id:1,phase:2,deny,status:403"
';
"""
SERVER = """
location / {
    access_by_lua_block { ngx.req.read_body() }
    header_filter_by_lua_block { ngx.header["X-Lua"] = "seen" }
    body_filter_by_lua_block { ngx.ctx.bytes = (ngx.ctx.bytes or 0) + #(ngx.arg[1] or "") }
    js_header_filter filters.mark;
    more_set_headers "X-More: set";
    proxy_pass http://@UPSTREAM@;
}
"""
ORDER = json.dumps({"id": 77, "note": "n" * 3000}).encode()


class Together(Nginx):
    """Ours loaded before or after the others."""

    def __init__(self, first, **options):
        super().__init__(SERVER, http=HTTP, **options)
        (self.dir / "filters.js").write_text("function mark(r) { r.headersOut['X-Njs'] = 'seen'; }\nexport default { mark };\n", encoding="utf-8")
        text = self.conf.read_text(encoding="utf-8")
        ours = f"load_module {MODULE};"
        self.conf.write_text(text.replace(ours, f"{ours}\n{OTHERS}" if first else f"{OTHERS}\n{ours}"), encoding="utf-8")


@pytest.mark.parametrize("first", [True, False], ids=["ours first", "ours last"])
@pytest.mark.parametrize("coding", ["", "Accept-Encoding: br\r\n"], ids=["plain", "br"])
def test_all_of_them_work(workers, first, coding):
    head = f"POST /orders HTTP/1.1\r\nHost: a\r\n{coding}Content-Type: application/json\r\nContent-Length: "
    answer = response(200, ORDER, [("Content-Type", "application/json")])
    with Upstream(lambda _: answer) as upstream, Together(first, upstream=upstream, workers=workers) as host, Client(host.port) as client:
        body = b'{"item":"book"}'
        reply = client.send(f"{head}{len(body)}\r\n\r\n".encode() + body).reply()
        headers = {name.lower(): value for name, value in reply.headers}
        assert reply.status == 200 and headers["x-lua"] == headers["x-njs"] == "seen" and headers["x-more"] == "set"
        if coding:
            assert headers["content-encoding"] == "br"
        else:
            assert reply.body == ORDER
        bad = b"an attack"
        assert client.send(f"{head}{len(bad)}\r\n\r\n".encode() + bad).reply().status == 403
        assert len(upstream.requests) == 1
        event, = host.recorded()
        assert event["resource_id"] == "77" and json.loads(event["payload"]) == json.loads(ORDER)
        assert not host.alarms()
