// Specs, what they make of an event, and claims.
#include <sys/stat.h>

#include "plan/shape_check.h"
#include "shape/claim.h"
#include "shape/recipe.h"
#include "tests/unit/store/store_fixture.h"

namespace {

using namespace trot;

Event order() {
    Event event;
    event.number = 7;
    event.topic = "order.paid";
    event.resource = "order";
    event.resource_id = "a/1";
    event.action = "paid";
    event.payload = std::make_shared<const std::string>(R"({"id":1,"email":"x@y","state":"paid"})");
    event.previous = std::make_shared<const std::string>(R"({"id":1,"email":"old@y","state":"new"})");
    return event;
}

std::unique_ptr<Recipe> made(const ShapeRules& rules, const std::string& filter = "") {
    Result<std::unique_ptr<Recipe>> recipe = Recipe::make(spell_shape(rules, filter), rules.hash_keys);
    if (!recipe) fail_msg("%s", recipe.fault().text.c_str());
    return std::move(recipe).value();
}

void no_rules_are_no_shape(void**) {
    assert_string_equal(spell_shape(ShapeRules(), "").c_str(), "");
    ShapeRules rules;
    rules.claim_ms = 5;  // of a payload that is no claim: nothing
    rules.public_url = "https://x.example";
    assert_string_equal(spell_shape(rules, "").c_str(), "");
}

void a_spec_says_all_but_keys(void**) {
    ShapeRules rules;
    rules.drop = {"/a"};
    rules.hash = {"/b"};
    rules.hash_keys = {Secret("0123456789abcdef"), Secret("fedcba9876543210")};
    rules.transform = ".x";
    const std::string spec = spell_shape(rules, ".y");
    assert_true(spec.find("0123456789abcdef") == std::string::npos);
    const Result<ShapeSpec> read = read_shape_spec(spec);
    assert_true(read.ok());
    assert_string_equal(read.value().filter.c_str(), ".y");
    assert_string_equal(read.value().rules.transform.c_str(), ".x");
    assert_true(read.value().rules.drop == rules.drop && read.value().rules.hash == rules.hash);
    // The same rules with another key are another shape; the key behind it still fits the old one.
    ShapeRules newer = rules;
    newer.hash_keys = {Secret("another-new-key-here"), Secret("0123456789abcdef")};
    assert_true(spell_shape(newer, ".y") != spec);
    assert_true(Recipe::make(spec, newer.hash_keys).ok());
    const auto without = Recipe::make(spec, {Secret("another-new-key-here")});
    assert_false(without.ok());
    assert_true(without.fault().text.find("hash_key") != std::string::npos);
}

// What a newer Trotline would leave out is not known here: nothing goes out, rather than too much.
void an_unknown_spec_makes_nothing(void**) {
    for (const char* spec : {R"({"payload":"tiny"})", R"({"drop":["/a"],"blur":["/b"]})", "{", "[]", ""})
        if (Recipe::make(spec, {}).ok()) fail_msg("was taken: %s", spec);
}

void fields_are_hidden_in_both_states(void**) {
    ShapeRules rules;
    rules.drop = {"/email"};
    const Result<Event> out = made(rules)->hide(order());
    assert_true(out.ok());
    assert_string_equal(out.value().payload->c_str(), R"({"id":1,"state":"paid"})");
    assert_string_equal(out.value().previous->c_str(), R"({"id":1,"state":"new"})");
    Event opaque = order();
    opaque.flags = event_opaque;
    assert_false(made(rules)->hide(opaque).ok());
    Event cut = order();
    cut.flags = event_truncated;
    cut.payload = std::make_shared<const std::string>(R"({"id":1,"email":"x@)");
    assert_false(made(rules)->hide(cut).ok());
    Event bare = order();
    bare.payload = nullptr;
    bare.previous = nullptr;
    assert_true(made(rules)->hide(bare).ok());
}

void a_thin_payload_has_a_link_and_no_more(void**) {
    ShapeRules rules;
    rules.payload = ShapeRules::Payload::thin;
    rules.link = "https://shop.example/{resource}s/{id}?e={event}";
    const Event out = made(rules)->link(order());
    assert_string_equal(out.payload->c_str(),
                        R"({"id":"a/1","type":"order","url":"https://shop.example/orders/a%2F1?e=evt_0000000000007"})");
    assert_null(out.previous.get());
    rules.link.clear();
    assert_string_equal(made(rules)->link(order()).payload->c_str(), R"({"id":"a/1","type":"order"})");
    assert_false(check_link("https://x.example/{nope}").ok());
    assert_false(check_link("https://x.example/{").ok());
    assert_false(check_link("https://x.example/}").ok());
}

void jq_gets_the_event_as_json(void**) {
    JsonReader reader;
    std::string text = Recipe::question(order());
    reader.load(text);
    assert_true(reader.valid());
    assert_string_equal(json_text(reader.find("/event/topic")).c_str(), "order.paid");
    assert_string_equal(json_text(reader.find("/event/previous/state")).c_str(), "new");
    assert_string_equal(json_text(reader.find("/payload/state")).c_str(), "paid");
    Event opaque = order();
    opaque.flags = event_opaque;
    opaque.payload = std::make_shared<const std::string>("\xff");
    text = Recipe::question(opaque);
    reader.load(text);
    assert_true(reader.valid());
}

void only_our_own_claims_are_read(void**) {
    const trot_test::TempDir dir;
    const Result<Secret> key = claim_key(dir.path());
    assert_true(key.ok());
    struct stat found {};
    assert_int_equal(stat((dir.path() + "/claims.key").c_str(), &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
    assert_true(claim_key(dir.path()).value().reveal() == key.value().reveal());
    const std::string url = claim_url("https://hooks.example/shop/", 77, key.value());
    const std::string front = "https://hooks.example" + claim_path("https://hooks.example/shop/");
    assert_string_equal(claim_path("https://hooks.example").c_str(), "/trotline/claims/");
    assert_string_equal(url.substr(0, front.size()).c_str(), front.c_str());
    const std::string rest = url.substr(front.size());
    assert_int_equal(read_claim(rest, key.value()), 77);
    assert_true(claim_url("https://hooks.example/shop", 77, key.value()) == url);
    for (size_t at = 0; at < rest.size(); ++at) {
        std::string bent = rest;
        bent[at] = bent[at] == '0' ? '1' : '0';
        if (bent != rest) assert_int_equal(read_claim(bent, key.value()), 0);
        assert_int_equal(read_claim(rest.substr(0, at), key.value()), 0);
    }
    assert_int_equal(read_claim(rest + "x", key.value()), 0);
    assert_int_equal(read_claim(rest, Secret("another key")), 0);
}

void a_claim_ends_some_time_after_its_delivery(void**) {
    Delivery delivery;
    assert_true(claim_holds(delivery, 1000, 1LL << 50));  // still being tried
    delivery.state = DeliveryState::delivered;
    delivery.finished_ms = 5000;
    assert_true(claim_holds(delivery, 1000, 5999));
    assert_false(claim_holds(delivery, 1000, 6000));
    delivery.state = DeliveryState::cancelled;
    assert_false(claim_holds(delivery, 1000, 5001));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(no_rules_are_no_shape),
        cmocka_unit_test(a_spec_says_all_but_keys),
        cmocka_unit_test(an_unknown_spec_makes_nothing),
        cmocka_unit_test(fields_are_hidden_in_both_states),
        cmocka_unit_test(a_thin_payload_has_a_link_and_no_more),
        cmocka_unit_test(jq_gets_the_event_as_json),
        cmocka_unit_test(only_our_own_claims_are_read),
        cmocka_unit_test(a_claim_ends_some_time_after_its_delivery),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
