// The record as it is read: lists and their filters, pages of what is due, and from beside a running host.
#include "tests/unit/store/store_fixture.h"

namespace {

using namespace trot_test;

void lists_filter(void**) {
    TempDir dir;
    Open open(dir / "store");
    std::vector<Event> events;
    for (const char* topic : {"order.created", "order.paid", "media.uploaded", "order.line.added", "orders"})
        events.push_back(some_event(topic));
    assert_fine(write_now(*open.store, [&](Tx& tx) -> Result<void> {
        SubscriptionRow row;
        row.origin = "file";
        row.name = "a";
        if (Result<void> put = tx.put_subscription(row); !put.ok()) return put;
        for (Event& event : events) {
            if (Result<void> added = tx.add_event(event); !added.ok()) return added;
            Delivery delivery;
            delivery.event = event.number;
            delivery.subscription = row.number;
            delivery.state = event.topic == "order.paid" ? DeliveryState::dead : DeliveryState::pending;
            if (Result<void> added = tx.add_delivery(delivery); !added.ok()) return added;
        }
        return {};
    }));
    const auto topics = [&](const Filter& filter) {
        std::string all;
        const auto list = open.reader->list_events(filter);
        assert_fine(list);
        for (const Event& event : list.value()) all += event.topic + " ";
        const auto lines = open.reader->list_deliveries(filter);
        assert_fine(lines);
        std::string same;
        for (const DeliveryLine& line : lines.value()) same += line.topic + " ";
        if (filter.after == 0) assert_string_equal(all.c_str(), same.c_str());
        return all;
    };
    Filter filter;
    assert_string_equal(topics(filter).c_str(), "orders order.line.added media.uploaded order.paid order.created ");
    filter.oldest_first = true;
    filter.topic = "order.*";
    assert_string_equal(topics(filter).c_str(), "order.created order.paid order.line.added ");
    filter.limit = 2;
    assert_string_equal(topics(filter).c_str(), "order.created order.paid ");
    filter = Filter{};
    filter.topic = "orders";
    assert_string_equal(topics(filter).c_str(), "orders ");
    filter = Filter{};
    filter.state = "dead";
    filter.subscription = "a";
    assert_string_equal(topics(filter).c_str(), "order.paid ");
    filter.subscription = "b";
    assert_string_equal(topics(filter).c_str(), "");
    filter = Filter{};
    filter.after = events[3].number;
    assert_string_equal(topics(filter).c_str(), "orders ");
    filter = Filter{};
    filter.state = "sent";
    assert_false(open.reader->list_deliveries(filter).ok());
    assert_false(open.reader->event(12345).ok());
    assert_int_equal(static_cast<int>(open.reader->event(12345).fault().code), static_cast<int>(Code::not_found));
}

void due_pages_are_whole(void**) {
    TempDir dir;
    Open open(dir / "store");
    assert_fine(write_now(*open.store, [&](Tx& tx) -> Result<void> {
        for (int at = 0; at < 100; ++at) {
            Delivery delivery;
            delivery.subscription = 1 + at % 2;
            delivery.due_ms = 1000 + (99 - at) / 40;  // later numbers are due earlier, many at once
            assert_fine(tx.add_delivery(delivery));
        }
        return {};
    }));
    std::pair<int64_t, int64_t> position{0, 0};
    size_t seen = 0;
    for (size_t got = 7; got == 7;) {
        const auto page = open.reader->due(1, 1002, position.first, position.second, 7);
        assert_fine(page);
        got = page.value().size();
        for (const Delivery& delivery : page.value()) {
            const std::pair<int64_t, int64_t> next{delivery.due_ms, delivery.number};
            assert_true(next > position);
            assert_int_equal(delivery.subscription, 1);
            position = next;
            ++seen;
        }
    }
    assert_int_equal(seen, 50);
    assert_int_equal(open.reader->due(1, 1001, 1002, 0, 100).value().size(), 0);
}

void beside_a_running_host(void**) {
    TempDir dir;
    const Result<std::unique_ptr<Reader>> none = open_reader(dir / "store");
    assert_false(none.ok());
    assert_int_equal(static_cast<int>(none.fault().code), static_cast<int>(Code::not_found));
    assert_int_equal(access((dir / "store").c_str(), F_OK), -1);  // looking makes nothing
    {
        Open open(dir / "store");
        assert_fine(write_now(*open.store, [](Tx& tx) {
            Event event = some_event();
            return tx.add_event(event);
        }));
        auto reader = open_reader(dir / "store");
        assert_fine(reader);
        assert_int_equal(reader.value()->list_events(Filter{}).value().size(), 1);
    }
    auto reader = open_reader(dir / "store");  // and when none runs
    assert_fine(reader);
    assert_int_equal(reader.value()->list_events(Filter{}).value().size(), 1);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(lists_filter),
        cmocka_unit_test(due_pages_are_whole),
        cmocka_unit_test(beside_a_running_host),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
