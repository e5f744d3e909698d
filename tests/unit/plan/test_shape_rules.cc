// [delivery] and [[subscription]]: filters and shapes, and every way to write them wrong.
#include "loading.h"
#include "plan/subscription_json.h"

namespace {

using test::load;
using test::refused;
using trot::FilterTerm;
using trot::ShapeRules;

const std::string one =
    "[[subscription]]\nname = \"a\"\ntopics = [\"*\"]\nurl = \"https://a.example/\"\nsecret = { env = \"S\" }\n";

void conditions_are_read(void**) {
    const auto plan = load(
        one +
        "when = { \"/status\" = [\"paid\", \"open\"], \"changed:/status\" = true, \"/total\" = { above = 100, below = "
        "200.5 }, \"context:environment\" = { not = \"dev\" }, \"previous:/x\" = { present = false }, \"action\" = { "
        "regex = \"^upd\" } }\n");
    const trot::Subscription& read = plan->subscriptions[0];
    assert_int_equal(read.selectors.size(), 1);
    assert_true(read.selectors[0].topics == std::vector<std::string>({"*"}));
    const auto& terms = read.selectors[0].terms;
    assert_int_equal(terms.size(), 7);
    for (const FilterTerm& term : terms) {
        if (term.what == "/status") assert_int_equal(term.values.size(), 2);
        if (term.test == FilterTerm::Test::below) assert_true(term.number == 200.5);
        if (term.what == "previous:/x") assert_true(term.test == FilterTerm::Test::absent);
        if (term.what == "action") assert_non_null(term.regex.get());
    }
    // What an API's subscriptions keep in the store says the same.
    const auto again = trot::read_selectors(trot::spell_selectors(read.selectors));
    assert_true(again.ok());
    assert_int_equal(again.value()[0].terms.size(), 7);
    for (size_t i = 0; i < terms.size(); ++i) {
        assert_true(again.value()[0].terms[i].test == terms[i].test);
        assert_true(again.value()[0].terms[i].values == terms[i].values);
        assert_true((again.value()[0].terms[i].regex != nullptr) == (terms[i].regex != nullptr));
    }
}

void wrong_conditions_are_refused_at_their_place(void**) {
    refused(one + "when = { \"status\" = \"paid\" }\n",
            {"t.toml:6:10", "\"status\" is nothing that an event has", "/POINTER"});
    refused(one + "when = { \"/a\" = { above = \"x\" } }\n", {"'above' compares with a number"});
    refused(one + "when = { \"/a\" = { regex = \"(\" } }\n", {"regex \"(\" is wrong"});
    refused(one + "when = { \"/a\" = { abov = 1 } }\n", {"abov", "above"});
    refused(one + "when = { \"/a\" = {} }\n", {"is empty"});
    refused(one + "when = { \"changed:/a\" = \"yes\" }\n", {"is true or false"});
    refused(one + "when = { \"/a~2\" = 1 }\n", {"nothing that an event has"});
    refused(one + "when = \"x\"\n", {"'when' must be"});
    refused(one + "when = { \"/a\" = [] }\n", {"/a"});
}

void a_shape_is_read_and_delivery_says_it_for_all(void**) {
    const auto plan = load(
        "[delivery]\ndrop = [\"/email\"]\npublic_url = \"https://hooks.example/shop\"\n" + one +
        "[[subscription]]\nname = \"b\"\ntopics = [\"*\"]\nurl = \"https://b.example/\"\nsecret = { env = \"S\" }\n"
        "drop = []\nmask = \"/a/*/b\"\npayload = \"claim\"\nclaim_for = \"2h\"\nfilter = \".a\"\n");
    assert_true(plan->subscriptions[0].shape.drop == std::vector<std::string>({"/email"}));
    assert_true(plan->delivery.shape.drop == plan->subscriptions[0].shape.drop);
    const ShapeRules& b = plan->subscriptions[1].shape;
    assert_true(b.drop.empty());
    assert_true(b.payload == ShapeRules::Payload::claim);
    assert_int_equal(b.claim_ms, 7200000);
    assert_string_equal(plan->subscriptions[1].filter.c_str(), ".a");
    assert_true(plan->claim_paths == std::vector<std::string>({"/shop/trotline/claims/"}));
}

void wrong_shapes_are_refused_at_their_place(void**) {
    refused(one + "drop = [\"/a\", \"email\"]\n", {"t.toml:6:15", "JSON pointer"});
    refused(one + "drop = [\"\"]\n", {"JSON pointer"});
    refused(one + "hash = [\"/a\"]\n", {"'hash' needs a key"});
    refused(one + "hash = [\"/a\"]\nhash_key = \"short\"\n", {"'hash_key' has 5 bytes"});
    refused(one + "payload = \"tihn\"\n", {"payload", "thin"});
    refused(one + "payload = \"claim\"\n", {"public_url"});
    refused(one + "batch = { most = 5, wait = \"1s\" }\nfilter = \".a\"\n", {"'batch' and a jq program", "'when'"});
    refused(one + "batch = { most = 5, wait = \"1s\" }\ntransform = \".a\"\n", {"'batch' and a jq program"});
    refused(one + "public_url = \"hooks.example\"\n", {"'public_url'"});
    refused(one + "link = \"https://x/{name}\"\n", {"{name} is unknown", "{id}"});
    refused(one + "claim_for = \"1s\"\n", {"claim_for"});
}

void a_wrong_program_is_refused_at_its_place(void**) {
    trot::Vocabulary words = test::words();
    words.check_program = [](std::string_view program) -> trot::Result<void> {
        if (program == "bad") return trot::Fault{trot::Code::usage, "at its line 1, column 1: no"};
        return {};
    };
    const auto plan = trot::parse_plan(one + "filter = \"bad\"\ntransform = \"good\"\n", "t.toml", words);
    assert_false(plan.ok());
    test::says(plan.fault().text, "t.toml:6:10: the jq program of 'filter' is wrong: at its line 1, column 1: no");
    assert_true(plan.fault().text.find("transform") == std::string::npos);
}

}  // namespace

int main() {
    setenv("S", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 1);
    const CMUnitTest tests[] = {
        cmocka_unit_test(conditions_are_read),
        cmocka_unit_test(wrong_conditions_are_refused_at_their_place),
        cmocka_unit_test(a_shape_is_read_and_delivery_says_it_for_all),
        cmocka_unit_test(wrong_shapes_are_refused_at_their_place),
        cmocka_unit_test(a_wrong_program_is_refused_at_its_place),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
