// Format plain: what its templates make, what they may not be, and that a signature made by them is read back.

#include "dialect/line_template.h"
#include "forms.h"

using namespace forms;

namespace {

constexpr int64_t noon = 1768471200;
constexpr const char* key = "a key of many letters";
constexpr const char* old_key = "the key that was before";

EventView order() {
    EventView event;
    event.id = "evt_1";
    event.topic = "order.paid";
    event.resource = "order";
    event.action = "paid";
    event.resource_id = "7";
    event.at_ms = noon * 1000 + 7;
    event.payload = R"({"id":7,"note":"say \"hi\" <b>","lines":[1,2]})";
    return event;
}

FormatOptions options_of(const char* name, const char* value) { return {{name, {value}}}; }

std::string templated(const char* body_template, const char* type = "application/json") {
    FormatOptions options = options_of("body", body_template);
    options.push_back({"content_type", {type}});
    Recipient recipient;
    recipient.name = "ware\"house";
    recipient.options = options;
    return format("plain").renderer(recipient).value()->body(order(), {});
}

void bodies(void**) {
    expect(body("plain", order()), std::string(order().payload));
    EventView event = order();
    event.payload = "";
    expect(body("plain", event), R"({"id":7})");
    event.payload = std::string_view("\0\xff", 2);
    event.payload_json = false;
    expect(body("plain", event), R"({"data":"AP8=","data_base64":true})");
    // A text that a client wrote cannot break out of its string.
    expect(templated(R"({"n":"{{payload.note}}","o":{{{payload}}},"l":{{payload.lines}},"w":"{{subscription}}"})"),
           R"({"n":"say \"hi\" <b>","o":{"id":7,"note":"say \"hi\" <b>","lines":[1,2]},"l":[1,2],"w":"ware\"house"})");
    expect(templated("{{topic}} {{resource}}/{{resource_id}} {{action}} {{timestamp}} {{unix}} {{payload.note}}",
                     "text/html"),
           "order.paid order/7 paid 2026-01-15T10:00:00.007Z 1768471200 say &quot;hi&quot; &lt;b&gt;");
    const Style& shared = style("plain");
    assert_true(shared.shared);
    assert_false(style("plain?body=x").shared);
}

void usual_headers(void**) {
    DeliveryView delivery;
    delivery.id = "dlv_1";
    delivery.topic = "order.paid";
    const Fields made = sign("plain", secrets_of({key, old_key}), delivery, noon, "{}");
    assert_int_equal(made.size(), 5);
    expect(header(made, "Content-Type"), "application/json");
    expect(header(made, "X-Webhook-Id"), "dlv_1");
    expect(header(made, "X-Webhook-Topic"), "order.paid");
    expect(header(made, "X-Webhook-Timestamp"), "1768471200");
    const auto mac = [](const char* with) { return hex(Hmac(Digest::sha256, with).sign({"1768471200.{}"})); };
    expect(header(made, "X-Webhook-Signature"), "t=1768471200,v1=" + mac(key) + ",v1=" + mac(old_key));
    // A receiver of Stripe's reads it.
    assert_true(
        format("stripe")
            .verify({{"Stripe-Signature", header(made, "X-Webhook-Signature")}}, "{}", secrets_of({old_key}), noon)
            .ok());
    assert_null(find_field(sign("plain", {}, delivery, noon, "{}"), "X-Webhook-Signature"));
}

void signatures_are_read_back(void**) {
    const char* styles[] = {
        "plain",
        "plain?algorithm=sha512&encoding=base64&signed={{body}}&signature={{signature}}&signature_header=X-Sig",
        "plain?algorithm=sha1&signed={{id}}.{{timestamp}}.{{topic}}.{{body}}&signature=v0={{signatures|;}}",
        "plain?prefix=X-Acme-&signed={{timestamp}}{{body}}&signature={{id}}:{{signatures}}"};
    for (const char* text : styles) {
        const Style& as = style(text);
        DeliveryView delivery;
        delivery.id = "dlv_1";
        delivery.topic = "order.paid";
        const Fields made = sign(text, secrets_of({key, old_key}), delivery, noon, "{}\xff");
        const auto verdict = [&](const Fields& fields, std::string_view body, const char* with, int64_t now) {
            return as.format->verify_as(as.options, fields, body, secrets_of({with}), now);
        };
        if (!verdict(made, "{}\xff", key, noon)) fail_msg("%s: %s", text, lines(made).c_str());
        const bool several = std::string(text).find("signatures") != std::string::npos || std::string(text) == "plain";
        assert_int_equal(verdict(made, "{}\xff", old_key, noon).ok(), several);
        refused(verdict(made, "{}", key, noon), "fits the body");
        refused(verdict({}, "{}", key, noon), "is missing");
        if (std::string(text).find("signed={{body}}") == std::string::npos)
            refused(verdict(made, "{}\xff", key, noon + 301), "older than 300");
    }
    const Style& as = style("plain?signed={{body}}&signature=v0={{signature}}");
    refused(as.format->verify_as(as.options, {{"X-Webhook-Signature", "v1=aa"}}, "{}", secrets_of({key}), noon),
            "does not look as");
}

void wrong_options(void**) {
    for (const char* wrong :
         {"plain?signed={{timestamp}}", "plain?signed={{boddy}}", "plain?signed={{body", "plain?signature=v0",
          "plain?signature={{signature}}{{timestamp}}", "plain?signature={{signature}},{{signatures}}",
          "plain?signature={{body}}", "plain?signature={{signatures|}}", "plain?signature=a%0Ab{{signature}}",
          "plain?prefix=a%20b", "plain?prefix=a:", "plain?signature_header=Host",
          "plain?signature_header=", "plain?content_type=plain", "plain?body={{%23a}}", "plain?algorithm=md5"})
        if (find_style(wrong) != nullptr) fail_msg("was taken: %s", wrong);
    refused(format("plain").check_secret(Secret("short")), "at least 16");
    assert_true(format("plain").check_secret(Secret()).ok());
}

void line_templates(void**) {
    const auto read = [](const char* text) { return LineTemplate::read(text, {"a", "b"}); };
    const Result<LineTemplate> made = read("x{{a}}-{{ b }}y");
    assert_true(made.ok());
    const auto matched = made.value().match("x1-2y");
    assert_true(matched && matched->size() == 2 && (*matched)[0].second == "1" && (*matched)[1].second == "2");
    for (const char* line : {"", "x1-2", "1-2y", "x12y", "x1-2yz"}) assert_false(made.value().match(line).has_value());
    assert_true(read("").ok() && read("").value().match("").has_value());
    for (const char* wrong : {"{{a", "{{}}", "{{c}}", "{{a}}{{b}}", "{{a|}}"}) assert_false(read(wrong).ok());
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(bodies),        cmocka_unit_test(usual_headers),  cmocka_unit_test(signatures_are_read_back),
        cmocka_unit_test(wrong_options), cmocka_unit_test(line_templates),
    };
    return cmocka_run_group_tests_name("plain", tests, nullptr, nullptr);
}
