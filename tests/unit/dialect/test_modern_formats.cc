// Bodies, headers and refusals of svix, stripe, github, shopify and cloudevents; what standard adds when asked;
// batches.

#include <array>

#include "dialect/cloudevents.h"
#include "dialect/shopify.h"
#include "forms.h"
#include "json/pointer.h"

using namespace forms;

namespace {

constexpr int64_t noon = 1768471200;
constexpr const char* key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

EventView order() {
    EventView event;
    event.id = "evt_01JHKX4Q3T9V6";
    event.topic = "order.updated";
    event.resource = "order";
    event.action = "updated";
    event.resource_id = "7";
    event.at_ms = noon * 1000 + 7;
    event.payload = R"({"id":7,"total":1.10,"note":"x"})";
    return event;
}

EventView changed_order() {
    EventView event = order();
    event.previous = R"({"id":7,"total":1.00,"old":[1]})";
    return event;
}

EventView opaque() {
    EventView event = order();
    event.payload = std::string_view("\0\xff", 2);
    event.payload_json = false;
    event.flags = 4;
    return event;
}

EventView gone() {
    EventView event = order();
    event.payload = "";
    return event;
}

const std::vector<Secret>& secrets() {
    static const std::vector<Secret> all = secrets_of({key});
    return all;
}

std::string made(const std::string& style, const EventView& event) { return body(style, event, secrets()); }

void svix_is_standard_with_other_names(void**) {
    expect(made("svix", order()), made("standard", order()));
    DeliveryView delivery;
    delivery.id = "dlv_1";
    Fields headers = sign("svix", secrets(), delivery, noon, "{}");
    expect(header(headers, "svix-signature"),
           header(sign("standard", secrets(), delivery, noon, "{}"), "webhook-signature"));
    assert_true(format("svix").verify(headers, "{}", secrets(), noon).ok());
    refused(format("svix").verify(headers, "{} ", secrets(), noon), "no signature in svix-signature");
    refused(format("svix").verify(headers, "{}", secrets(), noon + 301), "svix-timestamp is older");
    refused(format("standard").verify(headers, "{}", secrets(), noon), "webhook-id is missing");
}

void standard_tells_more_when_asked(void**) {
    EventView event = changed_order();
    event.origin = R"({"request_id":"r-1","actor":"a\"b","hop":1})";
    const std::string bare = made("standard", event);
    if (bare.find("previous") != std::string::npos || bare.find("r-1") != std::string::npos)
        fail_msg("%s", bare.c_str());
    expect(made("standard?with=previous,changed,actor,request_id", event),
           bare.substr(0, bare.size() - 1) + ",\"previous\":" + std::string(event.previous) +
               R"(,"changed":["total","old","note"],"actor":"a\"b","request_id":"r-1"})");
    // What is not known is not there.
    const std::string unknown = made("standard", order());
    expect(made("standard?with=previous,changed,actor,request_id", order()), unknown);
    assert_null(find_style("standard?with=everything"));
}

void stripe_bodies(void**) {
    const std::string head = R"({"id":"evt_01JHKX4Q3T9V6","object":"event","api_version":)";
    expect(made("stripe", order()),
           head + R"(null,"created":1768471200,"data":{"object":{"id":7,"total":1.10,"note":"x"}},)"
                  R"("livemode":true,"type":"order.updated"})");
    expect(
        made("stripe?api_version=2024-06-20&livemode=false", changed_order()),
        head +
            R"("2024-06-20","created":1768471200,"data":{"object":{"id":7,"total":1.10,"note":"x"},)"
            R"("previous_attributes":{"total":1.00,"old":[1],"note":null}},"livemode":false,"type":"order.updated"})");
    expect(made("stripe", gone()), head + R"(null,"created":1768471200,"data":{"object":null},"livemode":true,)"
                                          R"("type":"order.updated"})");
    expect(made("stripe", opaque()),
           head + R"(null,"created":1768471200,"data":{"object":"AP8=","data_base64":true},"livemode":true,)"
                  R"("type":"order.updated"})");
}

void stripe_verifies(void**) {
    const Format& stripe = format("stripe");
    const Fields good = sign("stripe", secrets(), {}, noon, "{}");
    const std::string value = header(good, "Stripe-Signature");
    const auto with = [&](const std::string& other) {
        return stripe.verify({{"Stripe-Signature", other}}, "{}", secrets(), noon);
    };
    assert_true(with(value).ok());
    assert_true(with("v0=aa," + value + ",v1=bb").ok());
    refused(with(""), "is missing");
    refused(with("v1=aa"), "not a number");
    refused(with("t=1768471200"), "no v1");
    refused(with("t=1768471201" + value.substr(12)), "no v1 of Stripe-Signature fits");
    refused(stripe.verify(good, "{}", secrets(), noon + 301), "older than 300");
    refused(stripe.verify(good, "{}", secrets(), noon - 301), "ahead");
    refused(stripe.verify(good, "{}", {}, noon), "fits");
    refused(stripe.check_secret(Secret("short")), "Stripe secret");
    assert_false(stripe.renderer({}).ok());
}

