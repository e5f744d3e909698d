"""conf/nginx: what people copy must load, and do what it says."""

from harness import ROOT, request
from ngx import Nginx

SNIPPETS = ROOT / "conf/nginx"
TOKEN = "open-sesame-0123456789"


class Copied(Nginx):
    """The snippets with the places of this machine put in."""

    def __init__(self, **options):
        super().__init__(**options)
        places = {"/etc/trotline/trotline.toml": self.toml, "/var/log/nginx": self.dir, "/etc/nginx/snippets": SNIPPETS,
                  "listen 80;": f"listen 127.0.0.1:{self.port};", "127.0.0.1:8000": self.upstream.address}
        texts = ""
        for name in ("trotline.conf", "site.conf"):
            text = (SNIPPETS / name).read_text(encoding="utf-8")
            for there, here in places.items():
                text = text.replace(there, str(here))
            texts += text
        conf = self.conf.read_text(encoding="utf-8")
        before, _, after = conf.partition("trotline_config ")
        rest = after.partition("server {")[0].partition(";")[2].partition(";")[2]  # without our two directives
        self.conf.write_text(before + rest + texts + "}\n", encoding="utf-8")


def test_they_load_and_work(shop, tmp_path):
    token = tmp_path / "token"
    token.write_text(TOKEN + "\n", encoding="utf-8")
    token.chmod(0o600)
    config = (ROOT / "conf/debian/trotline.toml").read_text(encoding="utf-8")
    config = config.replace("[store]", f'[admin]\ntoken_file = "{token}"\n\n[store]', 1).replace('"sqlite:/var/lib/trotline"', '"sqlite:@STORE@"')
    config += '\n[[hook]]\ntopic = "order.created"\nmatch = "POST /orders"\nid = "response:/id"\n'
    with Copied(upstream=shop, config=config) as host:
        assert request(host.port, "POST", "/orders", b'{"id":3}', host="shop.example").status == 201
        assert request(host.port, "GET", "/status", host="shop.example").status == 401
        with_token = request(host.port, "GET", "/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, host="shop.example")
        assert with_token.status == 200 and b"trotline_" in with_token.body
        event, = host.events()
        assert event["resource_id"] == "3"
        line, = [line for line in (host.dir / "shop.access.log").read_text(encoding="utf-8").splitlines() if "/orders" in line]
        assert "evt_" in line and "order.created" in line
