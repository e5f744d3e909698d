#include "engine/root.h"

#include <exception>
#include <utility>

#include "base/own_files.h"

namespace trot {

struct Root::Call {
    const std::function<void()>& body;
    std::exception_ptr thrown = nullptr;
    bool done = false;
    Call* next = nullptr;
};

Result<void> Root::start(int keep) {
    Result<void> started = thread_.start("trot-root", [this] { run(); });
    if (started)
        call([this, keep] {
            if (const Result<void> left = leave_shared_files(keep); !left) shares_because_ = left.fault().text;
        });
    return started;
}

void Root::call(const std::function<void()>& body) {
    if (!thread_.running()) return body();
    Call mine{body};
    std::unique_lock<std::mutex> hold(lock_);
    *last_ = &mine;
    last_ = &mine.next;
    asked_.notify_one();
    answered_.wait(hold, [&] { return mine.done; });
    if (mine.thrown) std::rethrow_exception(mine.thrown);
}

void Root::end() {
    {
        const std::lock_guard<std::mutex> hold(lock_);
        ending_ = true;
    }
    asked_.notify_one();
    thread_.join();
}

void Root::run() {
    std::unique_lock<std::mutex> hold(lock_);
    while (true) {
        asked_.wait(hold, [this] { return first_ != nullptr || ending_; });
        if (first_ == nullptr) return;
        Call& call = *first_;
        first_ = std::exchange(call.next, nullptr);
        if (first_ == nullptr) last_ = &first_;
        hold.unlock();
        try {
            call.body();
        } catch (...) {
            call.thrown = std::current_exception();
        }
        hold.lock();
        call.done = true;
        answered_.notify_all();
    }
}

}  // namespace trot
