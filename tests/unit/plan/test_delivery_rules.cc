// [delivery] and the same keys of a [[subscription]]: schedules, health, consent.
#include "loading.h"
#include "plan/schedules.h"

using namespace trot;

namespace {

const char* one =
    "[[subscription]]\nname = \"w\"\ntopics = [\"*\"]\nurl = \"https://w.example/h\"\nsecret = \"whsec_long_enough\"\n";

Subscription with(const std::string& keys, const std::string& delivery = "") {
    return test::load((delivery.empty() ? "" : "[delivery]\n" + delivery + "\n") + one + keys)->subscriptions.at(0);
}

void told(const std::string& keys, const std::string& what) {
    for (const std::string& text : {one + keys, "[delivery]\n" + keys}) {
        const std::string said = test::mistakes(text);
        if (said.find(what) == std::string::npos)
            fail_msg("%s\nsays: %s\nwanted: %s", text.c_str(), said.c_str(), what.c_str());
        if (said.find("t.toml:") != 0) fail_msg("%s: no place", said.c_str());
    }
}

void a_schedule_has_a_name_or_is_a_list(void**) {
    assert_true(with("").schedule_ms == default_schedule());
    assert_true(with("schedule = \"standard\"").schedule_ms == default_schedule());
    assert_true(with("schedule = [\"1s\", \"2m\"]").schedule_ms == (std::vector<int64_t>{1000, 120000}));
    assert_true(with("schedule = \"woocommerce\"").schedule_ms.empty());
    assert_int_equal(with("schedule = \"datocms\"").schedule_ms.size(), 7);
    assert_true(with("schedule = \"svix\"", "schedule = \"once\"").schedule_ms.size() == 7);
    assert_true(with("", "schedule = \"once\"").schedule_ms.empty());
    told("schedule = \"strip\"", "did you mean \"stripe\"?");
    told("schedule = \"weekly every\"", "or one of: standard, svix, stripe");
    told("schedule = 5", "a name like \"standard\" or a list of waits");
}

void named_schedules_keep_what_their_senders_publish(void**) {
    for (const NamedSchedule& named : named_schedules()) {
        int64_t sum = 0;
        for (const int64_t wait : named.waits_ms) sum += wait;
        const int64_t hours = sum / 3600000;
        if (named.name == "stripe") assert_in_range(hours, 66, 72);
        if (named.name == "shopify") assert_in_range(sum, 3LL * 3600000, 4LL * 3600000);
        if (named.name == "shopify") assert_int_equal(named.waits_ms.size(), 8);
        if (named.name == "svix") assert_int_equal(hours, 27);
    }
}

void jitter_and_age(void**) {
    assert_true(with("").jitter == Jitter::full);
    assert_true(with("jitter = \"none\"").jitter == Jitter::none);
    assert_true(with("", "jitter = \"equal\"").jitter == Jitter::equal);
    assert_int_equal(with("").max_age_ms, 0);
    assert_int_equal(with("max_age = \"3d\"").max_age_ms, 3LL * 24 * 3600 * 1000);
    assert_int_equal(with("max_age = \"none\"", "max_age = \"3d\"").max_age_ms, 0);
    told("jitter = \"half\"", "must be one of: full, equal, none");
    told("max_age = \"0s\"", "it must be 1s to 365d");
    told("max_age = 3", "without a unit");
}

void breakers(void**) {
    const HealthRules usual = with("").health;
    assert_int_equal(usual.trip_row, 10);
    assert_int_equal(usual.trip_percent, 50);
    assert_int_equal(usual.longest_pause_ms, 60000);
    const HealthRules some = with("breaker = { failures = 3 }", "breaker = { percent = 90, pause = \"5m\" }").health;
    assert_int_equal(some.trip_row, 3);
    assert_int_equal(some.trip_percent, 90);  // what [delivery] says, where the subscription says nothing
    assert_int_equal(some.longest_pause_ms, 300000);
    assert_int_equal(with("breaker = false").health.trip_row, 0);
    told("breaker = true", "or false");
    told("breaker = { failure = 3 }", "did you mean 'failures'");
    told("breaker = { percent = 101 }", "must be 0 to 100");
}

void rates(void**) {
    assert_int_equal(with("").health.rate, 0);
    assert_int_equal(with("rate = \"100/s\"\nburst = 5").health.rate, 360000);
    assert_int_equal(with("rate = \"30/m\"").health.rate, 1800);
    assert_int_equal(with("rate = \"5/h\"").health.rate, 5);
    assert_int_equal(with("rate = \"none\"", "rate = \"5/h\"").health.rate, 0);
    assert_int_equal(with("burst = 5").health.burst, 5);
    for (const char* wrong : {"\"100\"", "\"0/s\"", "\"1.5/s\"", "\"-1/s\"", "\"1/d\"", "\"1000001/s\"", "\"\"", "100",
                              "\"18446744073709551615/s\""})
        told(std::string("rate = ") + wrong, "attempts in a time like \"100/s\"");
}

void the_rest_of_health(void**) {
    const HealthRules usual = with("").health;
    assert_true(usual.adaptive && !usual.share_origin && usual.disable_after_ms == 0);
    const HealthRules said = with("adaptive = false\nshare = \"origin\"\ndisable_after_age = \"5d\"").health;
    assert_true(!said.adaptive && said.share_origin);
    assert_int_equal(said.disable_after_ms, 5LL * 24 * 3600 * 1000);
    assert_false(with("share = \"none\"", "share = \"origin\"").health.share_origin);
    assert_int_equal(with("disable_after_age = \"none\"", "disable_after_age = \"5d\"").health.disable_after_ms, 0);
    told("share = \"host\"", "must be one of: origin, none");
    told("disable_after_age = \"1s\"", "it must be 1m to 365d");
}

void consent_is_asked_in_a_name(void**) {
    assert_true(with("").consent_origin.empty());
    assert_string_equal(with("consent = \"hooks.shop.example\"").consent_origin.c_str(), "hooks.shop.example");
    assert_true(with("consent = false", "consent = \"hooks.shop.example\"").consent_origin.empty());
    for (const char* wrong : {"true", "\"\"", "\"https://a.example\"", "\"a b\"", "\"a\\r\\nX: y\"", "5"})
        told(std::string("consent = ") + wrong, "the DNS name that stands for this sender");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_schedule_has_a_name_or_is_a_list),
        cmocka_unit_test(named_schedules_keep_what_their_senders_publish),
        cmocka_unit_test(jitter_and_age),
        cmocka_unit_test(breakers),
        cmocka_unit_test(rates),
        cmocka_unit_test(the_rest_of_health),
        cmocka_unit_test(consent_is_asked_in_a_name),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
