// A recorder with its callbacks gathered. Callers: the recorder's tests.
#pragma once

#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "capture/recorder.h"
#include "exchange_fixture.h"
#include "store/store_fixture.h"

namespace trot_test {

inline trot::PlanPtr orders_plan() {
    static const trot::PlanPtr plan = plan_of(R"(
[[hook]]
topic = "order.created"
match = "POST /orders/{id}"
id = "path:id"
payload = "response:"
)");
    return plan;
}

inline trot::ExchangePtr order(int number, size_t size = 1024) {
    auto out = std::make_unique<trot::Exchange>(exchange_of(orders_plan(), "POST", "/orders/" + std::to_string(number),
                                                            201, "{\"fill\":\"" + std::string(size, 'x') + "\"}"));
    out->capture = "capture-" + std::to_string(10000000 + number);
    out->at_ms = trot::system_clock().wall_ms();
    return out;
}

struct Running {
    explicit Running(trot::Store* store, const std::string& path,
                     const std::function<void(trot::RecorderOptions&)>& change = nullptr) {
        trot::RecorderOptions options;
        options.store = store;
        options.path = path;
        options.log = &log;
        options.counters = &counters;
        options.spill_reserve = 1 << 20;
        options.plan = [] { return orders_plan(); };
        options.done = [this](trot::RecordDone done) {
            const std::lock_guard<std::mutex> hold(lock);
            told[reinterpret_cast<intptr_t>(done.user)].push_back(std::move(done));
        };
        options.events_recorded = [this] { ++wakes; };
        if (change) change(options);
        trot::Result<std::unique_ptr<trot::Recorder>> made = trot::make_recorder(options);
        assert_fine(made);
        recorder = std::move(made).value();
    }
    trot::Result<void> submit(int number, size_t size = 1024) {
        return recorder->submit(order(number, size), reinterpret_cast<void*>(static_cast<intptr_t>(number)));
    }
    size_t count() {
        const std::lock_guard<std::mutex> hold(lock);
        return told.size();
    }
    size_t count(trot::Recorded outcome) {
        const std::lock_guard<std::mutex> hold(lock);
        size_t sum = 0;
        for (const auto& one : told)
            for (const trot::RecordDone& done : one.second) sum += done.outcome == outcome ? 1 : 0;
        return sum;
    }
    bool once_each() {
        const std::lock_guard<std::mutex> hold(lock);
        return std::all_of(told.begin(), told.end(), [](const auto& one) { return one.second.size() == 1; });
    }

    trot::Log log;
    trot::Counters counters;
    std::mutex lock;
    std::map<intptr_t, std::vector<trot::RecordDone>> told;
    std::atomic<int> wakes{0};
    std::unique_ptr<trot::Recorder> recorder;
};

// The resource ids of a store's events, in order, "3+" when taken back from the spill file.
inline std::string ids_of(const std::vector<trot::Event>& events) {
    std::string out;
    for (const trot::Event& event : events)
        out += event.resource_id + ((event.flags & trot::event_replayed) != 0 ? "+ " : " ");
    return out;
}

}  // namespace trot_test
