// Every entry of signatures.json (made with other implementations) as a known answer: what we sign is byte for byte
// that, we verify it, and not once anything has changed.

#include <jansson.h>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "dialect/cloudevents.h"
#include "forms.h"

using namespace forms;

namespace {

struct FreeJson {
    void operator()(json_t* value) const { json_decref(value); }
};

// One entry of the file.
class Vector {
  public:
    explicit Vector(json_t* json) : json_(json) {}

    std::string text(const char* name) const {
        const json_t* value = json_object_get(json_, name);
        if (!json_is_string(value)) fail_msg("%s has no %s", text("name").c_str(), name);
        return json_string_value(value);
    }
    bool has(const char* name) const { return json_object_get(json_, name) != nullptr; }
    int64_t at() const { return json_integer_value(json_object_get(json_, "timestamp")); }
    std::string header(const char* name) const {
        return json_string_value(json_object_get(json_object_get(json_, "header"), name));
    }
    // `secret`, or the new one and the old one.
    std::vector<Secret> secrets() const {
        std::vector<Secret> out;
        if (const json_t* list = json_object_get(json_, "secrets")) {
            for (size_t i = 0; i < json_array_size(list); ++i)
                out.emplace_back(std::string(json_string_value(json_array_get(list, i))));
        } else if (has("secretNew")) {
            out = {Secret(text("secretNew")), Secret(text("secretOld"))};
        } else {
            out = {Secret(has("secret") ? first_word(text("secret")) : text("keyUsed"))};
        }
        return out;
    }

