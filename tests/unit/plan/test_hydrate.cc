// [hydrate] and a hook's `hydrate`: defaults, what is taken from [standalone], secrets, every mistake at its place.
#include <cstdlib>

#include "loading.h"
#include "plan/hydrate_get.h"

using namespace trot;
using test::load;
using test::refused;
using test::says;

namespace {

const char* const table = "[hydrate]\nupstream = \"http://127.0.0.1:8000\"\n";

std::string hook(const std::string& hydrate, const std::string& more = "") {
    return "[[hook]]\ntopic = \"order.updated\"\nmatch = \"POST /orders/{id}\"\nhydrate = " + hydrate + "\n" + more;
}

void without_it_nothing_is_set(void**) {
    const PlanPtr plan = load(hook("\"/orders/{path:id}\""));
    assert_false(plan->hydrate.set());
    assert_true(plan->hooks[0].hydrate.set() && plan->warnings.empty());
    assert_false(load("[[hook]]\ntopic = \"a\"\nmatch = \"POST /a\"\n")->hooks[0].hydrate.set());
}

void defaults(void**) {
    const PlanPtr plan = load(table + hook("\"/orders/{path:id}\""));
    const HydrateConfig& config = plan->hydrate;
    assert_string_equal(config.upstream.c_str(), "http://127.0.0.1:8000");
    assert_true(config.headers.empty() && config.verify && config.ca_file.empty());
    assert_int_equal(config.timeout_ms, 10000);
    assert_int_equal(config.tries, 3);
    assert_int_equal(config.concurrency, 4);
    assert_int_equal(config.response_cap, 1 << 20);
    assert_true(plan->warnings.empty());
    // Its address is the upstream's: no delivery may go there.
    assert_int_equal(plan->egress.own.size(), 1);
    assert_string_equal(plan->egress.own[0].c_str(), "127.0.0.1:8000");
}

void everything(void**) {
    const PlanPtr plan = load(
        "[hydrate]\nupstream = \"https://127.0.0.1/shop/\"\nca_file = \"ca.pem\"\nverify = false\ntimeout = \"2s\"\n"
        "tries = 1\nconcurrency = 64\nresponse_cap = \"2KiB\"\nheaders = { Host = \"shop.example\" }\n" +
        hook("{ get = \"/o/{path:id | =new}?all\", payload = \"/data\", when = { \"response:/a\" = 1 } }"));
    const HydrateConfig& config = plan->hydrate;
    assert_string_equal(config.upstream.c_str(), "https://127.0.0.1/shop");
    assert_false(config.verify);
    assert_int_equal(config.timeout_ms, 2000);
    assert_int_equal(config.tries * config.concurrency, 64);
    assert_int_equal(config.response_cap, 2048);
    assert_string_equal(config.headers[0].name.c_str(), "Host");
    assert_string_equal(plan->egress.own[0].c_str(), "127.0.0.1:443");
    const Hydrate& hydrate = plan->hooks[0].hydrate;
    assert_int_equal(hydrate.get.pieces.size(), 3);
    assert_string_equal(hydrate.pointer.c_str(), "/data");
    assert_int_equal(hydrate.when.size(), 1);
}

void standalone_tells_the_upstream(void**) {
    const PlanPtr plan = load(
        "[standalone]\nupstream = \"https://127.0.0.1:8443/\"\nupstream_verify = false\nupstream_ca_file = "
        "\"/ca.pem\"\n[hydrate]\n" +
        hook("\"/a\""));
    assert_string_equal(plan->hydrate.upstream.c_str(), "https://127.0.0.1:8443");
    assert_false(plan->hydrate.verify);
    assert_string_equal(plan->hydrate.ca_file.c_str(), "/ca.pem");
    assert_int_equal(plan->egress.own.size(), 1);
    refused("[hydrate]\n" + hook("\"/a\""), {"1:1", "has no 'upstream'"});
}

void headers_are_secrets(void**) {
    setenv("TROTLINE_TEST_READER", "Basic c2VjcmV0", 1);
    test::Folder folder;
    const std::string file = folder.file("reader", "Bearer abcdef\n");
    const PlanPtr plan = load(std::string(table) +
                              "headers = { Authorization = { env = \"TROTLINE_TEST_READER\" }, X-Reader = { file = \"" +
                              file + "\" }, Accept = \"text/json\", X-Api-Token = \"shown\" }\n" + hook("\"/a\""));
    assert_int_equal(plan->hydrate.headers.size(), 4);
    assert_true(plan->hydrate.headers[0].value.reveal() == "Basic c2VjcmV0");
    assert_true(plan->hydrate.headers[1].value.reveal() == "Bearer abcdef");
    // Only where the name looks like a credential's.
    assert_int_equal(plan->warnings.size(), 1);
    says(plan->warnings[0], "the value of X-Api-Token stands in the file itself");
    for (const auto& [key, values] : plan->settings)
        for (const std::string& value : values)
            if (value.find("c2VjcmV0") != std::string::npos) fail_msg("%s tells the secret", key.c_str());
}

void mistakes_of_the_table(void**) {
    const auto with = [](const std::string& line) { return table + line + "\n" + hook("\"/a\""); };
    for (const char* url :
         {"127.0.0.1:8000", "ftp://127.0.0.1", "http://u:p@h", "http://h/a?b", "http://h/../a", "http://"})
        refused("[hydrate]\nupstream = \"" + std::string(url) + "\"\n" + hook("\"/a\""), {"2:12", "'upstream' is"});
    refused(with("header = {}"), {"3:1", "did you mean 'headers'?"});
    refused(with("headers = \"a\""), {"3:11", "a table like"});
    refused(with("headers = { Connection = \"close\" }"), {"3:13", "Connection"});
    refused(with("headers = { Accept-Encoding = \"gzip\" }"), {"would change the answer"});
    refused(with("headers = { If-None-Match = \"x\" }"), {"would change the answer"});
    refused(with("headers = { \"A B\" = \"x\" }"), {"not a token"});
    refused(with("headers = { A = \"x\", a = \"y\" }"), {"there twice"});
    refused(with("headers = { A = \"\" }"), {"no value"});
    refused(with("headers = { A = [\"x\"] }"), {"not a list"});
    refused(with("headers = { A = { env = \"TROTLINE_TEST_NOT_SET\" } }"), {"3:25", "is not set"});
    const std::string broken = test::mistakes(with("headers = { A = \"x\\r\\nhidden: y\" }"));
    says(broken, "line break");
    assert_true(broken.find("hidden") == std::string::npos);
    refused(with("timeout = \"31s\""), {"3:11", "100ms to 30s"});
    refused(with("tries = 0"), {"1 to 10"});
    refused(with("concurrency = 65"), {"1 to 64"});
    refused(with("response_cap = \"17MiB\""), {"3:16"});
    refused("hydrate = 1\n" + hook("\"/a\""), {"1:11", "it is written as [hydrate]"});
}

void mistakes_of_a_hook(void**) {
    refused(hook("\"orders/{path:id}\""), {"4:11", "must begin with \"/\""});
    refused(hook("\"http://evil/\""), {"the host is always"});
    refused(hook("\"//evil/{path:id}\""), {"one slash"});
    refused(hook("\"{path:id}\""), {"must begin with \"/\""});
    refused(hook("\"/a b\""), {"holds a blank"});
    refused(hook("\"/a#b\""), {"holds a blank"});
    refused(hook("\"/a\\\\b\""), {"holds a blank"});
    refused(hook("\"/ä\""), {"holds a blank"});
    refused(hook("\"/a%2\""), {"hexadecimal"});
    refused(hook("\"/../{path:id}\""), {"\".\" or \"..\""});
    refused(hook("\"/a/%2E./b\""), {"\".\" or \"..\""});
    refused(hook("\"/a/.\""), {"\".\" or \"..\""});
    refused(hook("\"/a/{path:nr}\""), {"4:11", "\"path:nr\" is not in the path"});
    refused(hook("\"/a/{item:/id}\""), {"needs 'items'"});
    refused(hook("\"/a/{respnse:/id}\""), {"did you mean \"response\"?"});
    refused(hook("\"/a/{path:id\""), {"without its partner"});
    refused(hook("5"), {"4:11", "must be a path like"});
    refused(hook("{ payload = \"/data\" }"), {"4:11", "has no 'get'"});
    refused(hook("{ get = \"/a\", payload = \"data\" }"), {"4:35", "a JSON pointer is like"});
    refused(hook("{ get = \"/a\", payload = 1 }"), {"must be a JSON pointer"});
    refused(hook("{ get = \"/a\", then = 1 }"), {"4:25", "unknown key \"then\""});
    refused(hook("{ get = \"/a\", when = { \"item:/x\" = 1 } }"), {"needs 'items'"});
    assert_true(check_origin_form("/a/..b/%2Fc?d=../e").ok());
}

void a_table_that_no_hook_uses_is_told(void**) {
    const PlanPtr plan = load(std::string(table) + "[[hook]]\ntopic = \"a\"\nmatch = \"POST /a\"\n");
    assert_int_equal(plan->warnings.size(), 1);
    says(plan->warnings[0], "1:1: no hook hydrates");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(without_it_nothing_is_set),
        cmocka_unit_test(defaults),
        cmocka_unit_test(everything),
        cmocka_unit_test(standalone_tells_the_upstream),
        cmocka_unit_test(headers_are_secrets),
        cmocka_unit_test(mistakes_of_the_table),
        cmocka_unit_test(mistakes_of_a_hook),
        cmocka_unit_test(a_table_that_no_hook_uses_is_told),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
