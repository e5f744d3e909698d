"""A small real shop: products and orders over JSON, kept in SQLite, with one page for people. It knows nothing of webhooks.

Usage: shop.py [PORT]     (0, the default, takes a free one; the first line printed is the URL)
"""

import json
import re
import signal
import sqlite3
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SCHEMA = """
CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price TEXT NOT NULL, stock INTEGER NOT NULL);
CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, product INTEGER NOT NULL REFERENCES products, quantity INTEGER NOT NULL,
                     customer TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'open');
INSERT INTO products (name, price, stock) VALUES ('Fishing line, 100 m', '7.90', 40), ('Hooks, box of 50', '4.20', 12), ('Lantern', '39.00', 3);
INSERT INTO sqlite_sequence VALUES ('orders', 1041);
"""

PAGE = """<!doctype html><meta charset="utf-8"><title>Shop</title>
<style>body{font:16px sans-serif;max-width:42em;margin:2em auto}td,th{padding:.3em 1em .3em 0;text-align:left}</style>
<h1>Shop</h1><table id="products"></table><h2>Orders</h2><table id="orders"></table>
<script>
const call = (method, path, body) => fetch(path, {method, headers: {'Content-Type': 'application/json'},
  body: body && JSON.stringify(body)}).then(show);
const button = (text, action) => `<button onclick='${action}'>${text}</button>`;
const row = cells => '<tr>' + cells.map(cell => `<td>${cell}</td>`).join('') + '</tr>';
const safe = text => String(text).replace(/[&<>"']/g, c => `&#${c.charCodeAt(0)};`);
async function show() {
  const get = path => fetch(path).then(answer => answer.json());
  products.innerHTML = (await get('/api/products')).map(p => row([safe(p.name), p.price, p.stock + ' left',
    button('order', `call("POST", "/api/orders", {product: ${p.id}, quantity: 1, customer: "Ada"})`)])).join('');
  orders.innerHTML = (await get('/api/orders')).map(o => row([o.id, safe(o.customer), o.quantity + ' × product ' + o.product, o.state,
    o.state === 'open' ? button('pay', `call("POST", "/api/orders/${o.id}/pay")`) : '',
    button('delete', `call("DELETE", "/api/orders/${o.id}")`)])).join('');
}
show();
</script>
"""


class Refused(Exception):
    """The shop says no: a status and why."""

    def __init__(self, status, why):
        super().__init__(why)
        self.status = status


class Shop:
    def __init__(self):
        self.lock = threading.Lock()
        self.db = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        self.db.row_factory = sqlite3.Row
        self.db.executescript(SCHEMA)

    def rows(self, query, *values):
        return [dict(row) for row in self.db.execute(query, values)]

    def one(self, table, number):
        found = self.rows(f"SELECT * FROM {table} WHERE id = ?", number)
        if not found:
            raise Refused(404, f"no such thing in {table}: {number}")
        return found[0]

    def products(self):
        return 200, self.rows("SELECT * FROM products")

    def orders(self):
        return 200, self.rows("SELECT * FROM orders ORDER BY id DESC LIMIT 50")

    def order(self, number):
        return 200, self.one("orders", number)

    def create(self, order):
        quantity, customer = order.get("quantity", 1), order.get("customer", "")
        if not isinstance(quantity, int) or quantity < 1 or not isinstance(customer, str) or not customer:
            raise Refused(422, "wanted: product, quantity of at least 1, customer")
        product = self.one("products", order.get("product"))
        if product["stock"] < quantity:
            raise Refused(409, f"only {product['stock']} left of {product['name']}")
        self.db.execute("UPDATE products SET stock = stock - ? WHERE id = ?", (quantity, product["id"]))
        made = self.db.execute("INSERT INTO orders (product, quantity, customer) VALUES (?, ?, ?)", (product["id"], quantity, customer))
        return 201, self.one("orders", made.lastrowid)

    def change(self, number, order):
        self.one("orders", number)
        self.db.execute("UPDATE orders SET customer = ? WHERE id = ?", (str(order.get("customer", "")), number))
        return 200, self.one("orders", number)

    def pay(self, number, _=None):
        if self.one("orders", number)["state"] != "open":
            raise Refused(409, "it is paid already")
        self.db.execute("UPDATE orders SET state = 'paid' WHERE id = ?", (number,))
        return 200, self.one("orders", number)

    def delete(self, number):
        self.one("orders", number)
        self.db.execute("DELETE FROM orders WHERE id = ?", (number,))
        return 204, None

    def restock(self, number, product):
        self.one("products", number)
        self.db.execute("UPDATE products SET stock = ? WHERE id = ?", (int(product.get("stock", 0)), number))
        return 200, self.one("products", number)


ROUTES = [
    ("GET", r"/api/products", Shop.products),
    ("PATCH", r"/api/products/(\d+)", Shop.restock),
    ("GET", r"/api/orders", Shop.orders),
    ("POST", r"/api/orders", Shop.create),
    ("GET", r"/api/orders/(\d+)", Shop.order),
    ("PATCH", r"/api/orders/(\d+)", Shop.change),
    ("POST", r"/api/orders/(\d+)/pay", Shop.pay),
    ("DELETE", r"/api/orders/(\d+)", Shop.delete),
]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0]
        if (self.command, path) == ("GET", "/"):
            return self.answer(200, PAGE.encode(), "text/html; charset=utf-8")
        try:
            status, value = self.route(path, body)
        except Refused as refused:
            status, value = refused.status, {"error": str(refused)}
        except (ValueError, AttributeError, sqlite3.Error) as error:
            status, value = 400, {"error": str(error)}
        return self.answer(status, b"" if value is None else json.dumps(value).encode(), "application/json")

    def route(self, path, body):
        for method, pattern, action in ROUTES:
            found = re.fullmatch(pattern, path)
            if found and method == self.command:
                values = [int(text) for text in found.groups()]
                if method in ("POST", "PATCH"):
                    values.append(json.loads(body or b"{}"))
                with self.server.shop.lock:
                    return action(self.server.shop, *values)
        raise Refused(404, f"no {self.command} {path} here")

    def answer(self, status, body, kind):
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PATCH = do_DELETE = handle_any

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        sys.stderr.write(format % args + "\n")


def main():
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0), Handler)
    server.daemon_threads = True
    server.shop = Shop()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()


if __name__ == "__main__":
    main()