void github_deliveries(void**) {
    expect(made("github", order()), R"({"action":"updated","order":{"id":7,"total":1.10,"note":"x"}})");
    expect(made("github", changed_order()), R"({"action":"updated","order":{"id":7,"total":1.10,"note":"x"},)"
                                            R"("changes":{"total":{"from":1.00},"old":{"from":[1]},"note":{}}})");
    expect(made("github?body=payload", order()), R"({"id":7,"total":1.10,"note":"x"})");
    expect(made("github", gone()), R"({"action":"updated","order":null})");
    expect(made("github?body=payload", gone()), R"({"id":7})");
    expect(made("github", opaque()), R"({"action":"updated","order":"AP8=","data_base64":true})");
    EventView event = order();
    event.resource = "action";
    event.action = "";
    expect(made("github", event), R"({"data":{"id":7,"total":1.10,"note":"x"}})");

    DeliveryView delivery;
    delivery.id = "dlv_1";
    delivery.resource = "order";
    const Fields first = sign("github", secrets(), delivery, noon, "{}");
    expect(header(first, "X-GitHub-Event"), "order");
    expect(header(first, "X-GitHub-Hook-ID"), "535");
    assert_true(header(first, "User-Agent").rfind("GitHub-Hookshot/", 0) == 0);
    const std::string guid = header(first, "X-GitHub-Delivery");
    assert_int_equal(guid.size(), 36);
    for (const size_t dash : {8, 13, 18, 23}) assert_int_equal(guid[dash], '-');
    expect(header(sign("github", secrets(), delivery, noon + 60, "{}"), "X-GitHub-Delivery"), guid);
    delivery.id = "dlv_2";
    assert_true(header(sign("github", secrets(), delivery, noon, "{}"), "X-GitHub-Delivery") != guid);

    const Format& github = format("github");
    assert_true(github.verify(first, "{}", secrets(), noon).ok());
    refused(github.verify(first, "{} ", secrets(), noon), "does not fit");
    const Fields legacy{{"X-Hub-Signature", header(first, "X-Hub-Signature")}};
    refused(github.verify(legacy, "{}", secrets(), noon), "X-Hub-Signature-256 is missing");
    const std::string bare = header(first, "X-Hub-Signature-256").substr(7);
    refused(github.verify({{"X-Hub-Signature-256", bare}}, "{}", secrets(), noon), "does not fit");
    // Without a secret nothing is signed, as GitHub has it.
    assert_true(github.check_secret(Secret()).ok());
    refused(github.check_secret(Secret("short")), "at least 16");
    assert_null(find_field(sign("github", {}, delivery, noon, "{}"), "X-Hub-Signature-256"));
}

void shopify_deliveries(void**) {
    expect(made("shopify", order()), std::string(order().payload));
    expect(made("shopify", gone()), R"({"id":7})");
    expect(made("shopify", opaque()), R"({"data":"AP8=","data_base64":true})");
    DeliveryView delivery;
    delivery.id = "dlv_1";
    delivery.resource = "order";
    delivery.action = "created";
    delivery.event = 77;
    delivery.event_ms = noon * 1000;
    const Fields one =
        sign("shopify?shop_domain=north.myshopify.com&sub_topic=type:order", secrets(), delivery, noon, "{}");
    expect(header(one, "X-Shopify-Topic"), "orders/create");
    expect(header(one, "X-Shopify-Shop-Domain"), "north.myshopify.com");
    expect(header(one, "X-Shopify-API-Version"), "2025-07");
    expect(header(one, "X-Shopify-Name"), "warehouse");
    expect(header(one, "X-Shopify-Sub-Topic"), "type:order");
    expect(header(one, "X-Shopify-Triggered-At"), "2026-01-15T10:00:00.000Z");
    // Deliveries of one event share its id, and have their own.
    delivery.id = "dlv_2";
    const Fields other = sign("shopify", secrets(), delivery, noon, "{}");
    expect(header(other, "X-Shopify-Event-Id"), header(one, "X-Shopify-Event-Id"));
    assert_true(header(other, "X-Shopify-Webhook-Id") != header(one, "X-Shopify-Webhook-Id"));
    assert_true(format("shopify").verify(one, "{}", secrets(), noon).ok());
    refused(format("shopify").verify(one, "{} ", secrets(), noon), "does not fit");
    refused(format("shopify").verify({}, "{}", secrets(), noon), "is missing");
    const std::array<const char*, 3> topics[] = {
        {"order", "updated", "orders/updated"},
        {"product", "updated", "products/update"},
        {"order", "paid", "orders/paid"},
        {"company", "deleted", "companies/delete"},
        {"key", "created", "keys/create"},
        {"orders", "line.added", "orders/line_added"},
        {"shop", "", "shops"},
    };
    for (const auto& [resource, action, topic] : topics) expect(shopify_topic(resource, action), topic);
}

