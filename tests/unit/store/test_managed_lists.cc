// The pages of management APIs: subscriptions, what was sent to them, and events; every filter, order, offset and
// total.
#include "tests/unit/store/managed_fixture.h"

namespace {

using namespace trot_test;

std::string names(Reader& reader, const ManagedQuery& query, uint64_t total) {
    const Result<ManagedPage> page = reader.list_managed(query);
    assert_fine(page);
    assert_int_equal(page.value().total, total);
    std::string out;
    for (const ManagedRow& managed : page.value().rows) out += managed.row.name;
    return out;
}

ManagedQuery all() {
    ManagedQuery query;
    query.api = "shop";
    query.ascending = true;
    return query;
}

// "a" to "e" of shop, a second apart; changed in the order c, a.
void make_five(Store& store, SetClock& clock) {
    const char* titles[] = {"Delta", "alpha", "Charlie", "bravo", "alpha"};
    std::vector<ManagedRow> made;
    for (int at = 0; at < 5; ++at) {
        ManagedRow managed = some_managed("shop", std::string(1, static_cast<char>('a' + at)), titles[at]);
        managed.row.url = std::string("https://x/") + std::to_string(9 - at);
        managed.row.topics = at % 2 == 0 ? "order.created" : "order.created,order.updated";
        if (at == 1) managed.row.state = SubscriptionState::disabled;
        if (at == 2 || at == 3) managed.row.state = SubscriptionState::paused;
        if (at == 2) managed.row.reason = paused_by_api;
        if (at == 3) managed.row.reason = unconfirmed;
        made.push_back(added(store, managed));
        clock.now_ms += 1000;
    }
    added(store, some_managed("other", "z"));
    for (const int at : {2, 0}) {
        assert_fine(changed(store, made[static_cast<size_t>(at)]));
        clock.now_ms += 1000;
    }
}

void subscriptions_are_filtered(void**) {
    TempDir dir;
    SetClock clock;
    const int64_t start = clock.now_ms;
    Open open(dir / "store", [&](StoreOptions& options) { options.clock = &clock; });
    make_five(*open.store, clock);
    Reader& reader = *open.reader;
    const auto with = [](const std::function<void(ManagedQuery&)>& set) {
        ManagedQuery query = all();
        set(query);
        return query;
    };
    using Q = ManagedQuery;
    assert_string_equal(names(reader, all(), 5).c_str(), "abcde");
    assert_string_equal(names(reader, with([](Q& q) { q.api = "other"; }), 1).c_str(), "z");
    assert_string_equal(names(reader, with([](Q& q) { q.api = "sh"; }), 0).c_str(), "");
    assert_string_equal(names(reader, with([](Q& q) { q.state = SubscriptionState::active; }), 2).c_str(), "ae");
    assert_string_equal(names(reader, with([](Q& q) { q.state = SubscriptionState::disabled; }), 1).c_str(), "b");
    assert_string_equal(names(reader, with([](Q& q) { q.state = SubscriptionState::paused; }), 2).c_str(), "cd");
    assert_string_equal(names(reader, with([](Q& q) {
                                  q.state = SubscriptionState::paused;
                                  q.reason = unconfirmed;
                              }),
                              1)
                            .c_str(),
                        "d");
    assert_string_equal(names(reader, with([](Q& q) { q.search = "ALPHA"; }), 2).c_str(), "be");
    assert_string_equal(names(reader, with([](Q& q) { q.search = "\"of\":\"char"; }), 1).c_str(), "c");  // the document
    assert_string_equal(names(reader, with([](Q& q) { q.search = "hidden"; }), 0).c_str(), "");  // never the settings
    assert_string_equal(names(reader, with([](Q& q) { q.search = "%"; }), 0).c_str(), "");
    assert_string_equal(names(reader, with([](Q& q) { q.topic = "order.created"; }), 3).c_str(), "ace");
    assert_string_equal(names(reader, with([&](Q& q) { q.created_after = start + 1000; }), 3).c_str(), "cde");
    assert_string_equal(names(reader, with([&](Q& q) { q.created_before = start + 1000; }), 1).c_str(), "a");
    assert_string_equal(names(reader, with([&](Q& q) { q.changed_after = start + 4000; }), 2).c_str(), "ac");
    assert_string_equal(names(reader, with([&](Q& q) { q.changed_before = start + 4000; }), 2).c_str(), "bd");
    assert_string_equal(names(reader, with([](Q& q) { q.ids = {"e", "b", "z", "?"}; }), 2).c_str(), "be");
    assert_string_equal(names(reader, with([](Q& q) { q.not_ids = {"e", "b"}; }), 3).c_str(), "acd");
    assert_string_equal(names(reader, with([](Q& q) {
                                  q.ids = {"a", "b", "e"};
                                  q.not_ids = {"a"};
                                  q.search = "alpha";
                                  q.state = SubscriptionState::active;
                              }),
                              1)
                            .c_str(),
                        "e");
}

void subscriptions_are_ordered_and_cut(void**) {
    TempDir dir;
    SetClock clock;
    Open open(dir / "store", [&](StoreOptions& options) { options.clock = &clock; });
    make_five(*open.store, clock);
    const auto listed = [&](ManagedQuery::Order order, bool ascending, size_t offset, size_t limit) {
        ManagedQuery query = all();
        query.order = order;
        query.ascending = ascending;
        query.offset = offset;
        query.limit = limit;
        return names(*open.reader, query, 5);
    };
    using Order = ManagedQuery::Order;
    const std::pair<Order, const char*> orders[] = {
        {Order::number, "abcde"}, {Order::title, "cabed"}, {Order::changed, "bdeca"}, {Order::url, "edcba"}};
    // Titles by their bytes: capitals first; equal ones by number.
    for (const auto& [order, right] : orders) {
        const std::string wanted = right;
        const std::string down(wanted.rbegin(), wanted.rend());
        assert_string_equal(listed(order, true, 0, 10).c_str(), wanted.c_str());
        assert_string_equal(listed(order, false, 0, 10).c_str(), down.c_str());
        for (size_t offset = 0; offset < 7; ++offset)
            assert_string_equal(listed(order, true, offset, 2).c_str(),
                                offset < 5 ? wanted.substr(offset, 2).c_str() : "");
    }
    assert_string_equal(listed(Order::number, false, 0, 0).c_str(), "");
}

std::string numbers(Reader& reader, const CallQuery& query, uint64_t total, const std::vector<Delivery>& made) {
    const Result<CallPage> page = reader.list_calls(query);
    assert_fine(page);
    assert_int_equal(page.value().total, total);
    std::string out;
    for (const Call& call : page.value().calls)
        for (size_t at = 0; at < made.size(); ++at)
            if (made[at].number == call.delivery.number) out += std::to_string(at);
    return out;
}

// Six deliveries to shop's two subscriptions; then one that is not logged and one of another API.
std::vector<Delivery> make_calls(Store& store, std::vector<int64_t>& subscriptions) {
    subscriptions = {added(store, some_managed("shop")).row.number, added(store, some_managed("shop")).row.number};
    const int64_t foreign = added(store, some_managed("other")).row.number;
    std::vector<Delivery> made;
    for (int at = 0; at < 6; ++at) {
        Event event = some_event(at < 3 ? "order.created" : "user.deleted");
        event.resource = at < 3 ? "order" : "user";
        event.action = at < 3 ? "created" : "deleted";
        event.at_ms = 1000 * (at + 1);
        made.push_back(delivered(store, subscriptions[static_cast<size_t>(at % 2)], event));
    }
    delivered(store, subscriptions[0], some_event(), false);
    delivered(store, foreign);
    tried(store, made[0].number, 1, DeliveryState::delivered, 5000);
    tried(store, made[1].number, 1, DeliveryState::pending, 4000, 70000, 500);
    tried(store, made[1].number, 2, DeliveryState::pending, 6000, 80000, 500);
    tried(store, made[2].number, 1, DeliveryState::dead, 3000, 0, 404);
    tried(store, made[3].number, 1, DeliveryState::pending, 2000, 90000, 500);
    return made;
}

void calls_are_filtered(void**) {
    TempDir dir;
    Open open(dir / "store");
    std::vector<int64_t> subscriptions;
    const std::vector<Delivery> made = make_calls(*open.store, subscriptions);
    const auto found = [&](uint64_t total, const std::function<void(CallQuery&)>& set) {
        CallQuery query;
        query.api = "shop";
        query.ascending = true;
        set(query);
        return numbers(*open.reader, query, total, made);
    };
    using Q = CallQuery;
    assert_string_equal(found(6, [](Q&) {}).c_str(), "012345");
    assert_string_equal(found(3, [&](Q& q) { q.subscription = subscriptions[1]; }).c_str(), "135");
    assert_string_equal(found(2, [&](Q& q) { q.deliveries = {made[4].number, made[0].number, 1}; }).c_str(), "04");
    assert_string_equal(found(1, [](Q& q) { q.states = {DeliveryState::delivered}; }).c_str(), "0");
    assert_string_equal(found(5,
                              [](Q& q) {
                                  q.states = {DeliveryState::pending, DeliveryState::dead};
                              })
                            .c_str(),
                        "12345");
    assert_string_equal(found(4, [](Q& q) { q.tried = true; }).c_str(), "0123");
    assert_string_equal(found(2, [](Q& q) { q.tried = false; }).c_str(), "45");
    assert_string_equal(found(3, [](Q& q) { q.resource = "user"; }).c_str(), "345");
    assert_string_equal(found(3, [](Q& q) { q.action = "created"; }).c_str(), "012");
    assert_string_equal(found(4, [](Q& q) { q.created_after = 2000; }).c_str(), "2345");
    assert_string_equal(found(1, [](Q& q) { q.created_before = 2000; }).c_str(), "0");
    assert_string_equal(found(2, [](Q& q) { q.sent_after = 3000; }).c_str(), "01");
    assert_string_equal(found(1, [](Q& q) { q.sent_before = 3000; }).c_str(), "3");  // by the last attempt
    assert_string_equal(found(1, [](Q& q) { q.due_after = 80000; }).c_str(), "3");
    assert_string_equal(found(1, [](Q& q) { q.due_before = 90000; }).c_str(), "1");
    assert_string_equal(found(0, [](Q& q) { q.api = "nobody"; }).c_str(), "");
    assert_string_equal(found(1, [](Q& q) { q.api = "other"; }).c_str(), "");
}

void calls_are_ordered_cut_and_whole(void**) {
    TempDir dir;
    Open open(dir / "store");
    std::vector<int64_t> subscriptions;
    const std::vector<Delivery> made = make_calls(*open.store, subscriptions);
    const auto listed = [&](CallQuery::Order order, bool ascending, size_t offset = 0, size_t limit = 25) {
        CallQuery query;
        query.api = "shop";
        query.order = order;
        query.ascending = ascending;
        query.offset = offset;
        query.limit = limit;
        return numbers(*open.reader, query, 6, made);
    };
    using Order = CallQuery::Order;
    assert_string_equal(listed(Order::number, false).c_str(), "543210");
    assert_string_equal(listed(Order::number, true, 2, 3).c_str(), "234");
    assert_string_equal(listed(Order::number, true, 6).c_str(), "");
    assert_string_equal(listed(Order::subscription, true).c_str(), "024135");
    assert_string_equal(listed(Order::last_sent, true).c_str(), "453201");
    assert_string_equal(listed(Order::last_sent, false, 0, 2).c_str(), "10");
    assert_string_equal(listed(Order::next_retry, false, 0, 2).c_str(), "31");
    CallQuery one;
    one.api = "shop";
    one.deliveries = {made[1].number};
    const CallPage page = open.reader->list_calls(one).value();
    assert_int_equal(page.calls.size(), 1);
    const Call& call = page.calls[0];
    assert_true(call.delivery.attempts == 2 && call.delivery.due_ms == 80000 && call.delivery.logged);
    assert_true(call.attempt.number == 2 && call.attempt.at_ms == 6000 && call.attempt.status == 500);
    assert_true(call.attempt.answer == "body" && call.attempt.head.rfind("HTTP/1.1 200", 0) == 0);
    assert_true(call.event.number == made[1].event && call.event.payload && *call.event.payload == "{\"id\":1}");
    assert_true(call.subscription.number == subscriptions[1] && call.subscription.origin == "api:shop");
    // A subscription that has gone takes its log along: it is nobody's any more.
    assert_fine(removed(*open.store, subscriptions[1]));
    CallQuery rest;
    rest.api = "shop";
    assert_int_equal(open.reader->list_calls(rest).value().total, 3);
}

void who_waits_is_known(void**) {
    TempDir dir;
    Open open(dir / "store");
    assert_true(open.reader->waiting_subscriptions().value().empty());
    std::vector<int64_t> subscriptions;
    for (int at = 0; at < 4; ++at) subscriptions.push_back(added(*open.store, some_managed("shop")).row.number);
    for (const int at : {3, 0, 0, 2}) delivered(*open.store, subscriptions[static_cast<size_t>(at)]);
    const int64_t done = delivered(*open.store, subscriptions[1]).number;
    tried(*open.store, done, 1, DeliveryState::dead, 10);
    const std::vector<int64_t> right{subscriptions[0], subscriptions[2], subscriptions[3]};
    assert_true(open.reader->waiting_subscriptions().value() == right);
}

struct Made {
    std::vector<int64_t> numbers;
    std::string of(const EventPage& page) const {
        std::string out;
        for (const Event& event : page.events)
            for (size_t at = 0; at < numbers.size(); ++at)
                if (numbers[at] == event.number) out += std::to_string(at);
        return out;
    }
};

void events_are_filtered_and_cut(void**) {
    TempDir dir;
    SetClock clock;
    const int64_t start = clock.now_ms;
    Open open(dir / "store", [&](StoreOptions& options) { options.clock = &clock; });
    const char* contexts[] = {R"({"site":"a"})",  R"({"site":"b","n":1})", R"({"site":7})", R"({"site":true})",
                              R"({"site":null})", R"({"site":["a"]})",     nullptr,         R"({"site":"a"})"};
    Made made;
    for (int at = 0; at < 8; ++at) {
        Event event = some_event(at < 4 ? "order.created" : "order.updated");
        event.resource_id = std::to_string(at);
        event.at_ms = clock.now_ms - 5;
        if (contexts[at] != nullptr) event.context = std::make_shared<const std::string>(contexts[at]);
        if (at == 7) event.flags = event_private;
        assert_fine(write_now(*open.store, [&](Tx& tx) { return tx.add_event(event); }));
        made.numbers.push_back(event.number);
        clock.now_ms += 120000;
    }
    const auto found = [&](uint64_t total, const std::function<void(EventQuery&)>& set) {
        EventQuery query;
        query.ascending = true;
        set(query);
        const Result<EventPage> page = open.reader->list_event_page(query);
        assert_fine(page);
        assert_int_equal(page.value().total, total);
        return made.of(page.value());
    };
    using Q = EventQuery;
    assert_string_equal(found(7, [](Q&) {}).c_str(), "0123456");
    assert_string_equal(found(7, [](Q& q) { q.ascending = false; }).c_str(), "6543210");
    assert_string_equal(found(7,
                              [](Q& q) {
                                  q.offset = 5;
                                  q.limit = 5;
                              })
                            .c_str(),
                        "56");
    assert_string_equal(found(1, [&](Q& q) { q.number = made.numbers[3]; }).c_str(), "3");
    assert_string_equal(found(0, [&](Q& q) { q.number = made.numbers[7]; }).c_str(), "");  // private
    assert_string_equal(found(3, [](Q& q) { q.search = "UPDATED"; }).c_str(), "456");
    assert_string_equal(found(1, [](Q& q) { q.search = "5"; }).c_str(), "5");
    assert_string_equal(found(0, [](Q& q) { q.search = "%"; }).c_str(), "");
    assert_string_equal(found(5, [&](Q& q) { q.from_ms = start + 240000 - 5; }).c_str(), "23456");
    assert_string_equal(found(3, [&](Q& q) { q.to_ms = start + 240000 - 5; }).c_str(), "012");
    assert_string_equal(found(2, [&](Q& q) { q.to_ms = start + 240000 - 6; }).c_str(), "01");
    const auto site = [&](uint64_t total, std::vector<std::string> values, bool or_absent) {
        return found(total, [&](Q& q) { q.context = {{"site", std::move(values), or_absent}}; });
    };
    assert_string_equal(site(1, {"a"}, false).c_str(), "0");
    assert_string_equal(site(2, {"b", "a"}, false).c_str(), "01");
    assert_string_equal(site(2, {"7", "true"}, false).c_str(), "23");
    assert_string_equal(site(4, {"a"}, true).c_str(), "0456");
    assert_string_equal(site(0, {"' OR 1"}, false).c_str(), "");
    assert_string_equal(found(1, [](Q& q) { q.context = {{"site", {"b"}, false}, {"n", {"1"}, false}}; }).c_str(), "1");
    EventQuery one;
    one.number = made.numbers[1];
    const EventPage whole = open.reader->list_event_page(one).value();
    assert_true(*whole.events[0].payload == "{\"id\":1}" && *whole.events[0].context == contexts[1]);
}

void a_page_of_events_has_a_bound(void**) {
    TempDir dir;
    Open open(dir / "store");
    const std::string big(size_t{5} << 20, 'x');
    for (int at = 0; at < 3; ++at) {
        Event event = some_event("big", big);
        assert_fine(write_now(*open.store, [&](Tx& tx) { return tx.add_event(event); }));
    }
    const EventPage page = open.reader->list_event_page({}).value();
    assert_int_equal(page.events.size(), 3);
    assert_true(page.events[0].payload && !page.events[1].payload && !page.events[2].payload);
    assert_fine(write_now(*open.store, [&](Tx& tx) -> Result<void> {
        for (size_t at = 0; at < EventQuery::most; ++at) {
            Event event = some_event("small");
            if (Result<void> done = tx.add_event(event); !done.ok()) return done;
        }
        return {};
    }));
    assert_int_equal(open.reader->list_event_page({}).value().total, EventQuery::most);
    EventQuery old;
    old.search = "big";
    assert_int_equal(open.reader->list_event_page(old).value().total, 0);
    EventQuery by_number;
    by_number.number = page.events[2].number;
    assert_int_equal(open.reader->list_event_page(by_number).value().total, 1);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(subscriptions_are_filtered),   cmocka_unit_test(subscriptions_are_ordered_and_cut),
        cmocka_unit_test(calls_are_filtered),           cmocka_unit_test(calls_are_ordered_cut_and_whole),
        cmocka_unit_test(who_waits_is_known),           cmocka_unit_test(events_are_filtered_and_cut),
        cmocka_unit_test(a_page_of_events_has_a_bound),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
