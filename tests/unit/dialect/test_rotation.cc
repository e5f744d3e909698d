// Rotation of secrets: until the old one's end both sign, or the newest in formats that carry one signature; from then
// on the new one alone. Keys of Standard Webhooks by their prefix, and the published key set.

#include <algorithm>

#include "dialect/jwks.h"
#include "dialect/webhook_key.h"
#include "forms.h"

using namespace forms;

namespace {

constexpr int64_t noon = 1768471200;
constexpr const char* shared = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr const char* newer = "whsec_dHJvdGxpbmUtdGVzdC1rZXktbnVtYmVyLXR3byEhISE=";
constexpr const char* pair =
    "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
constexpr const char* public_half = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";

// A renderer outlives the end of a secret: which ones sign is decided for each attempt.
void both_sign_until_the_end(void**) {
    const std::vector<Secret> secrets{Secret(newer), Secret(shared, noon)};
    for (const std::string_view name : format_names()) {
        const Format& of = *find_format(name);
        const std::unique_ptr<Renderer> made = renderer(std::string(name), secrets);
        const auto carried = [&](const char* secret, int64_t at) {
            DeliveryView delivery;
            delivery.id = "dlv_1";
            delivery.at_s = at;
            Fields headers;
            made->headers(delivery, "{}", headers);
            headers.push_back({"@target-uri", "https://warehouse.example/hooks"});
            return of.verify(headers, "{}", secrets_of({secret}), at).ok();
        };
        const bool one = name == "woocommerce" || name == "shareactor" || name == "github" || name == "shopify";
        if (!carried(newer, noon - 1) || !carried(newer, noon)) fail_msg("%s: the newest", name.data());
        if (carried(shared, noon - 1) == one) fail_msg("%s: before the end", name.data());
        if (carried(shared, noon)) fail_msg("%s: signs beyond the end", name.data());
        // What has ended proves nothing any more.
        DeliveryView delivery;
        delivery.at_s = noon;
        delivery.id = "dlv_1";
        Fields old;
        renderer(std::string(name), secrets_of({shared}))->headers(delivery, "{}", old);
        old.push_back({"@target-uri", "https://warehouse.example/hooks"});
        if (of.verify(old, "{}", secrets, noon).ok()) fail_msg("%s: verifies beyond the end", name.data());
        if (!of.verify(old, "{}", secrets_of({shared}), noon)) fail_msg("%s: the test itself", name.data());
    }
}

// The order is the file's: where the first has ended, formats with one signature take the next.
void the_newest_that_holds(void**) {
    const std::vector<Secret> secrets{Secret(newer, noon), Secret(shared)};
    for (const char* name : {"woocommerce", "shareactor", "github", "shopify"}) {
        Fields headers;
        DeliveryView delivery;
        delivery.at_s = noon;
        renderer(name, secrets)->headers(delivery, "{}", headers);
        assert_true(format(name).verify(headers, "{}", secrets_of({shared}), noon).ok());
    }
    // All have ended (the loader refuses that): still something that a receiver can look at.
    Fields headers;
    DeliveryView delivery;
    delivery.id = "dlv_1";
    delivery.at_s = noon;
    renderer("standard", {Secret(newer, 5), Secret(shared, 6)})->headers(delivery, "{}", headers);
    assert_true(format("standard").verify(headers, "{}", secrets_of({newer}), noon).ok());
}

void pairs(void**) {
    const Format& standard = format("standard");
    assert_true(standard.check_secret(Secret(pair)).ok());
    refused(standard.check_secret(Secret(public_half)), "cannot sign");
    refused(standard.check_secret(Secret("whsk_YWJj")), "3 bytes");
    refused(standard.check_secret(Secret("whsk_***")), "not base64");
    std::string other = pair;
    other[70] = other[70] == 'A' ? 'B' : 'A';
    refused(standard.check_secret(Secret(other)), "not the public key");
    DeliveryView delivery;
    delivery.id = "dlv_1";
    const Fields made = sign("standard", secrets_of({pair, shared}), delivery, noon, "{}");
    const std::string list = header(made, "webhook-signature");
    assert_true(list.rfind("v1a,", 0) == 0 && list.find(" v1,") != std::string::npos);
    for (const char* each : {pair, public_half, shared})
        assert_true(standard.verify(made, "{}", secrets_of({each}), noon).ok());
    refused(standard.verify(made, "{} ", secrets_of({public_half}), noon), "no signature");
    // A v1a is no v1, whatever it says.
    Fields renamed = made;
    renamed.back().value = "v1," + list.substr(4, list.find(' ') - 4);
    refused(standard.verify(renamed, "{}", secrets_of({public_half}), noon), "no signature");
    // Formats that only carry Standard Webhooks besides take a pair as well.
    assert_true(format("cosmic").check_secret(Secret(pair)).ok());
}

Subscription with(std::vector<Secret> secrets) {
    Subscription out;
    out.secrets = std::move(secrets);
    return out;
}

void published_keys(void**) {
    Plan plan;
    expect(key_set_json(plan, noon), "{\"keys\":[]}");
    plan.subscriptions = {with(secrets_of({shared, pair})), with(secrets_of({pair})),
                          with(secrets_of({"any text of 16"}))};
    const std::string one = key_set_json(plan, noon);
    expect(one, R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":"1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4","kid":")" +
                    one.substr(one.find("\"kid\":\"") + 7, 43) + R"(","use":"sig","alg":"EdDSA"}]})");
    // Nothing of a private or a shared key.
    for (const char* half : {"6Xb_dCcHpPea21PS", "6Xb/dCcHpPea21PS", "MfKQ9r8G", "\"d\""})
        assert_true(one.find(half) == std::string::npos);
    plan.subscriptions = {with({Secret(shared), Secret(pair, noon)})};
    expect(key_set_json(plan, noon - 1), one);
    expect(key_set_json(plan, noon), "{\"keys\":[]}");
    // RFC 8037 A.3: the thumbprint of RFC 8032's first key.
    const std::string key(
        "\xd7\x5a\x98\x01\x82\xb1\x0a\xb7\xd5\x4b\xfe\xd3\xc9\x64\x07\x3a\x0e\xe1\x72\xf3\xda\xa6\x23\x25\xaf\x02\x1a"
        "\x68\xf7\x07\x51\x1a",
        32);
    expect(key_thumbprint(key), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(both_sign_until_the_end),
        cmocka_unit_test(the_newest_that_holds),
        cmocka_unit_test(pairs),
        cmocka_unit_test(published_keys),
    };
    return cmocka_run_group_tests_name("rotation", tests, nullptr, nullptr);
}