void cloudevents_structured(void**) {
    const std::string head =
        R"({"specversion":"1.0","id":"evt_01JHKX4Q3T9V6","source":"/trotline","type":"order.updated",)"
        R"("subject":"order/7","time":"2026-01-15T10:00:00.007Z")";
    expect(body("cloudevents", order()),
           head + R"(,"datacontenttype":"application/json","data":{"id":7,"total":1.10,"note":"x"}})");
    expect(body("cloudevents", gone()), head + "}");
    expect(body("cloudevents", opaque()),
           head + R"(,"datacontenttype":"application/octet-stream","data_base64":"AP8="})");
    EventView cut = order();
    cut.flags = 2;
    cut.resource_id = "";
    if (body("cloudevents?source=https://shop.example/", cut)
            .find(
                R"("source":"https://shop.example/","type":"order.updated","subject":"order","time":"2026-01-15T10:00:00.007Z",)"
                R"("truncated":true,)") == std::string::npos)
        fail_msg("truncated");
    DeliveryView delivery;
    delivery.id = "dlv_1";
    Fields headers = sign("cloudevents", {}, delivery, noon, "{}");
    assert_int_equal(headers.size(), 1);
    expect(header(headers, "content-type"), "application/cloudevents+json; charset=utf-8");
    headers = sign("cloudevents", secrets(), delivery, noon, "{}");
    assert_true(format("cloudevents").verify(headers, "{}", secrets(), noon).ok());
    refused(format("cloudevents").verify(headers, "[]", secrets(), noon), "no signature");
    for (const char* source : {"cloudevents?source=a%20b", "cloudevents?source=%22", "cloudevents?source="})
        assert_null(find_style(source));
}

void cloudevents_binary(void**) {
    const char* style = "cloudevents?mode=binary";
    expect(body(style, order()), std::string(order().payload));
    assert_true(body(style, opaque()) == std::string("\0\xff", 2));
    assert_true(body(style, gone()).empty());
    DeliveryView delivery;
    delivery.id = "dlv_1";
    delivery.topic = "order.updated";
    delivery.resource = "order";
    delivery.resource_id =
        "Gr\xc3\xb6\xc3\x9f"
        "e \xff";
    delivery.event = 77;
    delivery.event_ms = noon * 1000;
    delivery.flags = 2;
    expect(lines(sign(style, {}, delivery, noon, "{}")),
           "content-type: application/json\nce-specversion: 1.0\nce-id: evt_000000000002D\nce-source: /trotline\n"
           "ce-type: order.updated\nce-subject: order/Gr%C3%B6%C3%9Fe%20%EF%BF%BD\nce-time: 2026-01-15T10:00:00.000Z\n"
           "ce-truncated: true\n");
    delivery.flags = 4;
    expect(header(sign(style, {}, delivery, noon, "x"), "content-type"), "application/octet-stream");
    assert_null(find_field(sign(style, {}, delivery, noon, ""), "content-type"));
}

// One request for several deliveries: a JSON array of their bodies, signed as one under the batch's id.
void batches(void**) {
    const std::pair<const char*, bool> able[] = {
        {"standard", true},      {"svix", true},        {"http-signature", true},
        {"plain", true},         {"cloudevents", true}, {"cloudevents?mode=binary", false},
        {"plain?body=x", false}, {"stripe", false},     {"github", false},
        {"shopify", false},      {"cosmic", false},     {"woocommerce", false},
        {"datocms", false}};
    for (const auto& [name, is] : able)
        if (style(name).format->batches(style(name).options) != is) fail_msg("%s", name);
    for (const char* name : {"standard", "svix", "http-signature", "plain", "cloudevents"}) {
        const std::unique_ptr<Renderer> made = renderer(name, secrets());
        const std::string one = made->body(order(), {});
        const std::string two = made->body(opaque(), {});
        const std::string three = made->body(gone(), {});
        const std::string all = made->batch({one, two, three});
        expect(all, "[" + one + "," + two + "," + three + "]");
        JsonReader reader;
        reader.load(all);
        assert_int_equal(reader.elements("").size(), 3);
        DeliveryView delivery;
        delivery.id = "bat_1";
        delivery.members = 3;
        delivery.at_s = noon;
        Fields headers;
        made->headers(delivery, all, headers);
        headers.push_back({"@target-uri", "https://warehouse.example/hooks"});
        if (!style(name).format->verify(headers, all, secrets(), noon)) fail_msg("%s: not signed as one", name);
        if (std::string(name) == "cloudevents")
            expect(header(headers, "content-type"), "application/cloudevents-batch+json; charset=utf-8");
        if (std::string(name) == "standard") expect(header(headers, "webhook-id"), "bat_1");
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(svix_is_standard_with_other_names),
        cmocka_unit_test(standard_tells_more_when_asked),
        cmocka_unit_test(stripe_bodies),
        cmocka_unit_test(stripe_verifies),
        cmocka_unit_test(github_deliveries),
        cmocka_unit_test(shopify_deliveries),
        cmocka_unit_test(cloudevents_structured),
        cmocka_unit_test(cloudevents_binary),
        cmocka_unit_test(batches),
    };
    return cmocka_run_group_tests_name("modern formats", tests, nullptr, nullptr);
}
