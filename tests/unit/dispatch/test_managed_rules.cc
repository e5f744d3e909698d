// What the configuration says of subscriptions that a management API made: it holds for them as for those of the file,
// and a reload reaches those that are there.
#include "crypto/actor.h"
#include "tests/unit/dispatch/managing.h"

namespace {

using namespace trot_test;

std::string last_header(Rig& rig, const char* name) {
    const std::vector<Sent> sent = rig.wire.sent();
    const std::string* value = sent.empty() ? nullptr : find_field(sent.back().headers, name);
    return value == nullptr ? "none" : *value;
}

// What [delivery] and the API say by now, for one that was made before and has an endpoint already.
void a_reload_reaches_them(void**) {
    Rig rig(plan_with_api());
    rig.start();
    ManagedRow row = managed("old");
    put(rig, row);
    rig.add(1);
    assert_true(rig.settled(1));
    assert_string_equal(last_header(rig, "trotline-attempt").c_str(), "1");
    assert_string_equal(last_header(rig, "X-Ours").c_str(), "none");
    const auto sends = [&rig](const char* name, const char* value) {
        return eventually([&] {
            const size_t before = rig.wire.count();
            rig.add(1);
            return rig.wire.wait(before + 1) && last_header(rig, name) == value;
        });
    };
    std::shared_ptr<Plan> next = plan_with_api();
    next->delivery.trace = false;
    rig.dispatcher->swap(next);
    assert_true(sends("trotline-attempt", "none"));
    next = std::make_shared<Plan>(*next);
    next->apis.front().headers = {{"X-Ours", "1"}};
    rig.dispatcher->swap(next);
    assert_true(sends("X-Ours", "1"));
    next = std::make_shared<Plan>(*next);
    next->delivery.consent_origin = "hooks.shop.example";
    rig.dispatcher->swap(next);
    assert_true(eventually([&] {
        rig.add(1);
        const std::vector<Sent> sent = rig.wire.sent();
        return std::any_of(sent.begin(), sent.end(), [](const Sent& one) { return one.options; });
    }));
    next = std::make_shared<Plan>(*next);
    next->delivery.consent_origin.clear();
    next->delivery.schedule_ms = {};
    next->delivery_says = {"schedule"};
    rig.dispatcher->swap(next);
    rig.wire.script([](const Sent&, size_t) { return Answer{500}; });
    assert_true(eventually([&] {
        rig.add(1);
        const std::vector<DeliveryLine> dead = rig.deliveries("dead");
        return std::any_of(dead.begin(), dead.end(),
                           [](const DeliveryLine& one) { return one.delivery.attempts == 1; });
    }));
}

void add_with_origin(Rig& rig, const std::string& origin, const std::string& topic) {
    assert_fine(write_now(*rig.store, [&](Tx& tx) -> Result<void> {
        Event event = some_event(topic, "{}");
        if (!origin.empty()) event.origin = std::make_shared<const std::string>(origin);
        return tx.add_event(event);
    }));
    rig.dispatcher->wake();
}

void own_changes_and_circles_are_not_told_to_them(void**) {
    std::shared_ptr<Plan> plan = plan_with_api();
    plan->delivery.own.emplace_back("ck_mine");
    plan->delivery.max_hops = 1;
    Rig rig(plan);
    rig.start();
    ManagedRow first = managed("first", "one.made");
    put(rig, first);
    ManagedRow second = managed("second", "two.made", {{{"two.made"}, {}}});
    put(rig, second);
    for (const char* topic : {"one.made", "two.made"})
        add_with_origin(rig, R"({"actor":")" + actor_hash("ck_mine") + "\"}", topic);
    add_with_origin(rig, R"({"actor":")" + actor_hash("ck_theirs") + "\"}", "one.made");
    assert_true(rig.settled(1));
    assert_int_equal(rig.counters.skipped_own.load(), 2);
    const std::string hop = last_header(rig, "trotline-hop");
    assert_string_not_equal(hop.c_str(), "none");
    add_with_origin(rig, R"({"hop":")" + hop + "\"}", "two.made");  // led to by one delivery already
    add_with_origin(rig, "", "two.made");
    assert_true(rig.settled(2));
    assert_int_equal(sent_to(rig, "second"), 1);
    assert_int_equal(rig.counters.looped.load(), 1);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_reload_reaches_them),
        cmocka_unit_test(own_changes_and_circles_are_not_told_to_them),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
