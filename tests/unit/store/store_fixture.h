// What the store's tests share: a directory of their own, jobs made of functions, and waiting for the thing itself.
#pragma once

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "store/store.h"

// clang-format off
extern "C" {
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
}
// clang-format on

namespace trot_test {

using namespace trot;

class TempDir {
  public:
    TempDir() {
        const char* base = getenv("TMPDIR");
        path_ = std::string(base != nullptr ? base : "/tmp") + "/trotline-store-XXXXXX";
        assert_non_null(mkdtemp(path_.data()));
    }
    ~TempDir() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;
    std::string operator/(const std::string& name) const { return path_ + "/" + name; }
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

class FunctionJob final : public Job {
  public:
    using Write = std::function<Result<void>(Tx&)>;
    using Done = std::function<void(const Result<void>&, bool in_doubt)>;
    FunctionJob(Write write, Done done) : write_(std::move(write)), done_(std::move(done)) {}
    Result<void> write(Tx& tx) override { return write_(tx); }
    void done(const Result<void>& outcome) override { done_(outcome, in_doubt); }
    bool patient() const override { return is_patient; }
    bool overtakes() const override { return is_overtaking; }
    bool is_patient = false, is_overtaking = false;

  private:
    Write write_;
    Done done_;
};

inline std::future<Result<void>> submit(Writer& writer, FunctionJob::Write write) {
    auto promise = std::make_shared<std::promise<Result<void>>>();
    std::future<Result<void>> outcome = promise->get_future();
    std::unique_ptr<Job> job = std::make_unique<FunctionJob>(
        std::move(write), [promise](const Result<void>& result, bool) { promise->set_value(result); });
    if (!writer.submit(job)) promise->set_value(Fault{Code::stopped, "submit refused"});
    return outcome;
}

// Writes and waits. The outcome.
inline Result<void> write_now(Store& store, FunctionJob::Write write) {
    return submit(store.writer(), std::move(write)).get();
}

inline Event some_event(const std::string& topic = "order.created", const std::string& payload = "{\"id\":1}") {
    Event event;
    event.topic = topic;
    event.resource = "order";
    event.resource_id = "1042";
    event.action = "created";
    event.hook = topic;
    event.at_ms = system_clock().wall_ms();
    event.method = "POST";
    event.path = "/orders";
    event.status = 201;
    event.capture = std::string("0123456789abcde\0", 16);
    event.payload = std::make_shared<const std::string>(payload);
    return event;
}

inline bool eventually(const std::function<bool()>& holds, int within_ms = 60000) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(within_ms);
    while (!holds()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));  // between two looks
    }
    return true;
}

inline std::string drained(Log& log) {
    std::string all;
    std::string line;
    Level level{};
    while (log.drain(level, line)) all += std::to_string(static_cast<int>(level)) + " " + line + "\n";
    return all;
}

#define assert_fine(result)                                              \
    do {                                                                 \
        const auto& result_ = (result);                                  \
        if (!result_.ok()) fail_msg("%s", result_.fault().text.c_str()); \
    } while (false)

// A store in a directory of its own, with its log.
struct Open {
    explicit Open(const std::string& path, const std::function<void(StoreOptions&)>& change = nullptr) {
        StoreOptions options;
        options.path = path;
        options.log = &log;
        options.counters = &counters;
        if (change) change(options);
        Result<std::unique_ptr<Store>> opened = open_store(options);
        assert_fine(opened);
        store = std::move(opened).value();
        reader = std::move(store->reader()).value();
    }
    Log log;
    Counters counters;
    std::unique_ptr<Store> store;
    std::unique_ptr<Reader> reader;
};

}  // namespace trot_test
