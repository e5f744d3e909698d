// The formats of the seed systems: bodies and headers of cosmic, shareactor and cockpit by the appendix of the
// dialects' reference, and every recorded delivery of real servers rendered again from its event, byte for byte.

#include <dirent.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include "forms.h"

using namespace forms;

namespace {

constexpr const char* key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr const char* share_key = "ed06e2f4e7bdb5ee6050695aba5ed3f2725fd3394df22f3a8a0c2856123a";
constexpr const char* shop_key = "lab-webhook-secret";

EventView own_event() {
    EventView event;
    event.id = "evt_1";
    event.topic = "invoice.paid";
    event.resource = "invoice";
    event.action = "paid";
    event.resource_id = "7";
    event.at_ms = 1576861549889;
    event.payload = R"({"id":7,"total":1.10})";
    return event;
}

void an_own_topic_in_every_format(void**) {
    const EventView event = own_event();
    const std::vector<Secret> share = secrets_of({share_key});
    expect(body("woocommerce", event, share), R"({"id":7,"total":1.10})");
    expect(body("woocommerce?payload=legacy", event, share), R"({"invoice":{"id":7,"total":1.10}})");
    expect(body("cosmic", event), R"({"type":"invoice.paid","created_at":1576861549889,"data":{"id":7,"total":1.10}})");
    expect(body("cosmic?version=3", event),
           R"({"resource":"invoice","event":"paid","triggered_at":1576861549889,"data":{"id":7,"total":1.10}})");
    expect(body("shareactor", event, share),
           R"({"object_type":"invoice","previous_data":{},"kind":"invoice.paid","object":{"id":7,"total":1.10},)"
           R"("url":"https://warehouse.example/hooks"})");
    expect(body("cockpit", event),
           R"({"event":"invoice.paid","hook":"warehouse","backend":1,"args":[{"id":7,"total":1.10}]})");
}

// What an endpoint is asked before it gets anything else: the vendor's own receivers know it by the missing `object`.
void shareactor_asks(void**) {
    EventView event;
    event.topic = "webhook.confirmation";
    event.resource = "webhook";
    event.payload = "{}";
    const std::string asked = body("shareactor?message=confirmation", event, secrets_of({share_key}));
    expect(asked, R"({"object_type":"webhook","kind":"webhook.confirmation","url":"https://warehouse.example/hooks"})");
    DeliveryView delivery;
    delivery.attempt = 2;
    const Fields headers = sign("shareactor?message=confirmation", secrets_of({share_key}), delivery, 0, asked);
    expect(header(headers, "X-Share-Webhook-Type"), "WebhookConfirmation");
    expect(header(headers, "X-Share-Webhook-Retries"), "1");
    if (!format("shareactor").verify(headers, asked, secrets_of({share_key}), 0)) fail_msg("not signed");
    // What is the API's own is no part of a delivery's style.
    if (find_style("shareactor?handshake=false") != nullptr) fail_msg("handshake is a style");
    expect(spell_style("shareactor", {{"handshake", {"false"}}, {"ids", {"plain"}}}), "shareactor");
}

void no_payload_and_opaque_payloads(void**) {
    const std::vector<Secret> share = secrets_of({share_key});
    EventView event = own_event();
    event.payload = "";
    expect(body("woocommerce", event, share), R"({"id":7})");
    event.resource_id = "007";
    expect(body("woocommerce", event, share), R"({"id":"007"})");
    event.resource_id = "";
    expect(body("woocommerce", event, share), R"({"id":null})");
    expect(body("cosmic", event), R"({"type":"invoice.paid","created_at":1576861549889,"data":null})");
    expect(body("cockpit", event), R"({"event":"invoice.paid","hook":"warehouse","backend":1,"args":[]})");
    event.payload = std::string_view("[\xff", 2);
    event.payload_json = false;
    expect(body("woocommerce", event, share), R"({"data":"W/8=","data_base64":true})");
    expect(body("woocommerce?payload=legacy", event, share), R"({"data":"W/8=","data_base64":true})");
    expect(body("cosmic?props=id", event),
           R"({"type":"invoice.paid","created_at":1576861549889,"data":"W/8=","data_base64":true})");
    expect(body("cockpit", event),
           R"({"event":"invoice.paid","hook":"warehouse","backend":1,"args":["W/8="],"data_base64":true})");
    expect(body("shareactor", event, share),
           R"({"object_type":"invoice","previous_data":{},"kind":"invoice.paid","object":"W/8=","data_base64":true,)"
           R"("url":"https://warehouse.example/hooks"})");
}

void woocommerce_by_era(void**) {
    const std::vector<Secret> secrets = secrets_of({"my-super-secret-private-key"});
    DeliveryView delivery{"dlv_X", 378, 535, "order.updated", "order", "updated"};
    Fields made =
        sign("woocommerce?version=6.5.1&wordpress=6.1.9&source=http://127.0.0.1:8081/", secrets, delivery, 0, "{}");
    expect(header(made, "User-Agent"), "WooCommerce/6.5.1 Hookshot (WordPress/6.1.9)");
    expect(header(made, "X-WC-Webhook-Source"), "http://127.0.0.1:8081/");
    const std::string hash = header(made, "X-WC-Webhook-Delivery-ID");
    assert_int_equal(hash.size(), 32);
    assert_true(hash.find_first_not_of("0123456789abcdef") == std::string::npos);
    expect(header(sign("woocommerce?version=9.0", secrets, delivery, 9, "x"), "X-WC-Webhook-Delivery-ID"), hash);
    for (const char* old : {"woocommerce", "woocommerce?version=3.2.6", "woocommerce?version=9.0&delivery_id=integer"})
        expect(header(sign(old, secrets, delivery, 0, "{}"), "X-WC-Webhook-Delivery-ID"), "378");
    EventView event;
    event.topic = "order.deleted";
    event.resource = "order";
    event.action = "deleted";
    event.payload = R"({"id":727})";
    expect(body("woocommerce?payload=legacy", event, secrets), R"({"id":727})");
    event.action = "created";
    expect(body("woocommerce?payload=legacy", event, secrets), R"({"order":{"id":727}})");
    event.payload = R"({ "order" : {"id":727}})";
    expect(body("woocommerce?payload=legacy", event, secrets), R"({ "order" : {"id":727}})");
    event.resource = "action";
    event.payload = R"({"action":"woocommerce_add_to_cart","arg":"x"})";
    expect(body("woocommerce?payload=legacy", event, secrets), std::string(event.payload));
}

EventView edited_object() {
    EventView event;
    event.topic = "object.edited.draft";
    event.resource = "object";
    event.action = "edited.draft";
    event.at_ms = 1576861549889;
    event.payload =
        R"({"_id":"5dfcff5d6340c9000865cc25","slug":"my-awesome-title","metadata":{"slug":1},"status":"draft"})";
    return event;
}

void cosmic_deliveries(void**) {
    EventView event = edited_object();
    expect(body("cosmic", event),
           R"({"type":"object.edited.draft","created_at":1576861549889,"data":)" + std::string(event.payload) + "}");
    expect(body("cosmic?version=2", event),
           R"({"resource":"objects","event":"edited","triggered_at":1576861549889,"data":)" +
               std::string(event.payload) + "}");
    expect(
        body("cosmic?props=status,slug", event),
        R"({"type":"object.edited.draft","created_at":1576861549889,"data":{"slug":"my-awesome-title","status":"draft"}})");
    expect(body("cosmic?data=false", event), R"({"type":"object.edited.draft","created_at":1576861549889})");
    DeliveryView delivery{"dlv_1", 1, 2, event.topic, event.resource, event.action};
    expect(lines(sign("cosmic", {}, delivery, 5, "{}")),
           "x-cosmicjs-event: object.edited.draft\naccept: application/json\ncontent-type: application/json\n");
    event.topic = "object.deleted";
    event.action = "deleted";
    expect(body("cosmic?props=slug", event),
           R"({"type":"object.deleted","created_at":1576861549889,"data":)" + std::string(event.payload) + "}");
    event.topic = "media.created";
    event.resource = "media";
    event.action = "created";
    event.payload = "[1]";
    expect(body("cosmic?version=3&props=slug", event),
           R"({"resource":"media","event":"created","triggered_at":1576861549889,"data":[1]})");
}

void a_secret_signs_what_has_no_signature(void**) {
    const std::vector<Secret> secrets = secrets_of({key});
    for (const char* name : {"cosmic", "datocms", "cockpit"}) {
        DeliveryView delivery{"dlv_1", 1, 2, "a.b", "a", "b"};
        const Fields made = sign(name, secrets, delivery, 1768471200, "{}");
        expect(header(made, "webhook-id"), "dlv_1");
        assert_true(format(name).verify(made, "{}", secrets, 1768471200).ok());
        refused(format(name).verify(made, "{ }", secrets, 1768471200), "no signature");
        assert_true(format(name).check_secret(Secret()).ok());
        assert_true(format(name).check_secret(Secret(key)).ok());
        refused(format(name).check_secret(Secret("short")), "whsec_");
    }
}

void shareactor_deliveries(void**) {
    const std::vector<Secret> secrets = secrets_of({share_key});
    EventView event;
    event.topic = "order.updated";
    event.resource = "order";
    event.action = "updated";
    event.payload = R"({"_id":{"$oid":"1"},"total_quantity":121,"currency":"NOK","note":"x"})";
    event.previous = R"({"_id":{"$oid":"1"},"total_quantity":120,"currency":"NOK","gone":null})";
    expect(body("shareactor", event, secrets),
           R"({"object_type":"order","previous_data":{"total_quantity":120,"gone":null},"kind":"order.updated",)"
           R"("object":{"_id":{"$oid":"1"},"total_quantity":121,"currency":"NOK","note":"x"},)"
           R"("url":"https://warehouse.example/hooks"})");
    // reference/dialects 5.2: a known answer of another implementation, whose secret is shorter than we allow.
    DeliveryView delivery{"dlv_1", 1, 2, event.topic, event.resource, event.action};
    delivery.attempt = 3;
    const Fields made = sign("shareactor", secrets_of({"s3cret"}), delivery, 5, R"({"id":727})");
    expect(lines(made),
           "Content-Type: application/json\nX-Share-Webhook-Type: WebhookMessage\nX-Share-Webhook-Signature: "
           "849436b87fcb27faacc944c24d3d57fd26718488c12cab675e7f7b68e2b5a167\nX-Share-Webhook-Retries: 2\n");
    const Format& share = format("shareactor");
    assert_true(share.verify(made, R"({"id":727})", secrets_of({"other", "s3cret"}), 0).ok());
    refused(share.verify(made, "{}", secrets_of({"s3cret"}), 0), "does not fit");
    refused(share.verify({}, "{}", secrets_of({"s3cret"}), 0), "is missing");
    refused(share.check_secret(Secret("s3cret")), "at least 16");
    assert_int_equal(share.policy().schedule_ms.size(), 4);
    assert_false(share.renderer({}).ok());
}

void cockpit_deliveries(void**) {
    EventView event;
    event.topic = "collections.save.after";
    event.payload = R"(["posts",{"title":"one"},false])";
    const std::string made = renderer("cockpit", {}, "all/é😀\"")->body(event, {});
    expect(made, R"({"event":"collections.save.after","hook":"all\/\u00e9\ud83d\ude00\"","backend":1,)"
                 R"("args":["posts",{"title":"one"},false]})");
    expect(
        body("cockpit?backend=0", event),
        R"({"event":"collections.save.after","hook":"warehouse","backend":0,"args":["posts",{"title":"one"},false]})");
    expect(lines(sign("cockpit", {}, {}, 0, "{}")),
           "User-Agent: \nAccept: */*\nContent-Type: application/json\nContent-Length: 2\n");
}

void styles(void**) {
    const FormatOptions options = {{"props", {"a b", "x,y", "%&="}}, {"version", {"3"}}, {"data", {"true"}}};
    const std::string text = spell_style("cosmic", options);
    expect(text, "cosmic?version=3&props=a%20b,x%2Cy,%25%26%3D&data=true");
    const Style& read = style(text);
    assert_int_equal(read.options.size(), 3);
    assert_true(*option_values(read.options, "props") == options[0].values);
    assert_ptr_equal(find_style(text), &read);
    expect(spell_style("cosmic", {{"props", {}}}), "cosmic?props=");
    assert_true(option_values(style("cosmic?props=").options, "props")->empty());
    expect(spell_style("standard", {}), "standard");
    assert_true(style("standard").shared && style("cosmic?version=3").shared && style("woocommerce").shared);
    assert_false(style("cockpit").shared || style("shareactor").shared);
    for (const char* wrong : {"", "?", "nonsense", "standard?version=1", "cosmic?version=4", "cosmic?nonsense=1",
                              "cosmic?data=yes", "cosmic?props=%4", "cosmic?props=%zz", "woocommerce?version=x"})
        if (find_style(wrong) != nullptr) fail_msg("%s is a style", wrong);
}

struct Recorded {
    std::string name, body;
    Fields headers;
};

std::vector<Recorded> deliveries(const std::string& folder) {
    const std::string path = std::string(TROTLINE_TESTS_DIR "/cases/traffic/") + folder;
    std::vector<std::string> names;
    DIR* open = opendir(path.c_str());
    assert_non_null(open);
    while (const dirent* entry = readdir(open))
        if (std::string(entry->d_name).rfind("delivery-", 0) == 0) names.emplace_back(entry->d_name);
    closedir(open);
    std::sort(names.begin(), names.end());
    std::vector<Recorded> out;
    for (const std::string& name : names) {
        std::ifstream file(path + "/" + name, std::ios::binary);
        Recorded one{name, {}, {}};
        std::string line;
        std::getline(file, line);
        while (std::getline(file, line) && !line.empty() && line != "\r") {
            if (line.back() == '\r') line.pop_back();
            one.headers.push_back({line.substr(0, line.find(':')), line.substr(line.find(':') + 2)});
        }
        std::ostringstream rest;
        rest << file.rdbuf();
        one.body = rest.str();
        const size_t length = std::stoul(header(one.headers, "Content-Length"));
        assert_true(one.body.size() >= length);
        one.body.resize(length);
        out.push_back(std::move(one));
    }
    return out;
}

// The members of a recorded body of Cockpit, which are always in this order.
std::string between(const std::string& text, const std::string& before, const std::string& after) {
    const size_t at = text.find(before) + before.size();
    return text.substr(at, (after == "}" ? text.size() - 1 : text.find(after, at)) - at);
}

void recorded_cockpit_deliveries(void**) {
    size_t count = 0;
    for (const Recorded& one : deliveries("cockpit1")) {
        const std::string topic = between(one.body, R"({"event":")", R"(","hook":")");
        const std::string name = between(one.body, R"("hook":")", R"(","backend":)");
        const std::string args = between(one.body, R"("args":)", "}");
        EventView event;
        event.topic = topic;
        event.payload = args;
        const auto made = renderer("cockpit", {}, name);
        if (made->body(event, {}) != one.body) fail_msg("%s: %s", one.name.c_str(), made->body(event, {}).c_str());
        // Host is the transport's, as everywhere; a User-Agent without a value is none.
        Fields headers;
        made->headers({}, one.body, headers);
        headers.erase(headers.begin());
        Fields want = one.headers;
        std::erase_if(want, [](const Field& field) { return field.name == "Host" || field.name == "Authorization"; });
        want.resize(std::min(want.size(), headers.size()));  // the webhook's own ones follow
        if (lines(headers) != lines(want)) fail_msg("%s: %s", one.name.c_str(), lines(headers).c_str());
        ++count;
    }
    assert_true(count > 40);
}

void recorded_woocommerce_deliveries(void**) {
    // Of the transport, or of WordPress's client for its own sake; see woocommerce.h.
    const std::vector<std::string> not_copied = {"Host", "Accept-Encoding", "Referer", "Connection", "Content-Length"};
    size_t count = 0;
    for (const char* folder : {"woocommerce", "woocommerce-front"})
        for (const Recorded& one : deliveries(folder)) {
            EventView event;
            event.topic = header(one.headers, "X-WC-Webhook-Topic");
            event.resource = header(one.headers, "X-WC-Webhook-Resource");
            event.action = header(one.headers, "X-WC-Webhook-Event");
            event.payload = one.body;
            const bool legacy = one.name.find("legacy-") != std::string::npos;
            const std::string agent = header(one.headers, "User-Agent");  // WooCommerce/V Hookshot (WordPress/W)
            const auto made = renderer("woocommerce?version=" + between(agent, "WooCommerce/", " ") +
                                           "&wordpress=" + between(agent, "(WordPress/", ")") +
                                           "&source=" + header(one.headers, "X-WC-Webhook-Source") +
                                           (legacy ? "&payload=legacy" : ""),
                                       secrets_of({shop_key}));
            DeliveryView delivery{
                "dlv_1",        378,         std::stol(header(one.headers, "X-WC-Webhook-ID")), event.topic,
                event.resource, event.action};
            expect(made->body(event, delivery), one.body);
            if (legacy) {  // the same from what the modern API would have answered
                const std::string inner = one.body.substr(one.body.find(':') + 1);
                event.payload = std::string_view(inner).substr(0, inner.size() - 1);
                expect(made->body(event, delivery), one.body);
            }
            Fields headers;
            made->headers(delivery, one.body, headers);
            Fields want = one.headers;
            std::erase_if(want, [&](const Field& field) {
                return std::find(not_copied.begin(), not_copied.end(), field.name) != not_copied.end();
            });
            assert_int_equal(want.back().value.size(), 32);  // X-WC-Webhook-Delivery-ID
            want.back().value = headers.back().value;
            if (lines(headers) != lines(want))
                fail_msg("%s: %s%s", one.name.c_str(), lines(headers).c_str(), lines(want).c_str());
            ++count;
        }
    assert_true(count > 50);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(an_own_topic_in_every_format),
        cmocka_unit_test(shareactor_asks),
        cmocka_unit_test(no_payload_and_opaque_payloads),
        cmocka_unit_test(woocommerce_by_era),
        cmocka_unit_test(cosmic_deliveries),
        cmocka_unit_test(a_secret_signs_what_has_no_signature),
        cmocka_unit_test(shareactor_deliveries),
        cmocka_unit_test(cockpit_deliveries),
        cmocka_unit_test(styles),
        cmocka_unit_test(recorded_cockpit_deliveries),
        cmocka_unit_test(recorded_woocommerce_deliveries),
    };
    return cmocka_run_group_tests_name("native formats", tests, nullptr, nullptr);
}
