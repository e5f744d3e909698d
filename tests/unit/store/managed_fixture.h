// What the tests of managed subscriptions share. Callers: test_managed*.cc.
#pragma once

#include "tests/unit/store/store_fixture.h"

namespace trot_test {

// A clock that is set by hand.
class SetClock final : public Clock {
  public:
    int64_t wall_ms() const override { return now_ms; }
    int64_t steady_us() const override { return system_clock().steady_us(); }
    std::atomic<int64_t> now_ms{1767225600000};  // 2026
};

inline ManagedRow some_managed(const std::string& api, const std::string& name = "", const std::string& title = "t") {
    ManagedRow managed;
    managed.row.origin = "api:" + api;
    managed.row.name = name;
    managed.row.url = "https://warehouse.example/" + title;
    managed.row.topics = "order.created";
    managed.row.format = "standard";
    managed.title = title;
    managed.document = "{\"of\":\"" + title + "\"}";
    managed.settings = "{\"secrets\":[\"hidden\"]}";
    return managed;
}

inline ManagedQuery of_api(const std::string& api) {
    ManagedQuery query;
    query.api = api;
    query.limit = 100;
    return query;
}

inline ManagedRow added(Store& store, ManagedRow managed) {
    assert_fine(write_now(store, [&](Tx& tx) { return tx.add_managed(managed); }));
    return managed;
}

inline Result<void> changed(Store& store, ManagedRow& managed) {
    return write_now(store, [&](Tx& tx) { return tx.change_managed(managed); });
}

inline Result<void> removed(Store& store, int64_t number) {
    return write_now(store, [&](Tx& tx) { return tx.remove_managed(number); });
}

// An event and a delivery of it for one subscription.
inline Delivery delivered(Store& store, int64_t subscription, Event event = some_event(), bool logged = true) {
    Delivery delivery;
    assert_fine(write_now(store, [&](Tx& tx) -> Result<void> {
        delivery = Delivery();
        if (Result<void> done = tx.add_event(event); !done.ok()) return done;
        delivery.event = event.number;
        delivery.subscription = subscription;
        delivery.format = "standard";
        delivery.due_ms = 5;
        delivery.logged = logged;
        return tx.add_delivery(delivery);
    }));
    return delivery;
}

inline void tried(Store& store, int64_t delivery, unsigned number, DeliveryState state, int64_t at_ms,
                  int64_t due_ms = 0, int status = 200) {
    Outcome outcome;
    outcome.attempt = {
        delivery, number, at_ms, 12, status, status == 200 ? "" : "status", "body", "HTTP/1.1 200 OK\r\nA: b\r\n"};
    outcome.state = state;
    outcome.due_ms = due_ms;
    assert_fine(write_now(store, [&](Tx& tx) { return tx.finish(outcome); }));
}

inline int64_t generation(Reader& reader) {
    const Result<int64_t> now = reader.generation();
    assert_fine(now);
    return now.value();
}

inline void same(const ManagedRow& a, const ManagedRow& b) {
    assert_int_equal(a.row.number, b.row.number);
    assert_int_equal(static_cast<int>(a.row.state), static_cast<int>(b.row.state));
    assert_true(a.row.name == b.row.name && a.row.origin == b.row.origin && a.row.url == b.row.url);
    assert_true(a.row.topics == b.row.topics && a.row.format == b.row.format && a.row.reason == b.row.reason);
    assert_true(a.row.filter == b.row.filter && a.row.since == b.row.since && a.row.generation == b.row.generation);
    assert_true(a.row.created_ms == b.row.created_ms && a.row.changed_ms == b.row.changed_ms);
    assert_true(a.row.failures == b.row.failures);
    assert_true(a.title == b.title && a.document == b.document && a.settings == b.settings);
}

}  // namespace trot_test
