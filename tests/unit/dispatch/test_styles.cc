// A delivery keeps the format and options that it was made with: its bytes are equal on each attempt, whatever a reload
// or a restart changes; what a format makes anew per attempt is made anew; bodies are shared where they may be.
#include "dispatch/bodies.h"
#include "rig.h"

using namespace trot_test;

namespace {

Subscription formed(const std::string& name, const std::string& format, FormatOptions options = {}) {
    Subscription out = subscription(name);
    out.format = format;
    out.options = std::move(options);
    return out;
}

void the_bytes_outlive_reload_and_restart(void**) {
    Rig rig(plan_of({formed("a", "cosmic", {{"version", {"1"}}})}));
    rig.wire.script([](const Sent&, size_t) { return Answer{503, 0, SendError::none, "1"}; });
    rig.start();
    rig.add(1);
    assert_true(rig.wire.wait(1));
    const std::string first = rig.wire.sent()[0].body;
    assert_int_equal(first.find("{\"type\":\"order.created\",\"created_at\":"), 0);
    rig.dispatcher->swap(plan_of({formed("a", "cosmic", {{"version", {"3"}}})}));
    assert_true(eventually([&] { return rig.row("a").format == "cosmic?version=3"; }));
    assert_true(rig.wire.wait(2));
    rig.close();
    rig.plan = plan_of({formed("a", "standard")});
    rig.wire.script(nullptr);
    rig.open();
    rig.start();
    rig.add(1);
    assert_true(rig.settled(2));
    for (const Sent& sent : rig.wire.sent()) {
        const bool old = sent.id == rig.wire.sent()[0].id;
        assert_int_equal(sent.body == first, old);
        assert_int_equal(header(sent, "x-cosmicjs-event") == "order.created", old);
    }
    assert_string_equal(rig.deliveries()[0].delivery.format.c_str(), "cosmic?version=1");
    assert_string_equal(rig.deliveries()[1].delivery.format.c_str(), "standard");
}

void what_an_attempt_is_told_of_itself(void**) {
    Rig rig(plan_of({formed("share", "shareactor"), formed("pit", "cockpit"), formed("woo", "woocommerce")}));
    rig.plan->subscriptions[1].authorization = Secret("Basic dTpw");
    rig.plan->subscriptions[1].headers = {{"X-Foo", "Bar"}};
    rig.plan->subscriptions[1].trace = false;
    rig.wire.script([](const Sent&, size_t nth) { return Answer{nth < 3 ? 500 : 200}; });
    rig.start();
    rig.add(1);
    assert_true(rig.settled(3));
    const std::vector<Sent> share = rig.wire.sent_to("share");
    assert_int_equal(share.size(), 3);
    for (size_t i = 0; i < 3; ++i) {
        assert_string_equal(header(share[i], "X-Share-Webhook-Retries").c_str(), std::to_string(i).c_str());
        assert_string_equal(share[i].body.c_str(), share[0].body.c_str());
    }
    assert_true(share[0].body.find("\"url\":\"http://127.0.0.1:9999/share\"}") != std::string::npos);
    const Sent pit = rig.wire.sent_to("/pit")[0];
    assert_true(pit.body.find("\"hook\":\"pit\"") != std::string::npos);
    assert_string_equal(pit.headers.front().value.c_str(), "Basic dTpw");
    assert_string_equal(pit.headers.back().name.c_str(), "X-Foo");
    // One Content-Type on every delivery.
    for (const Sent& sent : rig.wire.sent()) {
        int count = 0;
        for (const Field& field : sent.headers) count += equal_nocase(field.name, "content-type");
        assert_int_equal(count, 1);
    }
}

class CountingRenderer final : public Renderer {
  public:
    explicit CountingRenderer(int& count) : count_(count) {}
    std::string body(const EventView& event, const DeliveryView& /*delivery*/) override {
        ++count_;
        return std::string(event.previous);
    }
    void headers(const DeliveryView& /*delivery*/, std::string_view /*body*/, Fields& /*out*/) override {}

  private:
    int& count_;
};

void bodies_are_shared_where_they_may_be(void**) {
    EventCache cache;
    Event event;
    event.number = 7;
    event.previous = std::make_shared<const std::string>("before");
    const EventRef data = cache.add(std::move(event));
    int count = 0;
    CountingRenderer one(count), other(count);
    const auto first = data->body(*find_style("standard"), one, {});
    assert_ptr_equal(data->body(*find_style("standard"), other, {}).get(), first.get());
    assert_int_equal(count, 1);
    assert_string_equal(first->c_str(), "before");
    data->body(*find_style("cosmic"), one, {});
    data->body(*find_style("cosmic?version=3"), one, {});
    assert_int_equal(count, 3);
    data->body(*find_style("cockpit"), one, {});
    data->body(*find_style("cockpit"), other, {});
    assert_int_equal(count, 5);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(the_bytes_outlive_reload_and_restart),
        cmocka_unit_test(what_an_attempt_is_told_of_itself),
        cmocka_unit_test(bodies_are_shared_where_they_may_be),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
