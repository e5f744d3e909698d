// order, coalesce and batch: in [delivery] and in a [[subscription]], and what is said of mistakes.
#include "loading.h"

using namespace trot;

namespace {

// Format "plain" sends one delivery in a request.
Result<PlanPtr> parsed(const std::string& keys, const std::string& delivery, const std::string& format) {
    Vocabulary words = test::words();
    words.batches = [](std::string_view name, const FormatOptions&) { return name == "standard"; };
    return parse_plan((delivery.empty() ? "" : "[delivery]\n" + delivery + "\n") +
                          "[[subscription]]\nname = \"w\"\ntopics = [\"*\"]\nurl = \"https://w.example/h\"\n"
                          "secret = \"whsec_long_enough\"\nformat = \"" +
                          format + "\"\n" + keys,
                      "t.toml", words);
}

Subscription with(const std::string& keys, const std::string& delivery = "", const std::string& format = "standard") {
    const Result<PlanPtr> plan = parsed(keys, delivery, format);
    if (!plan) fail_msg("%s", plan.fault().text.c_str());
    return plan.value()->subscriptions.at(0);
}

void told(const std::string& keys, const std::string& what, const std::string& format = "standard") {
    const Result<PlanPtr> plan = parsed(keys, "", format);
    const std::string said = plan ? "nothing" : plan.fault().text;
    if (said.find(what) == std::string::npos || said.find("t.toml:7:") != 0)
        fail_msg("%s\nsays: %s\nwanted: %s", keys.c_str(), said.c_str(), what.c_str());
}

void nothing_waits_unless_it_is_asked_for(void**) {
    const Subscription plain = with("");
    assert_true(plain.order == Order::none);
    assert_int_equal(plain.coalesce.quiet_ms, 0);
    assert_int_equal(plain.batch.most, 0);
}

void each_rule_is_read(void**) {
    const Subscription all = with(
        "order = \"resource\"\ncoalesce = { quiet = \"2s\", most = \"1m\" }\nbatch = { most = 50, wait = \"250ms\" "
        "}\n");
    assert_true(all.order == Order::resource);
    assert_int_equal(all.coalesce.quiet_ms, 2000);
    assert_int_equal(all.coalesce.most_ms, 60000);
    assert_int_equal(all.batch.most, 50);
    assert_int_equal(all.batch.wait_ms, 250);
    assert_int_equal(with("coalesce = { quiet = \"2s\" }").coalesce.most_ms, 30000);
    assert_int_equal(with("coalesce = { quiet = \"45s\" }").coalesce.most_ms, 45000);
    assert_int_equal(with("batch = {}").batch.most, 100);
    assert_int_equal(with("batch = {}").batch.wait_ms, 1000);
}

void one_subscription_may_say_otherwise(void**) {
    const std::string all = "order = \"resource\"\ncoalesce = { quiet = \"2s\" }\nbatch = { most = 5 }";
    assert_true(with("", all).order == Order::resource);
    const Subscription off = with("order = \"none\"\ncoalesce = false\nbatch = false\n", all);
    assert_true(off.order == Order::none);
    assert_int_equal(off.coalesce.quiet_ms, 0);
    assert_int_equal(off.batch.most, 0);
}

void a_batch_is_refused_where_the_format_has_none(void**) {
    told("batch = { most = 5 }", "format \"plain\" sends one delivery in a request", "plain");
    // What holds for all holds for those that can.
    assert_int_equal(with("", "batch = { most = 5 }", "plain").batch.most, 0);
    assert_int_equal(with("", "batch = { most = 5 }").batch.most, 5);
}

void mistakes_say_what_would_be_right(void**) {
    told("order = \"resorce\"", "resource");
    told("order = 1", "'order'");
    told("coalesce = \"2s\"", "{ quiet = \"2s\", most = \"30s\" }, or false");
    told("coalesce = true", "{ quiet = \"2s\", most = \"30s\" }, or false");
    told("coalesce = {}", "'coalesce' has no 'quiet'");
    told("coalesce = { quiet = \"1ms\" }", "'quiet'");
    told("coalesce = { quiet = \"2s\", most = \"1s\" }", "'most' is shorter than 'quiet'");
    told("coalesce = { quiet = \"2s\", mots = \"3s\" }", "did you mean 'most'?");
    told("batch = 5", "{ most = 100, wait = \"1s\" }, or false");
    told("batch = { most = 1 }", "it must be 2 to 500");
    told("batch = { most = 501 }", "it must be 2 to 500");
    told("batch = { wait = \"2h\" }", "'wait'");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(nothing_waits_unless_it_is_asked_for),
        cmocka_unit_test(each_rule_is_read),
        cmocka_unit_test(one_subscription_may_say_otherwise),
        cmocka_unit_test(a_batch_is_refused_where_the_format_has_none),
        cmocka_unit_test(mistakes_say_what_would_be_right),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
