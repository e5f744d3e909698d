// Formats standard and woocommerce: the two signatures of the WooCommerce seed, bodies, headers, and every way in which
// verify says no. Known answers of all formats are in test_signatures.cc.

#include <jansson.h>

#include <memory>
#include <string>

#include "forms.h"

using namespace forms;

namespace {

constexpr int64_t noon = 1768471200;
constexpr const char* key1 = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

struct FreeJson {
    void operator()(json_t* value) const { json_decref(value); }
};
using Json = std::unique_ptr<json_t, FreeJson>;

void woocommerce_seed_examples(void**) {
    const char* body = R"({"action":"woocommerce_add_to_cart","arg":"7cbbc409ec990f19c78c75bd1e06f215"})";
    DeliveryView delivery{"dlv_X", 378, 535, "action.woocommerce_add_to_cart", "action", "woocommerce_add_to_cart"};
    Fields made = sign("woocommerce", secrets_of({"my-super-secret-private-key"}), delivery, 0, body);
    const std::pair<const char*, const char*> want[] = {
        {"User-Agent", "WooCommerce/2.3.0 Hookshot (WordPress/4.1)"},
        {"Content-Type", "application/json"},
        {"X-WC-Webhook-Topic", "action.woocommerce_add_to_cart"},
        {"X-WC-Webhook-Resource", "action"},
        {"X-WC-Webhook-Event", "woocommerce_add_to_cart"},
        {"X-WC-Webhook-Signature", "geC1akFhCtsO7fbXz5XiGUsMsRa4Mt0IJsZ96nTaHjI="},
        {"X-WC-Webhook-ID", "535"},
        {"X-WC-Webhook-Delivery-ID", "378"},
    };
    assert_int_equal(made.size(), 9);  // Accept, which WordPress sends, besides
    for (auto [name, value] : want) expect(header(made, name), value);
    const char* second = R"({"action":"woocommerce_add_to_cart","arg":"c16a5320fa475530d9583c34fd356ef5"})";
    made = sign("woocommerce", secrets_of({"my-super-secret-private-key"}), delivery, 0, second);
    expect(header(made, "X-WC-Webhook-Signature"), "st4egVCTwG1JMfxmxe7MZYEuj9Y6Euge4SOTNfCUCWY=");
    EventView event;
    event.payload = "{\"a\": 1 }\n";
    expect(forms::body("woocommerce", event, secrets_of({"my-super-secret-private-key"})), "{\"a\": 1 }\n");
}

void woocommerce_verify_says_no(void**) {
    const Format& wc = format("woocommerce");
    Fields made = sign("woocommerce", secrets_of({"my-super-secret-private-key"}), {}, 0, "{}");
    refused(wc.verify(made, "{} ", secrets_of({"my-super-secret-private-key"}), 0), "does not fit");
    refused(wc.verify(made, "{}", secrets_of({"my-super-secret-private-kez"}), 0), "does not fit");
    refused(wc.verify(made, "{}", {}, 0), "does not fit");
    refused(wc.verify({}, "{}", secrets_of({"my-super-secret-private-key"}), 0), "X-WC-Webhook-Signature is missing");
    assert_false(wc.renderer({}).ok());
    assert_false(wc.check_secret(Secret("15 bytes long..")).ok());
    assert_true(wc.check_secret(Secret("16 bytes long...")).ok());
}

EventView order() {
    EventView event;
    event.id = "evt_01JHKX4Q3T9V6";
    event.topic = "order.created";
    event.resource = "order";
    event.resource_id = "1042";
    event.at_ms = noon * 1000 + 7;
    event.payload = "{ \"id\":1042,\"total\":1.10 }";
    return event;
}

std::string standard_body_of(const EventView& event) { return forms::body("standard", event, secrets_of({key1})); }

void standard_body(void**) {
    EventView event = order();
    expect(standard_body_of(event),
           "{\"id\":\"evt_01JHKX4Q3T9V6\",\"type\":\"order.created\",\"timestamp\":\"2026-01-15T10:00:00.007Z\","
           "\"subject\":\"order/1042\",\"data\":{ \"id\":1042,\"total\":1.10 }}");
    event.resource_id = "";
    event.payload = "";
    expect(standard_body_of(event),
           "{\"id\":\"evt_01JHKX4Q3T9V6\",\"type\":\"order.created\",\"timestamp\":\"2026-01-15T10:00:00.007Z\","
           "\"subject\":\"order\",\"data\":null}");
    event.resource = "";
    event.payload = std::string_view("\0\xff", 2);
    event.payload_json = false;
    event.flags = 2;
    expect(standard_body_of(event),
           "{\"id\":\"evt_01JHKX4Q3T9V6\",\"type\":\"order.created\",\"timestamp\":\"2026-01-15T10:00:00.007Z\","
           "\"data\":\"AP8=\",\"data_base64\":true,\"truncated\":true}");
}

// Whatever bytes an id has, the body is JSON that a strict parser takes.
void standard_body_is_always_json(void**) {
    const std::string ids[] = {"a\"b\\c/d",
                               std::string("\0\x01\x1f\x7f", 4),
                               "Gr\xc3\xb6\xc3\x9f"
                               "e \xe6\x97\xa5 \xf0\x9f\x98\x80",
                               "\xff\xfe",
                               "\xc0\x80",
                               "\xed\xa0\x80",
                               "\xf4\x90\x80\x80",
                               "\xe6\x97",
                               "\xf0\x9f\x98",
                               "\r\nX: y"};
    for (const std::string& id : ids) {
        EventView event = order();
        event.resource_id = id;
        std::string body = standard_body_of(event);
        json_error_t error;
        Json parsed(json_loadb(body.data(), body.size(), JSON_ALLOW_NUL, &error));
        if (parsed == nullptr) fail_msg("%s: %s", error.text, body.c_str());
        json_t* subject = json_object_get(parsed.get(), "subject");
        std::string read(json_string_value(subject), json_string_length(subject));
        if (id.find_first_of("\xff\xc0\xed\xf4") == std::string::npos && id != "\xe6\x97" && id != "\xf0\x9f\x98")
            assert_true(read == "order/" + id);
        else
            assert_true(read.find("\xef\xbf\xbd") != std::string::npos);
    }
}

void standard_headers(void**) {
    DeliveryView delivery;
    delivery.id = "dlv_01JHKX4Q3T9V6";
    Fields made = sign("standard", secrets_of({key1}), delivery, noon, "{}");
    assert_int_equal(made.size(), 4);
    expect(header(made, "content-type"), "application/json");
    expect(header(made, "webhook-id"), "dlv_01JHKX4Q3T9V6");
    // The id stays, the time and the signature over it are the attempt's.
    Fields again = sign("standard", secrets_of({key1}), delivery, noon + 60, "{}");
    expect(header(again, "webhook-id"), header(made, "webhook-id"));
    assert_true(header(again, "webhook-signature") != header(made, "webhook-signature"));
}

void standard_verify(void**) {
    const Format& standard = format("standard");
    auto secrets = secrets_of({key1});
    DeliveryView delivery;
    delivery.id = "dlv_1";
    const Fields good = sign("standard", secrets, delivery, noon, "{}");
    assert_true(standard.verify(good, "{}", secrets, noon).ok());
    assert_true(standard.verify(good, "{}", secrets, noon + 300).ok());
    assert_true(standard.verify(good, "{}", secrets, noon - 300).ok());
    refused(standard.verify(good, "{}", secrets, noon + 301), "older than 300");
    refused(standard.verify(good, "{}", secrets, noon - 301), "ahead");
    refused(standard.verify(good, "{}\n", secrets, noon), "no signature");
    auto with = [&](size_t index, const std::string& value) {
        Fields changed = good;
        changed[index].value = value;
        return standard.verify(changed, "{}", secrets, noon);
    };
    const std::string ours = good[3].value;
    assert_true(with(3, "v1a,AAAA v2,xyz v1,wrong= " + ours).ok());
    assert_true(with(3, ours + " v9,later").ok());
    refused(with(3, "v2," + ours.substr(3)), "no signature");
    refused(with(3, ours.substr(3)), "no signature");
    refused(with(3, "v1a," + ours.substr(3)), "no signature");
    refused(with(1, "dlv_2"), "no signature");
    refused(with(2, std::to_string(noon + 1)), "no signature");
    for (const char* time : {"x", "1.5", "-1", "17684712000000000000000000", "0x10", " 1"})
        refused(with(2, time), "number");
    for (size_t i = 1; i < 4; ++i) {
        Fields missing = good;
        missing.erase(missing.begin() + static_cast<long>(i));
        refused(standard.verify(missing, "{}", secrets, noon), "is missing");
        refused(with(i, ""), "is missing");
    }
    refused(standard.verify(good, "{}", {}, noon), "needs a secret");
}

void standard_secrets(void**) {
    const Format& standard = format("standard");
    auto whsec = [](size_t bytes) { return Secret("whsec_" + base64(std::string(bytes, 'k'))); };
    assert_true(standard.check_secret(whsec(24)).ok());
    assert_true(standard.check_secret(whsec(64)).ok());
    refused(standard.check_secret(whsec(23)), "23 bytes");
    refused(standard.check_secret(whsec(65)), "65 bytes");
    refused(standard.check_secret(Secret("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")), "whsec_");
    refused(standard.check_secret(Secret("whsec_not base64")), "not base64");
    refused(standard.check_secret(Secret()), "whsec_");
    assert_false(standard.renderer({}).ok());
    Recipient recipient;
    recipient.secrets = secrets_of({key1, "old"});
    assert_false(standard.renderer(recipient).ok());
}

// S282 of ssrf.tsv: whatever a topic or id holds, no header can be broken out of.
void header_values_are_safe(void**) {
    const std::string evil("order.created\r\nX: 1\n\0\x7f", 23);
    DeliveryView delivery{evil, 1, 1, evil, evil, evil};
    for (const std::string_view name : format_names())
        for (const Field& field : sign(std::string(name), secrets_of({key1}), delivery, noon, "{}"))
            for (char c : field.value) assert_true(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
}

void vocabulary(void**) {
    Vocabulary words = shipped_vocabulary();
    assert_int_equal(words.formats.size(), format_names().size());
    assert_true(words.check_secret("standard", Secret(key1)).ok());
    assert_false(words.check_secret("standard", Secret("x")).ok());
    refused(words.check_secret("nonsense", Secret("x")), "nonsense");
    assert_true(words.reserved("nonsense").empty());
    for (std::string_view name : words.reserved("standard")) assert_true(lower(name) == name);
    assert_true(words.dialect("nonsense").empty());
    for (std::string_view name : words.dialects) assert_false(words.dialect(name).empty());
    assert_null(find_format("nonsense"));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(woocommerce_seed_examples),
        cmocka_unit_test(woocommerce_verify_says_no),
        cmocka_unit_test(standard_body),
        cmocka_unit_test(standard_body_is_always_json),
        cmocka_unit_test(standard_headers),
        cmocka_unit_test(standard_verify),
        cmocka_unit_test(standard_secrets),
        cmocka_unit_test(header_values_are_safe),
        cmocka_unit_test(vocabulary),
    };
    return cmocka_run_group_tests_name("formats", tests, nullptr, nullptr);
}
