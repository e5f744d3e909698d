#include "engine/errands.h"

#include <chrono>

namespace trot {

Result<void> Errands::start(std::function<void()> each_second) {
    each_second_ = std::move(each_second);
    return thread_.start("trot-errands", [this] { run(); });
}

bool Errands::add(std::function<void()> errand) {
    {
        const std::lock_guard<std::mutex> hold(lock_);
        if (stopping_ || !thread_.running()) return false;
        waiting_.push_back(std::move(errand));
    }
    wake_.notify_one();
    return true;
}

void Errands::stop() {
    {
        const std::lock_guard<std::mutex> hold(lock_);
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void Errands::run() {
    using Steady = std::chrono::steady_clock;
    Steady::time_point next = Steady::now();
    std::unique_lock<std::mutex> hold(lock_);
    for (;;) {
        wake_.wait_until(hold, next, [this] { return stopping_ || !waiting_.empty(); });
        while (!waiting_.empty()) {
            const std::function<void()> errand = std::move(waiting_.front());
            waiting_.pop_front();
            hold.unlock();
            errand();
            hold.lock();
        }
        if (stopping_ || Steady::now() >= next) {
            const bool last = stopping_;
            hold.unlock();
            each_second_();
            hold.lock();
            if (last && waiting_.empty()) return;
            next = Steady::now() + std::chrono::seconds(1);
        }
    }
}

}  // namespace trot