  private:
    // Some secrets have a remark behind them: "whsec_… (base64-decoded 24 bytes)".
    static std::string first_word(const std::string& text) {
        return text.find(" (") == std::string::npos ? text : text.substr(0, text.find(' '));
    }
    json_t* json_;
};

// What is signed is the header, every secret verifies it, and a changed body does not.
void known_answer(const Vector& one, const std::string& style, const char* name, const std::string& body) {
    DeliveryView delivery;
    const std::string id = one.has("id") ? one.text("id") : "msg_1";
    delivery.id = id;
    const Fields made = sign(style, one.secrets(), delivery, one.at(), body);
    expect(header(made, name), one.header(name));
    const Style& read = forms::style(style);
    const auto verdict = [&](const Secret& secret, const std::string& given) {
        return read.format->verify_as(read.options, made, given, {secret}, one.at());
    };
    bool carried = false;  // formats that carry one signature have the newest secret's
    for (const Secret& secret : one.secrets()) {
        carried = carried || verdict(secret, body).ok();
        assert_false(verdict(secret, body + " ").ok());
    }
    assert_true(carried);
    assert_false(verdict(Secret("whsec_" + base64(std::string(24, 'x'))), body).ok());
}

void message_signature(const Vector& one, const std::string& body, const std::string& keyid) {
    Recipient recipient;
    recipient.url = "https://receiver.example/hooks/orders";
    recipient.secrets = one.secrets();
    recipient.options = {{"keyid", {keyid}}};
    auto renderer = format("http-signature").renderer(recipient);
    if (!renderer) fail_msg("%s", renderer.fault().text.c_str());
    DeliveryView delivery;
    delivery.id = "msg_01JHKX4Q3T9V6S2M8N0P5R7W1Y";
    delivery.at_s = 1768471200;
    Fields made;
    renderer.value()->headers(delivery, body, made);
    for (const char* name : {"Content-Digest", "Signature-Input", "Signature"})
        expect(header(made, name), one.header(name));
}

void handshake(const Vector& one) { assert_true(one.has("responseGranted")); }  // the consent's test has it

void hook0(const Vector& one) {
    const Fields made = sign(
        "plain?signature_header=X-Hook0-Signature&signed={{timestamp}}.{{body}}&"
        "signature=t={{timestamp}},v0={{signature}}",
        one.secrets(), {}, one.at(), one.text("body"));
    const std::string want = one.header("X-Hook0-Signature");
    expect(header(made, "X-Hook0-Signature"), want.substr(0, want.find(",h=")));
    // Its v1 covers headers as well, which no template says; the bytes are these.
    const std::string over = std::to_string(one.at()) +
                             ".x-event-id x-event-type.1a01cb48-5142-4d9b-8f90-d20cca61f0ee.service.resource.verb." +
                             one.text("body");
    expect(hex(Hmac(Digest::sha256, "secret").sign({over})), want.substr(want.find("v1=") + 3));
}

void every_entry_is_a_known_answer(void**) {
    json_error_t error;
    const std::unique_ptr<json_t, FreeJson> all(json_load_file(TROTLINE_TESTS_DIR "/cases/signatures.json", 0, &error));
    assert_non_null(all.get());
    std::string order;  // the body that many entries share
    const auto plain = [](const char* style, const char* name) {
        return [=](const Vector& one) { known_answer(one, style, name, one.text("body")); };
    };
    const auto standard = plain("standard", "webhook-signature");
    const auto woo = plain("woocommerce", "X-WC-Webhook-Signature");
    const auto github = [](const Vector& one) {
        known_answer(one, "github", "X-Hub-Signature-256", one.text("body"));
        expect(header(sign("github", one.secrets(), {}, 0, one.text("body")), "X-Hub-Signature"),
               one.header("X-Hub-Signature"));
    };
    const auto convoy = [](const char* style) {
        return [=](const Vector& one) {
            known_answer(one, std::string("plain?signature_header=X-Convoy-Signature&") + style, "X-Convoy-Signature",
                         one.text("payloadSigned"));
        };
    };
    const std::map<std::string, std::function<void(const Vector&)>> tests = {
        {"standard-webhooks v1", standard},
        {"standard-webhooks v1 rotation (new key first)", standard},
        {"standard-webhooks v1 empty body", standard},
        {"standard-webhooks v1a (svix test)", standard},
        {"standard-webhooks v1a (same message as v1)", standard},
        {"svix (server unit test)", plain("svix", "svix-signature")},
        {"stripe", plain("stripe", "Stripe-Signature")},
        {"stripe rotation",
         [](const Vector& one) {
             // Stripe's own has a v0 besides, which receivers pass over: so do we.
             const Fields made = sign("stripe", one.secrets(), {}, one.at(), one.text("body"));
             const std::string want = one.header("Stripe-Signature");
             expect(header(made, "Stripe-Signature"), want.substr(0, want.find(",v0=")));
             for (const Secret& secret : one.secrets())
                 assert_true(
                     format("stripe").verify({{"Stripe-Signature", want}}, one.text("body"), {secret}, one.at()).ok());
         }},
        {"github documented", github},
        {"github utf8", github},
        {"shopify", plain("shopify", "X-Shopify-Hmac-Sha256")},
        {"woocommerce action topic", woo},
        {"woocommerce PHP-style JSON bytes (escaped / and \\u)", woo},
        {"woocommerce secret stored HTML-escaped; key is the decoded form", woo},
        {"woocommerce deleted topic", woo},
        {"convoy advanced", convoy("signed={{timestamp}},{{body}}&signature=t={{timestamp}},v1={{signatures|,v1=}}")},
        {"convoy simple", convoy("signed={{body}}&signature={{signature}}")},
        {"hook0", hook0},
        {"outpost default mode",
         plain(
             "plain?prefix=x-outpost-&signature_header=x-outpost-signature&signed={{body}}&signature=v0={{signatures}}",
             "x-outpost-signature")},
        {"RFC 9421 hmac-sha256 + RFC 9530 Content-Digest",
         [&order](const Vector& one) {
             order = one.text("body");
             message_signature(one, order, "ep_1042");
         }},
        {"RFC 9421 ed25519", [&order](const Vector& one) { message_signature(one, order, "whk-2026-01"); }},
        {"cloudevents binary-mode header encoding (spec 3.1.3.2)",
         [](const Vector& one) { expect(cloudevents_header(one.text("value")), one.header("ce-subject")); }},
        {"cloudevents webhook abuse-protection handshake", handshake},
    };
    size_t index = 0;
    json_t* one = nullptr;
    std::set<std::string> seen;
    json_array_foreach(all.get(), index, one) {
        const std::string name = Vector(one).text("name");
        const auto found = tests.find(name);
        if (found == tests.end()) fail_msg("no test for \"%s\"", name.c_str());
        found->second(Vector(one));
        seen.insert(name);
    }
    assert_int_equal(seen.size(), tests.size());
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {cmocka_unit_test(every_entry_is_a_known_answer)};
    return cmocka_run_group_tests_name("signatures", tests, nullptr, nullptr);
}
