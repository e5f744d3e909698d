// What [delivery] says for all: for the subscriptions of the file and for those that APIs make, key by key; what a
// subscription or an API's client says itself comes first.
#include "loading.h"
#include "plan/adopt.h"
#include "plan/delivery_rules.h"

using namespace trot;

namespace {

enum class Reach { everyone, files };  // files: not those that an API makes

// A key, what [delivery] says, and what a subscription says instead.
struct Key {
    std::string_view name;
    std::string all, own;
    Reach reach = Reach::everyone;
};

const std::string pin_a = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const std::string pin_b = "sha256//BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

std::string client(const std::string& id) {
    return "oauth = { token_url = \"https://login.example/\", client_id = \"" + id + "\", client_secret = \"s3cret\" }";
}

std::vector<Key> keys() {
    const std::string hash_key = "\nhash_key = \"0123456789abcdef\"";
    return {
        {"schedule", "schedule = [\"7s\"]", "schedule = \"svix\""},
        {"jitter", "jitter = \"none\"", "jitter = \"equal\""},
        {"max_age", "max_age = \"3d\"", "max_age = \"none\""},
        {"timeout", "timeout = \"9s\"", "timeout = \"8s\""},
        {"connect_timeout", "connect_timeout = \"1s\"", "connect_timeout = \"2s\""},
        {"concurrency", "concurrency = 3", "concurrency = 2"},
        {"breaker", "breaker = { failures = 3, percent = 0, pause = \"2m\" }",
         "breaker = { failures = 4, percent = 1, pause = \"3m\" }"},
        {"rate", "rate = \"5/h\"", "rate = \"none\""},
        {"burst", "burst = 3", "burst = 2"},
        {"share", "share = \"origin\"", "share = \"none\""},
        {"adaptive", "adaptive = false", "adaptive = true"},
        {"disable_after", "disable_after = 3", "disable_after = 0"},
        {"disable_after_age", "disable_after_age = \"5d\"", "disable_after_age = \"none\""},
        {"consent", "consent = \"hooks.shop.example\"", "consent = false"},
        {"trace", "trace = false", "trace = true"},
        {"max_hops", "max_hops = 2", "max_hops = 3"},
        {"skip_own", "skip_own = [\"ck_a\"]", "skip_own = [\"ck_b\"]"},
        {"tls", "tls = { pins = [\"" + pin_a + "\"] }", "tls = { pins = [\"" + pin_b + "\"] }"},
        {"order", "order = \"resource\"", "order = \"none\""},
        {"coalesce", "coalesce = { quiet = \"2s\" }", "coalesce = false"},
        {"batch", "batch = { most = 5 }", "batch = false", Reach::files},
        {"headers", "headers = { X-A = \"1\", X-B = \"2\" }", "headers = { X-C = \"3\" }", Reach::files},
        {"basic_auth", "basic_auth = { user = \"a\", password = \"p\" }",
         "basic_auth = { user = \"b\", password = \"p\" }", Reach::files},
        {"bearer", "bearer = \"token-a\"", "bearer = \"\"", Reach::files},
        {"oauth", client("a"), client("b"), Reach::files},
        {"filter", "filter = \".a\"", "filter = \"\""},
        {"transform", "transform = \".a\"", "transform = \".b\""},
        {"drop", "drop = [\"/a\"]", "drop = []"},
        {"mask", "mask = [\"/a\"]", "mask = [\"/b\"]"},
        {"hash", "hash = [\"/a\"]" + hash_key, "hash = [\"/b\"]" + hash_key},
        {"hash_key", "hash_key = \"0123456789abcdef\"", "hash_key = \"fedcba9876543210\""},
        {"payload", "payload = \"thin\"", "payload = \"full\""},
        {"link", "link = \"https://shop.example/{id}\"", "link = \"\""},
        {"claim_for", "claim_for = \"2h\"", "claim_for = \"3h\""},
        {"public_url", "public_url = \"https://hooks.example\"", "public_url = \"https://other.example\""},
    };
}

// Its place in the file is the same, whatever stands behind.
PlanPtr with(const std::string& own, const std::string& delivery) {
    return test::load(
        "[[subscription]]\nname = \"w\"\ntopics = [\"*\"]\nurl = \"https://w.example/h\"\nsecret = "
        "\"whsec_long_enough\"\n" +
        own + "\n[delivery]\n" + delivery + "\n");
}

void every_key_reaches_everyone(void**) {
    std::vector<std::string_view> tried;
    const Subscription plain = with("", "")->subscriptions.at(0);
    for (const Key& key : keys()) {
        tried.push_back(key.name);
        const PlanPtr plan = with("", key.all);
        const Subscription& file = plan->subscriptions.at(0);
        if (file == plain) fail_msg("[delivery] %s says nothing", key.all.c_str());
        if (!(with(key.own, key.all)->subscriptions.at(0) == with(key.own, "")->subscriptions.at(0)))
            fail_msg("%s does not replace [delivery] %s", key.own.c_str(), key.all.c_str());
        Subscription made = plain;
        adopt_rules(made, *plan);
        Subscription wanted = key.reach == Reach::everyone ? file : plain;
        wanted.trace = false;  // what an API makes speaks a system's own format
        if (!(made == wanted))
            fail_msg("%s: one that an API made %s", key.all.c_str(), key.reach == Reach::files ? "has it" : "lacks it");
    }
    std::vector<std::string_view> all = delivery_keys().keys;
    std::sort(all.begin(), all.end());
    std::sort(tried.begin(), tried.end());
    assert_true(tried == all);
    Subscription made = plain;
    adopt_rules(made, *with("", "trace = true"));
    assert_true(made.trace);
}

// What was there when it was made is its format's; only what [delivery] says, and not its defaults, takes its place.
void the_formats_own_gives_way_to_what_is_said(void**) {
    Subscription kept;
    kept.schedule_ms = {5};
    kept.timeout_ms = 60000;
    kept.connect_timeout_ms = 2000;
    kept.disable_after = 7;
    Subscription made = kept;
    adopt_rules(made, *with("", "jitter = \"none\""));
    assert_true(made.schedule_ms == kept.schedule_ms && made.timeout_ms == 60000 && made.connect_timeout_ms == 2000);
    assert_int_equal(made.disable_after, 7);
    const PlanPtr plan = with("", "schedule = \"standard\"\ntimeout = \"15s\"\ndisable_after = 0");
    adopt_rules(made, *plan);
    assert_true(made.schedule_ms == default_schedule() && made.timeout_ms == 15000 && made.disable_after == 0);
    assert_int_equal(made.connect_timeout_ms, 2000);
    made.schedule_ms.clear();  // DatoCMS without auto_retry
    adopt_rules(made, *plan);
    assert_true(made.schedule_ms.empty());
}

Subscription of_file(const std::string& own, const std::string& delivery) {
    return with(own, delivery)->subscriptions.at(0);
}

// One credential for one Authorization header, also when one makes it here and another there.
void an_own_credential_replaces_any(void**) {
    const std::string basic = "basic_auth = { user = \"a\", password = \"p\" }", bearer = "bearer = \"t\"";
    const std::string header = "headers = { Authorization = \"x\", X-A = \"1\" }";
    for (const std::string& all : {basic, bearer, header, client("a")}) {
        const Subscription token = of_file("bearer = \"own\"", all);
        assert_true(token.authorization.reveal() == "Bearer own" && !token.oauth.set());
        assert_null(find_field(token.headers, "Authorization"));
        const Subscription none = of_file("bearer = \"\"", all);
        assert_true(none.authorization.empty() && !none.oauth.set());
        const Subscription field = of_file("headers = { authorization = \"own\" }", all);
        assert_true(field.authorization.empty() && !field.oauth.set() && field.headers.size() == 1);
    }
    assert_int_equal(of_file("bearer = \"own\"", header).headers.size(), 1);
    assert_true(of_file("headers = {}", bearer).authorization.reveal() == "Bearer t");
    // One that the format sets itself is refused where it stands, and left out where another subscription needs it.
    test::refused("[delivery]\nheaders = { Webhook-Id = \"1\" }\n", {"t.toml:2:13: ", "set by Trotline itself"});
}

ApiConfig api(const std::string& keys) {
    return test::load("[[api]]\nname = \"shop\"\ndialect = \"cockpit\"\n" + keys +
                      "[[api.key]]\nsecret = \"0123456789\"\n")
        ->apis.at(0);
}

void an_api_gives_its_own(void**) {
    const ApiConfig shop = api("bearer = \"token\"\nheaders = { X-A = \"1\", X-B = \"2\" }\n");
    Subscription made;
    adopt_api(made, shop);
    assert_true(made.authorization.reveal() == "Bearer token");
    assert_true(made.headers == shop.headers && made.headers.size() == 2);
    Subscription theirs;
    theirs.headers = {{"x-a", "theirs"}};
    theirs.authorization = Secret("Basic abc");
    adopt_api(theirs, shop);
    assert_true(theirs.authorization.reveal() == "Basic abc");
    assert_true(theirs.headers == (Fields{{"x-a", "theirs"}, {"X-B", "2"}}));
    Subscription field;
    field.headers = {{"Authorization", "theirs"}};
    adopt_api(field, api("headers = { Authorization = \"ours\" }\n"));
    assert_int_equal(field.headers.size(), 1);
    assert_true(
        api("[api.oauth]\ntoken_url = \"https://a.example/\"\nclient_id = \"a\"\nclient_secret = \"b\"\n").oauth.set());
    assert_true(shop == api("bearer = \"token\"\nheaders = { X-A = \"1\", X-B = \"2\" }\n"));
    assert_false(shop == api("bearer = \"other\"\nheaders = { X-A = \"1\", X-B = \"2\" }\n"));
    test::refused("[[api]]\nname = \"shop\"\ndialect = \"cockpit\"\nbearer = \"a\\nb\"\n",
                  {"t.toml:4:10: ", "line break"});
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(every_key_reaches_everyone),
        cmocka_unit_test(the_formats_own_gives_way_to_what_is_said),
        cmocka_unit_test(an_own_credential_replaces_any),
        cmocka_unit_test(an_api_gives_its_own),
    };
    return cmocka_run_group_tests_name("adopt", tests, nullptr, nullptr);
}
