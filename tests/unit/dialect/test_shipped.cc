// The shipped dialects and the manual: all of them load, and conf/trotline.toml documents every key with an example
// that works.
#include <cstdlib>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "dialect/format.h"
#include "dialect/shipped.h"
#include "plan/load.h"
#include "plan/loading.h"
#include "plan/match.h"

using namespace trot;

namespace {

std::string manual() {
    std::ifstream file(TROTLINE_TESTS_DIR "/../conf/trotline.toml");
    std::ostringstream text;
    text << file.rdbuf();
    assert_true(text.str().size() > 1000);
    return text.str();
}

// Examples begin with '#' and no blank; prose begins with "# ".
std::string with_examples(const std::string& text) {
    std::istringstream in(text);
    std::string out, line;
    while (std::getline(in, line)) {
        if (line.size() > 1 && line[0] == '#' && line[1] != ' ' && line[1] != '-') line.erase(0, 1);
        out += line + "\n";
    }
    return out;
}

PlanPtr loaded(const std::string& text, const std::string& name) {
    const Result<PlanPtr> plan = parse_plan(text, name, shipped_vocabulary());
    if (!plan) fail_msg("%s", plan.fault().text.c_str());
    return plan.value();
}

void shipped_dialects_load(void**) {
    assert_true(shipped_dialects().size() >= 2);
    for (const Shipped& shipped : shipped_dialects()) {
        const PlanPtr plan = loaded("dialects = [\"" + std::string(shipped.name) + "\"]\n", "t.toml");
        assert_true(!plan->hooks.empty() && plan->warnings.empty());
    }
    assert_true(loaded("dialects = [\"woocommerce\", \"wordpress\"]\n", "t.toml")->hooks.size() > 30);
}

void manual_loads_as_it_is(void**) {
    const PlanPtr plan = loaded(manual(), "trotline.toml");
    assert_true(plan->warnings.empty());
    assert_int_equal(plan->hooks.size(), 1);
}

// "[table]" and "[[table]]" lines tell where a key belongs.
void manual_has_every_key(void**) {
    std::istringstream in(with_examples(manual()));
    std::set<std::string> found;
    std::string line, table;
    std::smatch match;
    bool of_dialect = false;  // [dialect.NAME]: a dialect's own keys
    while (std::getline(in, line)) {
        if (!line.empty() && line[0] == '[') of_dialect = line.substr(0, 9) == "[dialect.";
        if (std::regex_search(line, match, std::regex(R"(^\[\[(\w+)\]\])")))
            table = match[1].str() + "[].";
        else if (line == "[job.result]")
            table = "job[].result.";
        else if (line == "[delivery.tls]")
            table = "delivery.tls.";
        else if (line == "[delivery.oauth]")
            table = "delivery.oauth.";
        else if (line == "[[api.key]]")
            table = "api[].key[].";
        else if (std::regex_search(line, match, std::regex(R"(^\[(\w+)\])")))
            table = match[1].str() + ".";
        else if (!of_dialect && std::regex_search(line, match, std::regex(R"(^([a-z0-9_]+) = )")))
            found.insert(table + match[1].str());
    }
    for (const std::string& key : known_keys())
        if (found.count(key) == 0) fail_msg("conf/trotline.toml lacks %s", key.c_str());
    assert_int_equal(found.size(), known_keys().size());
    // What stands in dialect files only is prose: examples of it could not be loaded here.
    for (const std::string& key : known_dialect_keys())
        if (manual().find("#   " + key + " = ") == std::string::npos)
            fail_msg("conf/trotline.toml says nothing of %s in dialect files", key.c_str());
    for (const std::string_view name : format_names())
        for (const OptionRule& rule : find_format(name)->options())
            if (rule.writer != OptionRule::Writer::nobody &&
                manual().find("#   " + std::string(rule.name) + " = ") == std::string::npos)
                fail_msg("conf/trotline.toml says nothing of option %s", std::string(rule.name).c_str());
}

void manuals_examples_load(void**) {
    test::Folder folder;
    folder.file("admin.token", "0123456789abcdef0123456789abcdef\n");
    std::string text = with_examples(manual());
    const std::string there = "/etc/trotline/admin.token";
    const size_t at = text.find("\"" + there);
    assert_true(at != std::string::npos);
    text.replace(at + 1, there.size(), folder.path() + "/admin.token");
    const PlanPtr plan = loaded(text, folder.path() + "/trotline.toml");
    for (const std::string& warning : plan->warnings) fail_msg("%s", warning.c_str());
    assert_int_equal(plan->subscriptions.size(), 1);
}

// A default that is written down is the default. Examples that show something else are named here.
void manuals_defaults_are_the_defaults(void**) {
    const std::vector<std::string> shown{
        "include",          "dialects",          "capture.strip_prefix", "capture.query_route", "capture.redact",
        "egress.allow",     "egress.deny",       "egress.ports",         "egress.own",          "admin.listen",
        "admin.token_file", "standalone.listen", "standalone.upstream"};
    std::string text = with_examples(manual());
    text = text.substr(0, text.find("\n[[hook]]"));
    // What would change other settings, or needs a file.
    for (const char* line : {"\ndialects = ", "\ntoken_file = ", "\nlisten = \"127.0.0.1:9180\""}) {
        const size_t at = text.find(line);
        assert_true(at != std::string::npos);
        text.erase(at, text.find('\n', at + 1) - at);
    }
    const PlanPtr written = loaded(text, "trotline.toml");
    const PlanPtr silent = loaded("", "trotline.toml");
    for (const auto& [key, values] : silent->settings) {
        if (std::find(shown.begin(), shown.end(), key) != shown.end()) continue;
        const std::string* value = written->setting(key, 0);
        if (values.empty() ? value != nullptr : !value || *value != values[0])
            fail_msg("%s: conf/trotline.toml says %s, the code %s", key.c_str(), value ? value->c_str() : "nothing",
                     values.empty() ? "nothing" : values[0].c_str());
    }
}

// Whoever subscribes to what a dialect lists as unseen is told why nothing will come.
void unseen_topics_are_told(void**) {
    int count = 0;
    for (const Shipped& shipped : shipped_dialects()) {
        const std::string text(shipped.text);
        const std::regex unseen(R"re(\[\[unseen\]\]\ntopic = "([^"]+)")re");
        for (std::sregex_iterator at(text.begin(), text.end(), unseen), end; at != end; ++at, ++count) {
            const std::string topic = std::regex_replace((*at)[1].str(), std::regex("\\*"), "any");
            const PlanPtr plan = loaded("dialects = [\"" + std::string(shipped.name) +
                                            "\"]\n[[subscription]]\nname = \"w\"\nurl = \"https://w.example/h\"\n"
                                            "secret = { env = \"WAREHOUSE_SECRET\" }\ntopics = [\"" +
                                            topic + "\"]\n",
                                        "t.toml");
            if (plan->warnings.size() != 1 ||
                plan->warnings.front().find("cannot be seen from a proxy") == std::string::npos)
                fail_msg("%s: %s is unseen, but nobody is told", std::string(shipped.name).c_str(), topic.c_str());
        }
    }
    assert_true(count > 10);
}

void short_secrets_are_told_for_every_format(void**) {
    for (const std::string_view format : format_names()) {
        const std::string text =
            "[[hook]]\ntopic = \"a.b\"\nmatch = \"POST /a\"\n[[subscription]]\nname = \"w\"\nurl = "
            "\"https://w.example/h\"\ntopics = [\"*\"]\nsecret = \"short\"\nformat = \"" +
            std::string(format) + "\"\n";
        const Result<PlanPtr> plan = parse_plan(text, "t.toml", shipped_vocabulary());
        if (plan) fail_msg("format %s takes a secret of 5 bytes", std::string(format).c_str());
        test::says(plan.fault().text, "t.toml:8:10: the secret does not fit format");
    }
}

}  // namespace

int main() {
    setenv("WAREHOUSE_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 1);
    setenv("HASH_KEY", "0123456789abcdef0123456789abcdef", 1);
    setenv("SHOP_READER", "Basic cmVhZGVyOnNlY3JldA==", 1);
    setenv("SHOP_CONSUMER_SECRET", "cs_0123456789abcdef0123456789abcdef", 1);
    const CMUnitTest tests[] = {
        cmocka_unit_test(shipped_dialects_load),
        cmocka_unit_test(unseen_topics_are_told),
        cmocka_unit_test(short_secrets_are_told_for_every_format),
        cmocka_unit_test(manual_loads_as_it_is),
        cmocka_unit_test(manual_has_every_key),
        cmocka_unit_test(manuals_examples_load),
        cmocka_unit_test(manuals_defaults_are_the_defaults),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
