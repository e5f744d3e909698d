// How many durable events a second go through recorder and store, how long one alone takes, and what an evaluation
// costs.
//   bench_record --dir DIR [--seconds N] [--batch N]     one JSON object on standard output
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "capture/evaluate.h"
#include "capture/recorder.h"
#include "plan/load.h"

using namespace trot;

namespace {

PlanPtr make_plan() {
    Result<PlanPtr> plan = parse_plan(
        "[store]\nurl = \"sqlite:/nonexistent\"\n[[hook]]\ntopic = \"order.created\"\nmatch = \"POST /api/orders\"\n"
        "id = \"response:/id\"\npayload = \"response:\"\n",
        "bench.toml", Vocabulary{});
    if (!plan) {
        std::fprintf(stderr, "%s\n", plan.fault().text.c_str());
        std::exit(1);
    }
    return plan.value();
}

// About 1 KB of JSON, as a shop answers.
std::string answer(int number) {
    std::string out =
        "{\"id\":" + std::to_string(number) + ",\"status\":\"processing\",\"total\":\"49.90\",\"line_items\":[";
    for (int i = 0; i < 10; ++i)
        out += std::string(i == 0 ? "" : ",") + R"({"id":)" + std::to_string(number * 10 + i) +
               R"(,"name":"A thing of some length","product_id":93,"quantity":2,"total":"6.00","sku":"SKU-77"})";
    return out + "]}";
}

ExchangePtr exchange(const PlanPtr& plan, int number) {
    auto out = std::make_unique<Exchange>();
    out->plan = plan;
    char capture[17];
    std::snprintf(capture, sizeof capture, "%016x", static_cast<unsigned>(number));
    out->capture = capture;
    out->method = "POST";
    out->target = "/api/orders";
    out->host = "shop.example";
    out->status = 201;
    out->response_fields = {{"Content-Type", "application/json"}};
    out->response_body = answer(number);
    out->at_ms = system_clock().wall_ms();
    return out;
}

double evaluation_us(const PlanPtr& plan) {
    Evaluator evaluator;
    const ExchangePtr one = exchange(plan, 7);
    constexpr int rounds = 50000;
    size_t events = 0;
    const int64_t start = system_clock().steady_us();
    for (int i = 0; i < rounds; ++i) events += evaluator.evaluate(*one, nullptr).size();
    const int64_t took = system_clock().steady_us() - start;
    if (events != rounds) std::exit(1);
    return static_cast<double>(took) / rounds;
}

int64_t cpu_us() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * int64_t{1000000} + used.ru_utime.tv_usec +
           used.ru_stime.tv_usec;
}

// How many wait at least; the maker fills up to --batch when there are fewer. (Waking it for each event would measure
// the wake-ups; a host takes a group's outcomes at once.)
constexpr uint64_t waiting_low = 100;

struct Gate {
    std::mutex lock;
    std::condition_variable changed;
    uint64_t done = 0, bad = 0;
    uint64_t wake_at = 0;
};

}  // namespace

