// What the dispatcher's benchmarks share: a real store, events in it, a dispatcher on it with the real transport.
#pragma once

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <string>
#include <thread>

#include "dispatch/dispatcher.h"
#include "url/check.h"

namespace bench {

using namespace trot;

inline double seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

inline double cpu_seconds() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto of = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return of(used.ru_utime) + of(used.ru_stime);
}

inline double resident_mib() {
    std::ifstream file("/proc/self/statm");
    long all = 0;
    long resident = 0;
    file >> all >> resident;
    return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1048576.0;
}

[[noreturn]] inline void give_up(const std::string& why) {
    fprintf(stderr, "bench: %s\n", why.c_str());
    exit(3);
}

class WriteJob final : public Job {
  public:
    WriteJob(std::function<Result<void>(Tx&)> write, std::promise<Result<void>>& done)
        : write_(std::move(write)), done_(done) {}
    Result<void> write(Tx& tx) override { return write_(tx); }
    void done(const Result<void>& outcome) override { done_.set_value(outcome); }

  private:
    std::function<Result<void>(Tx&)> write_;
    std::promise<Result<void>>& done_;
};

inline void write_now(Store& store, std::function<Result<void>(Tx&)> write) {
    std::promise<Result<void>> done;
    auto future = done.get_future();
    std::unique_ptr<Job> job = std::make_unique<WriteJob>(std::move(write), done);
    if (!store.writer().submit(job)) give_up("the writer has stopped");
    if (const Result<void> result = future.get(); !result) give_up(result.fault().text);
}

inline double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

struct Lab {
    std::string url, dir;

    std::unique_ptr<Store> open(const std::string& name) const {
        StoreOptions options;
        options.path = dir + "/" + name;
        auto store = open_store(options);
        if (!store) give_up(store.fault().text);
        return std::move(store).value();
    }

    static void add_events(Store& store, size_t count, const std::string& topic = "order.created") {
        const auto payload = std::make_shared<const std::string>("{\"fill\":\"" + std::string(1000, 'x') + "\"}");
        for (size_t done = 0; done < count;) {
            const size_t some = std::min<size_t>(1000, count - done);
            write_now(store, [&](Tx& tx) -> Result<void> {
                for (size_t i = 0; i < some; ++i) {
                    Event event;
                    event.topic = topic;
                    event.resource = "order";
                    event.resource_id = "1042";
                    event.action = "created";
                    event.at_ms = system_clock().wall_ms();
                    event.status = 201;
                    event.capture = std::string(16, 'c');
                    event.payload = payload;
                    if (Result<void> added = tx.add_event(event); !added) return added;
                }
                return {};
            });
            done += some;
        }
    }

    std::unique_ptr<Dispatcher> start(Store& store, const PlanPtr& with, Counters& counters, Log& log) const {
        DispatchOptions options;
        options.store = &store;
        options.plan = with;
        options.counters = &counters;
        options.log = &log;
        auto made = start_dispatcher(options);
        if (!made) give_up(made.fault().text);
        return std::move(made).value();
    }

    static void wait(const std::atomic<uint64_t>& counter, uint64_t count, double within) {
        const double end = seconds() + within;
        while (counter.load() < count) {
            if (seconds() > end)
                give_up("took too long: " + std::to_string(counter.load()) + " of " + std::to_string(count));
            usleep(200);
        }
    }
};

}  // namespace bench
