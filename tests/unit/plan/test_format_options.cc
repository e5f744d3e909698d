// [subscription.options] by a format's rules, the format's own defaults, basic_auth.
#include "loading.h"

using namespace trot;

namespace {

bool digits(std::string_view text) { return text.find_first_not_of("0123456789") == std::string_view::npos; }

Vocabulary words() {
    Vocabulary out = test::words();
    out.formats.push_back("shareactor");
    out.options = [](std::string_view format) -> std::vector<OptionRule> {
        using Kind = OptionRule::Kind;
        if (format == "shareactor")
            return {{.name = "message", .kind = Kind::flag, .writer = OptionRule::Writer::nobody},
                    {.name = "handshake", .kind = Kind::flag, .writer = OptionRule::Writer::apis},
                    {.name = "data", .kind = Kind::flag}};
        if (format != "plain") return {};
        return {{.name = "version", .kind = Kind::choice, .choices = {"1", "2"}},
                {.name = "props", .kind = Kind::texts, .right = "a list of names", .most = 3},
                {.name = "data", .kind = Kind::flag},
                {.name = "site", .right = "a number like \"7\"", .fits = digits}};
    };
    out.policy = [](std::string_view format) {
        FormatPolicy policy;
        if (format != "plain") return policy;
        policy.schedule_ms = {1000, 2000};
        policy.timeout_ms = 8000;
        policy.connect_timeout_ms = 2000;
        policy.disable_after = 7;
        return policy;
    };
    return out;
}

constexpr const char* head = "[[subscription]]\nname = \"w\"\ntopics = [\"*\"]\nurl = \"https://w.example/h\"\n";

Result<PlanPtr> load(const std::string& more) { return parse_plan(head + more, "t.toml", words()); }

Subscription read(const std::string& more) {
    const Result<PlanPtr> plan = load(more);
    if (!plan) fail_msg("%s", plan.fault().text.c_str());
    return plan.value()->subscriptions.front();
}

void refused(const std::string& more, std::initializer_list<const char*> wants) {
    const Result<PlanPtr> plan = load(more);
    if (plan) fail_msg("was accepted: %s", more.c_str());
    for (const char* want : wants) test::says(plan.fault().text, want);
}

void options_are_read(void**) {
    const Subscription made =
        read("format = \"plain\"\n[subscription.options]\ndata = false\nprops = [\"a\", \"b\"]\nversion = 2\n");
    assert_int_equal(made.options.size(), 3);
    assert_string_equal(made.options[0].name.c_str(), "version");
    assert_string_equal(made.options[0].values[0].c_str(), "2");
    assert_int_equal(made.options[1].values.size(), 2);
    assert_string_equal(made.options[2].values[0].c_str(), "false");
    assert_int_equal(read("format = \"plain\"\noptions = { version = \"1\", site = \"12\" }\n").options.size(), 2);
    assert_true(read("format = \"standard\"\nsecret = \"12345678\"\noptions = {}\n").options.empty());
}

void wrong_options_are_told(void**) {
    const std::string plain = "format = \"plain\"\n";
    refused(plain + "options = { vrsion = 1 }\n",
            {"t.toml:6:13: ", "\"vrsion\"", "format [plain]", "did you mean 'version'?"});
    refused(plain + "options = { version = 3 }\n",
            {"t.toml:6:23: ", "option 'version' of format \"plain\" must be one of: 1, 2"});
    refused(plain + "options = { version = true }\n", {"must be one of: 1, 2"});
    refused(plain + "options = { data = \"yes\" }\n", {"must be true or false"});
    refused(plain + "options = { site = \"x\" }\n", {"must be a number like \"7\""});
    refused(plain + "options = { site = 7 }\n", {"must be a number like \"7\""});
    refused(plain + "options = { props = \"a\" }\n", {"must be a list of names"});
    refused(plain + "options = { props = [\"a\", 1] }\n", {"must be a list of names"});
    refused(plain + "options = { props = [\"a\", \"b\", \"c\", \"d\"] }\n", {"must be a list of names"});
    refused(plain + "options = \"version=1\"\n", {"'options' must be a table like { version = 3 }"});
    refused("secret = \"12345678\"\noptions = { version = 1 }\n", {"format \"standard\" has no options"});
}

void options_have_their_writers(void**) {
    const std::string subscription = "format = \"shareactor\"\nsecret = \"0123456789abcdef\"\n";
    assert_int_equal(read(subscription + "options = { data = true }\n").options.size(), 1);
    refused(subscription + "options = { handshake = true }\n", {"\"handshake\"", "subscription[].options"});
    refused(subscription + "options = { message = true }\n", {"\"message\""});
    const std::string api =
        "secret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"\n[[api]]\nname = \"a\"\ndialect = \"shareactor\"\n"
        "tenant = \"57ee9c71d76d431f8511142f\"\n[[api.key]]\nid = \"k\"\nsecret = \"0123456789\"\n";
    const auto with = [&](const char* options) {
        return std::string(api).insert(api.find("[[api.key]]"), options + std::string("\n"));
    };
    const Result<PlanPtr> plan = load(with("options = { handshake = false, data = true }"));
    if (!plan) fail_msg("%s", plan.fault().text.c_str());
    assert_int_equal(plan.value()->apis.front().options.size(), 2);
    refused(with("options = { message = true }"), {"\"message\"", "api[].options"});
}

void a_format_has_its_own_defaults(void**) {
    const Subscription made = read("format = \"plain\"\n");
    assert_int_equal(made.schedule_ms.size(), 2);
    assert_int_equal(made.timeout_ms, 8000);
    assert_int_equal(made.connect_timeout_ms, 2000);
    assert_int_equal(made.disable_after, 7);
    const Subscription said =
        read("format = \"plain\"\nschedule = []\ntimeout = \"9s\"\nconnect_timeout = \"1s\"\ndisable_after = 0\n");
    assert_true(said.schedule_ms.empty());
    assert_int_equal(said.timeout_ms, 9000);
    assert_int_equal(said.connect_timeout_ms, 1000);
    assert_int_equal(said.disable_after, 0);
    assert_int_equal(read("secret = \"12345678\"\n").schedule_ms.size(), 9);
}

void basic_auth(void**) {
    const std::string plain = "format = \"plain\"\n";
    const Subscription made = read(plain + "basic_auth = { user = \"ciao\", password = \"miao\" }\n");
    assert_string_equal(std::string(made.authorization.reveal()).c_str(), "Basic Y2lhbzptaWFv");
    refused(plain + "basic_auth = { user = \"a:b\", password = \"x\" }\n", {"t.toml:6:14: ", "without a colon"});
    refused(plain + "basic_auth = { user = \"a\" }\n", {"needs a user"});
    refused(plain + "basic_auth = { user = \"a\", pasword = \"b\" }\n", {"did you mean 'password'?"});
    refused(plain + "basic_auth = \"a:b\"\n", {"'basic_auth' must be { user"});
    refused(plain + "basic_auth = { user = \"a\", password = [\"b\", \"c\"] }\n", {"must be one"});
    refused(plain + "headers = { authorization = \"x\" }\nbasic_auth = { user = \"a\", password = \"b\" }\n",
            {"two for one"});
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(options_are_read),
        cmocka_unit_test(wrong_options_are_told),
        cmocka_unit_test(options_have_their_writers),
        cmocka_unit_test(a_format_has_its_own_defaults),
        cmocka_unit_test(basic_auth),
    };
    return cmocka_run_group_tests_name("format options", tests, nullptr, nullptr);
}