int main(int argc, char** argv) {
    std::string dir;
    double seconds = 5;
    uint64_t batch = 400;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (std::strcmp(argv[i], "--dir") == 0) dir = argv[i + 1];
        if (std::strcmp(argv[i], "--seconds") == 0) seconds = std::atof(argv[i + 1]);
        if (std::strcmp(argv[i], "--batch") == 0) batch = std::strtoull(argv[i + 1], nullptr, 10);
    }
    if (dir.empty()) {
        std::fprintf(stderr, "usage: bench_record --dir DIR [--seconds N] [--batch N]\n");
        return 2;
    }
    dir += "/bench-record-" + std::to_string(getpid());
    const PlanPtr plan = make_plan();
    Gate gate;
    Counters counters;
    Log log;
    StoreOptions store_options;
    store_options.path = dir;
    store_options.log = &log;
    store_options.counters = &counters;
    Result<std::unique_ptr<Store>> store = open_store(store_options);
    if (!store) {
        std::fprintf(stderr, "%s\n", store.fault().text.c_str());
        return 3;
    }
    RecorderOptions options;
    options.store = store.value().get();
    options.path = dir;
    options.log = &log;
    options.counters = &counters;
    options.plan = [&] { return plan; };
    options.done = [&](RecordDone done) {
        const std::lock_guard<std::mutex> hold(gate.lock);
        ++gate.done;
        if (done.outcome != Recorded::recorded) ++gate.bad;
        if (gate.done == gate.wake_at) gate.changed.notify_one();
    };
    Result<std::unique_ptr<Recorder>> recorder = make_recorder(options);
    if (!recorder) return 3;
    int number = 0;
    const auto submit = [&](ExchangePtr one) { return recorder.value()->submit(std::move(one), &gate).ok(); };

    // One at a time: what a single held answer waits for.
    std::vector<int64_t> single;
    for (int i = 0; i < 300; ++i) {
        const int64_t start = system_clock().steady_us();
        gate.wake_at = static_cast<uint64_t>(number) + 1;
        if (!submit(exchange(plan, ++number))) return 3;
        std::unique_lock<std::mutex> hold(gate.lock);
        gate.changed.wait(hold, [&] { return gate.done == static_cast<uint64_t>(number); });
        single.push_back(system_clock().steady_us() - start);
    }
    std::sort(single.begin(), single.end());

    // `batch` always wait: made beforehand, so that the maker does not take the recorder's time.
    std::vector<ExchangePtr> stock;
    const auto wanted = static_cast<size_t>(seconds * 90000);
    for (size_t i = 0; i < wanted; ++i) stock.push_back(exchange(plan, ++number));
    const uint64_t before = gate.done;
    const uint64_t commits = counters.commits;
    const int64_t start = system_clock().steady_us();
    const int64_t cpu_start = cpu_us();
    uint64_t sent = 0;
    for (ExchangePtr& one : stock) {
        if (sent % (batch - waiting_low) == 0 && sent >= batch) {
            std::unique_lock<std::mutex> hold(gate.lock);
            gate.wake_at = before + sent - waiting_low;
            gate.changed.wait(hold, [&] { return gate.done >= gate.wake_at; });
        }
        if (!submit(std::move(one))) return 3;
        ++sent;
        if (static_cast<double>(system_clock().steady_us() - start) > seconds * 1e6) break;
    }
    {
        std::unique_lock<std::mutex> hold(gate.lock);
        gate.wake_at = before + sent;
        gate.changed.wait(hold, [&] { return gate.done == gate.wake_at; });
    }
    const double took = static_cast<double>(system_clock().steady_us() - start) / 1e6;
    const double cpu = static_cast<double>(cpu_us() - cpu_start) / static_cast<double>(sent);
    const double groups = static_cast<double>(counters.commits - commits);
    recorder.value()->stop(5000);
    store.value()->writer().stop(5000);
    std::printf(
        "{\"events\":%llu,\"seconds\":%.3f,\"events_per_s\":%.0f,\"cpu_us_per_event\":%.2f,\"waiting\":%llu,\"events_"
        "per_commit\":%.1f,\"single_"
        "p50_us\":%lld,"
        "\"single_p99_us\":%lld,\"evaluate_us\":%.2f,\"payload_bytes\":%zu,\"not_recorded\":%llu}\n",
        static_cast<unsigned long long>(sent), took, static_cast<double>(sent) / took, cpu,
        static_cast<unsigned long long>(batch), groups > 0 ? static_cast<double>(sent) / groups : 0,
        static_cast<long long>(single[single.size() / 2]), static_cast<long long>(single[single.size() * 99 / 100]),
        evaluation_us(plan), answer(1).size(), static_cast<unsigned long long>(gate.bad));
    std::error_code ignored;
    std::filesystem::remove_all(dir, ignored);
    return gate.bad == 0 ? 0 : 1;
}
