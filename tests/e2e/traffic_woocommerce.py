"""What WooCommerce 6.5.1 delivered, and where Trotline's events differ.

Its deliveries wait in a queue (Action Scheduler) that was run after each exchange: what one exchange set off comes before what the next one
did, but within one the queue has an order of its own (a bulk request's update before its creation). What is true of both is the order of
the events of one object, the lane of the shop's API here. The storefront's few are in one order.

The shop had a webhook for each topic, made by the API v3, and a second one for order.created, made by the legacy API v2, whose deliveries
come first and show the order as that API does: they are called legacy-order.created here. An event of ours shows it as the API did that
was called, so that each event of order.created is compared with both.

The links differ only because of the recording: the APIs were called as behind a proxy that speaks https, the queue ran without it.
"""

import json

from traffic import Difference, System, within, without

SITE = "127.0.0.1:8081"  # of the recorded server


def delivery(raw):
    """The name of the webhook, which is that of its topic, is in the address that it calls."""
    head, _, body = raw.partition(b"\r\n\r\n")
    name = head.split()[1].decode().lstrip("/")
    assert f"X-WC-Webhook-Topic: {name.removeprefix('legacy-')}\r\n" in head.decode()
    return name, json.loads(body)


def lane(topic, content):
    if "id" not in content:
        (content,) = content.values()
    return topic.removeprefix("legacy-").partition(".")[0], content["id"]


def over_http(content):
    return json.loads(json.dumps(content).replace(f"https://{SITE}/", f"http://{SITE}/"))


def legacy_date(date):
    return f"{date or '1970-01-01T00:00:00'}Z"


def legacy_order(order):
    """What an order of the API v3 says of it in the legacy API."""
    return {
        "id": order["id"],
        "order_number": order["number"],
        "created_at": legacy_date(order["date_created_gmt"]),
        "updated_at": legacy_date(order["date_modified_gmt"]),
        "completed_at": legacy_date(order["date_completed_gmt"]),
        "status": order["status"],
        "currency": order["currency"],
        "total": order["total"],
        "total_tax": order["total_tax"],
        "total_shipping": order["shipping_total"],
        "cart_tax": order["cart_tax"],
        "shipping_tax": order["shipping_tax"],
        "total_discount": order["discount_total"],
        "payment_details": {"method_id": order["payment_method"], "paid": order["date_paid"] is not None},
        "billing_address": order["billing"],
        "shipping_address": without(order["shipping"], "phone"),
        "note": order["customer_note"],
        "customer_ip": order["customer_ip_address"],
        "customer_user_agent": order["customer_user_agent"],
        "customer_id": order["customer_id"],
        "line_items": [
            {name: item[name] for name in ("id", "subtotal", "total", "total_tax", "quantity", "tax_class", "product_id", "sku")}
            for item in order["line_items"]
        ],
    }


def legacy_product(product):
    same = ("id", "permalink", "type", "status", "sku", "price", "regular_price", "price_html", "tax_status", "stock_quantity", "featured",
            "catalog_visibility", "description", "short_description", "total_sales", "parent_id")
    return {
        "title": product["name"],
        "created_at": legacy_date(product["date_created_gmt"]),
        "updated_at": legacy_date(product["date_modified_gmt"]),
        "categories": [category["name"] for category in product["categories"]],
        **{name: product[name] for name in same},
    }


def is_legacy_order(modern, legacy):
    return list(legacy) == ["order"] and within(legacy_order(modern), legacy["order"])


def product_later(native, ours):
    """The rating is a number that was stored meanwhile; the related ones are shuffled, and more when others were made in the same batch."""
    return (
        float(native["average_rating"]) == float(ours["average_rating"])
        and set(ours["related_ids"]) <= set(native["related_ids"])
        and without(native, "average_rating", "related_ids") == without(ours, "average_rating", "related_ids")
    )


LEGACY_ORDERS = ("46-legacy-v2-order-create", "47-legacy-v2-order-update", "48-legacy-v2-orders-bulk")
NOT_A = "WooCommerce takes whatever goes to the trash by the REST API for one of these too: there is none of this id"

