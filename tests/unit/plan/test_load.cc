// Loading: defaults, every table, mistakes all at once and each at its place.
#include "loading.h"

using namespace trot;
using test::load;
using test::refused;

namespace {

const char* const subscription =
    "[[subscription]]\nname = \"w\"\ntopics = [\"order.*\"]\nurl = \"https://w.example/h\"\nformat = \"plain\"\n";
const char* const hook = "[[hook]]\ntopic = \"order.created\"\nmatch = \"POST /orders\"\n";

void is(const std::string* got, const char* want) {
    assert_non_null(got);
    assert_string_equal(got->c_str(), want);
}

void empty_file_is_all_defaults(void**) {
    const PlanPtr plan = load("");
    assert_string_equal(plan->store.path.c_str(), "/var/lib/trotline");
    assert_true(plan->store.guarantee == Guarantee::hold);
    assert_true(plan->store.on_fault == OnFault::open);
    assert_int_equal(plan->store.hold_ms, 2000);
    assert_true(plan->hooks.empty() && plan->subscriptions.empty() && plan->warnings.empty());
    is(plan->setting("store.url", 0), "sqlite:/var/lib/trotline");
    is(plan->setting("store.queue_bytes", 0), "67108864");
    is(plan->setting("standalone.header_timeout", 0), "10000");
    is(plan->setting("standalone.upstream_verify", 0), "true");
    is(plan->setting("capture.request_cap", 0), "1048576");
    assert_null(plan->setting("standalone.listen", 0));
    assert_null(plan->setting("no.such", 0));
    assert_true(plan->matcher != nullptr);
    assert_true(load("")->generation > plan->generation);
}

void every_table(void**) {
    const PlanPtr plan = load(
        "[store]\nurl = \"sqlite:/data/x/\"\nguarantee = \"async\"\non_fault = \"reject\"\nhold = "
        "\"1s500ms\"\nlinger = \"20ms\"\nqueue_bytes = "
        "\"2MiB\"\nspill_reserve = 0\nretention = \"1d12h\"\nretention_bytes = \"1GiB\"\n"
        "[capture]\nrequest_cap = 10\nignore_case = true\nstrip_prefix = [\"/index.php/\"]\nquery_route = "
        "[\"r=/api/v{v}\"]\nredact = [\"password\"]\n"
        "[egress]\nallow = [\"10.0.0.0/8\", \"::1\"]\ndeny = [\"192.0.2.0/24\"]\nnat64 = true\nports = [81]\nown = "
        "[\"192.0.2.7:443\"]\n"
        "[standalone]\nlisten = [\"127.0.0.1:0\", \"[::1]:8080\", \"unix:/run/x\"]\nupstream = "
        "\"https://app.example\"\n"
        "keepalive_timeout = \"0s\"\nclient_connections = 5\n");
    assert_string_equal(plan->store.path.c_str(), "/data/x");
    assert_true(plan->store.guarantee == Guarantee::async && plan->store.on_fault == OnFault::reject);
    assert_int_equal(plan->store.hold_ms, 1500);
    assert_int_equal(plan->store.linger_ms, 20);
    assert_int_equal(plan->store.queue_bytes, 2 << 20);
    assert_int_equal(plan->store.retention_ms, 36LL * 3600 * 1000);
    assert_string_equal(plan->contexts[0].strip_prefix[0].c_str(), "/index.php");
    assert_int_equal(plan->egress.urls.extra_ports[0], 81);
    // Our own listeners are added, names are left to the guard.
    assert_int_equal(plan->egress.own.size(), 3);
    assert_string_equal(plan->egress.own[1].c_str(), "127.0.0.1:0");
    is(plan->setting("standalone.listen", 2), "unix:/run/x");
    assert_null(plan->setting("standalone.listen", 3));
    is(plan->setting("egress.ports", 0), "81");
    is(plan->setting("standalone.keepalive_timeout", 0), "0");
}

void all_mistakes_at_once(void**) {
    const std::string got = test::mistakes(
        "[store]\nurl = \"postgresql://db/x\"\nguarante = \"hold\"\nhold = 5\n\n[standalone]\nupstraem = "
        "\"http://a\"\nlisten = 8080\n"
        "header_count = \"x\"\n[egrss]\n");
    assert_string_equal(
        got.c_str(),
        "t.toml:2:7: 'url' names PostgreSQL, which is not available yet; write \"sqlite:/var/lib/trotline\"\n"
        "t.toml:3:1: unknown key \"guarante\" in [store], did you mean 'guarantee'?\n"
        "t.toml:4:8: 'hold' is 5 without a unit, write \"5s\" or \"5ms\"\n"
        "t.toml:7:1: unknown key \"upstraem\" in [standalone], did you mean 'upstream'?\n"
        "t.toml:8:10: 'listen' must be a list of strings, not an integer\n"
        "t.toml:9:16: 'header_count' must be an integer, not a string\n"
        "t.toml:10:2: unknown key \"egrss\" at the top of the file, did you mean 'egress'?");
}

void syntax(void**) {
    refused("[store\n", {"t.toml:1:", "not valid TOML"});
    refused("a = 1\na = 2\n", {"t.toml:2:"});
    refused("x = \"\xff\"", {"not valid TOML"});
    refused("\xc3\xa9 = 1\n", {"t.toml:1:"});  // once undefined behaviour in toml++
    refused("[#x]\n", {"t.toml:1:"});          // once an assertion
    // What the file holds stays inside the line that quotes it (found by fuzz_config).
    assert_string_equal(test::mistakes("x = fals\n").c_str(),
                        "t.toml:1:9: not valid TOML: Error while parsing boolean: expected 'false', saw 'fals\\n'");
    load("# \xc3\xa9\n[store] # \xc3\xbc\n");
    refused("[[store]]\n", {"'store' is a list, it is written as [store]"});
    refused("[hook]\ntopic = \"a\"\n", {"'hook' is a table, each one is written as [[hook]]"});
    refused("[egress]\nallow = []\ndialects = [\"shop\"]\n",
            {"t.toml:3:1", "'dialects' belongs before the first [table]"});
}

void ranges_and_types(void**) {
    refused("[store]\nguarantee = \"intent\"\n", {"2:13", "\"intent\", which is not available yet", "\"hold\""});
    refused("[store]\nguarantee = \"hodl\"\n", {"did you mean \"hold\"?"});
    refused("[store]\nguarantee = \"xyzxyz\"\n", {"must be one of: async, hold"});
    refused("[store]\nurl = \"sqlite:relative\"\n", {"absolute path"});
    refused("[store]\nhold = \"2 s\"\n", {"must be a duration like"});
    refused("[store]\nhold = \"99999999999999999999s\"\n", {"must be a duration like"});
    refused("[store]\nhold = \"2h\"\n", {"'hold' is \"2h\", it must be 1ms to 1m"});
    refused("[store]\nqueue_bytes = \"1MB\"\n", {"must be a size", "\"64KiB\""});
    refused("[store]\nqueue_bytes = 10\n", {"'queue_bytes' is 10B, it must be 1MiB to"});
    refused("[store]\nspill_max = \"1MiB\"\n", {"'spill_reserve'", "more than 'spill_max'"});
    refused("[capture]\nignore_case = 1\n", {"must be true or false, not an integer"});
    refused("[capture]\nstrip_prefix = [\"index\"]\n", {"plain path"});
    refused("[capture]\nquery_route = [\"r=/a{\"]\n", {"query_route"});
    refused("[capture]\nredact = [1]\n", {"2:11", "list of strings"});
    refused("[egress]\nallow = [\"10.0.0.0/33\"]\n", {"/0 to /32"});
    refused("[egress]\nallow = [\"10.0.0.1/8\"]\n", {"bits set behind its prefix"});
    refused("[egress]\nallow = [\"intern\"]\n", {"no network"});
    refused("[egress]\nports = [0]\n", {"1 to 65535"});
    refused("[egress]\nown = [\"unix:/x\"]\n", {"'own'"});
    refused("[standalone]\nlisten = [\"8080\"]\n", {"address and port"});
    refused("[standalone]\nlisten = [\"1.2.3.4:99999\"]\n", {"address and port"});
    refused("[standalone]\nupstream = \"ftp://x\"\n", {"scheme, host and port"});
    refused("[standalone]\nupstream = \"http://x/path\"\n", {"scheme, host and port"});
    refused("[standalone]\nupstream = \"http://x:0\"\n", {"scheme, host and port"});
    refused("[standalone]\nclient_connections = 0\n", {"it must be 1 to 1000000"});
    refused("[standalone]\naccess_log = \"a\\u0000b\"\n", {"without NUL"});
    refused("[admin]\nlisten = \"127.0.0.1:1\"\n", {"without a token"});
}

void subscriptions(void**) {
    const PlanPtr plan = load(
        std::string(hook) + subscription +
        "schedule = [\"1s\", \"1m\"]\nheaders = { \"X-B\" = \"1\", \"X-A\" = \"2\" }\nallow = [\"10.1.0.0/16\"]\n");
    const Subscription& one = plan->subscriptions[0];
    assert_int_equal(one.schedule_ms.size(), 2);
    assert_int_equal(one.schedule_ms[1], 60000);
    assert_string_equal(one.headers[0].name.c_str(), "X-B");  // as written, not sorted
    assert_string_equal(one.at.c_str(), "t.toml:4:1");
    assert_string_equal(one.url.host.c_str(), "w.example");
    assert_int_equal(load(std::string(hook) + subscription)->subscriptions[0].schedule_ms.size(), 9);
    assert_int_equal(load(std::string(hook) + subscription + "schedule = []\n")->subscriptions[0].schedule_ms.size(),
                     0);

    refused("[[subscription]]\n", {"no 'name'", "no 'topics'", "no 'url'", "no 'secret'"});
    refused(std::string(subscription) + subscription, {"t.toml:6:1", "\"w\" is there twice", "t.toml:1:1"});
    const auto with = [](const char* line) { return std::string(subscription) + line; };
    refused(with("schedule = [5]\n"), {"6:13", "write \"5s\""});
    refused(with("schedule = [\"60d\"]\n"), {"50ms to 30d"});
    refused(with("timeout = \"1h\"\n"), {"100ms to 1m"});
    refused(with("formt = \"x\"\n"), {"did you mean 'format'?"});
    refused(with("concurrency = 0\n"), {"1 to 1024"});
    refused(with("headers = { \"Host\" = \"x\" }\n"), {"6:13", "Host", "Trotline itself"});
    refused(with("headers = { \"Trotline-Event\" = \"x\" }\n"), {"Trotline itself"});
    refused(with("headers = { \"X-A\" = \"1\", \"x-a\" = \"2\" }\n"), {"there twice"});
    refused(with("headers = { \"X-A\" = 1 }\n"), {"must be a string"});
    refused(with("secret = 5\n"), {"{ env = \"NAME\" }"});
    const std::string head = "[[subscription]]\nname = \"w\"\nsecret = \"12345678\"\n";
    refused(head + "topics = [\"a..b\"]\nurl = \"https://a.example/\"\n", {"4:11", "\"a..b\" is wrong"});
    refused(head + "topics = [\"*.created\"]\nurl = \"https://a.example/\"\n", {"\"*.created\" is wrong"});
    refused(head + "topics = []\nurl = \"https://a.example/\"\n", {"'topics' is empty"});
    refused(head + "topics = [\"a\"]\nurl = \"ftp://a.example/\"\n", {"5:7", "'url' is refused"});
    refused(head + "topics = [\"a\"]\nurl = \"https://u:p@a.example/\"\n", {"5:7", "'url' is refused"});
    refused(head + "format = \"standrad\"\ntopics = [\"a\"]\nurl = \"https://a.example/\"\n",
            {"did you mean \"standard\"?"});
}

void warnings(void**) {
    const PlanPtr plan = load(std::string(hook) + subscription + "[store]\nsync = \"off\"\n");
    assert_int_equal(plan->warnings.size(), 1);
    test::says(plan->warnings[0], "t.toml:10:8: 'sync' is \"off\"");
    const PlanPtr unheard = load(
        "[[hook]]\ntopic = \"invoice.paid\"\nmatch = \"POST /i\"\n[[subscription]]\nname = \"w\"\ntopics = "
        "[\"invoice.payd\", "
        "\"trotline.*\", \"*\"]\nurl = \"https://w.example/h\"\nformat = \"plain\"\n");
    assert_int_equal(unheard->warnings.size(), 1);
    test::says(unheard->warnings[0],
               "t.toml:6:11: no hook has a topic that \"invoice.payd\" takes, did you mean \"invoice.paid\"?");
}

void topics_match(void**) {
    assert_true(topic_matches("*", "a.b"));
    assert_true(topic_matches("order.*", "order.created"));
    assert_true(topic_matches("order.*", "order.line.added"));
    assert_false(topic_matches("order.*", "order"));
    assert_false(topic_matches("order.*", "orders.created"));
    assert_true(topic_matches("order.created", "order.created"));
    assert_false(topic_matches("order.created", "order.create"));
}

void missing_file(void**) {
    const Result<PlanPtr> plan = load_plan("/nonexistent/t.toml", test::words());
    assert_false(plan.ok());
    test::says(plan.fault().text, "/nonexistent/t.toml: cannot read the configuration: No such file");
    assert_false(load_plan("/dev/zero", test::words()).ok());
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(empty_file_is_all_defaults),
        cmocka_unit_test(every_table),
        cmocka_unit_test(all_mistakes_at_once),
        cmocka_unit_test(syntax),
        cmocka_unit_test(ranges_and_types),
        cmocka_unit_test(subscriptions),
        cmocka_unit_test(warnings),
        cmocka_unit_test(topics_match),
        cmocka_unit_test(missing_file),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