WOOCOMMERCE = System(
    dialect="woocommerce",
    options='on_force_delete = "native"\ncompanions = true\n',
    read=delivery,
    lane=lane,
    known=over_http,
    again={"order.created": ("legacy-order.created", "order.created")},
    # The queue did not run again.
    later={
        "60-order-create-201-not-compressed": [("order.created", 90), ("order.updated", 90)],
        "61-order-update-gzip": [("order.updated", 90)],
    },
    unseen={
        ("coupon.deleted", ("coupon", 46)): NOT_A,
        ("product.deleted", ("product", 46)): NOT_A,
        ("coupon.deleted", ("coupon", 54)): NOT_A,
        ("product.deleted", ("product", 54)): NOT_A,
        ("coupon.deleted", ("coupon", 44)): NOT_A,
        ("customer.updated", "54-v3-customer-delete-force"): "that the order paid in 33 changed its customer is in no answer",
        ("order.created", ("order", 57)): "the answer to 52 says that there is no such order: WooCommerce took it back",
        ("legacy-order.created", ("order", 57)): "as order.created",
    },
    differences=[
        Difference(
            ("legacy-order.created",),
            "by the legacy API the order has a key besides, which that API's answers leave out",
            lambda native, ours: {"order": without(native["order"], "order_key")} == ours,
            LEGACY_ORDERS,
        ),
        Difference(
            ("legacy-order.created",),
            "ours show the order as the API v3 did that was called, not as the one that made the webhook",
            lambda native, ours: is_legacy_order(ours, native),
        ),
        Difference(
            ("order.created", "order.updated"),
            "ours show the order as the legacy API did that was called, not as the one that made the webhook",
            is_legacy_order,
            LEGACY_ORDERS,
        ),
        Difference(
            ("product.created", "product.updated"),
            "ours show the product as the legacy API did that was called, not as the one that made the webhook",
            lambda native, ours: list(ours) == ["product"] and within(legacy_product(native), ours["product"]),
            ("51-legacy-v2-product-create",),
        ),
        Difference(
            ("product.created", "product.updated"),
            "the payload is built when the queue runs, ours is what the answer said before",
            product_later,
        ),
        Difference(
            ("customer.created", "customer.updated"),
            "the address of the picture, too, is another one by https",
            lambda native, ours: without(native, "avatar_url") == without(ours, "avatar_url")
            and native["avatar_url"].replace("http://1.", "https://secure.") == ours["avatar_url"],
        ),
        Difference(
            ("order.updated",),
            "the answer to a refund does not show the order, ours carry its id",
            lambda native, ours: ours == {"id": native["id"]},
            ("38-v3-order-refund-create",),
        ),
    ],
    secrets=("lab-webhook-secret", "c1-test-pass", "Y2tfYWIy", "ck_ab2f", "cs_0cdb"),
    beside={},
    quiet=(
        "01-v3-webhook-create-order.created",
        "02-v3-webhook-create-order.updated",
        "03-v3-webhook-create-order.deleted",
        "04-v3-webhook-create-order.restored",
        "05-v3-webhook-create-product.created",
        "06-v3-webhook-create-product.updated",
        "07-v3-webhook-create-product.deleted",
        "08-v3-webhook-create-product.restored",
        "09-v3-webhook-create-coupon.created",
        "10-v3-webhook-create-coupon.updated",
        "11-v3-webhook-create-coupon.deleted",
        "12-v3-webhook-create-coupon.restored",
        "13-v3-webhook-create-customer.created",
        "14-v3-webhook-create-customer.updated",
        "15-v3-webhook-create-customer.deleted",
        "16-v3-webhook-create-action.woocommerce_add_to_cart",
        "17-legacy-v2-webhook-create",
        "18-legacy-v2-webhook-get",
        "19-legacy-v2-webhook-list",
        "20-legacy-v2-webhook-count",
        "21-legacy-v2-webhook-update",
        "22-legacy-v2-webhook-activate",
        "23-legacy-v2-webhook-deliveries",
        "24-legacy-v2-webhook-create-badtopic",
        "25-legacy-v2-webhook-get-missing",
        "26-legacy-v2-noauth",
        "37-v3-order-note-create",
        "41-v3-order-delete-missing",
        "52-legacy-v2-order-create-error",
        "57-legacy-v2-webhook-deliveries-after",
        "58-legacy-v2-webhook-delete",
        "59-v3-webhook-list",
    ),
)

# The same shop's storefront and wp-admin, after the legacy webhook was deleted.
FRONT = System(
    dialect="woocommerce",
    options="companions = true\n",
    read=delivery,
    unseen={
        ("action.woocommerce_add_to_cart", "04-wc-ajax-checkout-success-200"): "set off by 01 and 02 before it, whose answers are the "
        "cart as HTML: the keys of all that is in it",
    },
    differences=[
        Difference(
            ("order.created", "order.updated"),
            "the answer to a checkout does not show the order, ours carry its id",
            lambda native, ours: ours == {"id": native["id"]},
        ),
        Difference(
            ("order.restored",),
            "wp-admin answers with a redirect to its list, which does not show the order, ours carry its id",
            lambda native, ours: ours == {"id": native["id"]},
        ),
    ],
    secrets=("admin-test-pass", "wrong", "nonce", "wc_order_"),
    anywhere=("04-wc-ajax-checkout-success-200",),
    beside={},
    quiet=(
        "03-wc-ajax-checkout-failure-200",
        "07-wp-login-302",
        "08-wp-login-wrong-200",
        "09-wp-admin-post-trash-by-GET-302",
        "12-block-editor-style-post-update",
    ),
)
