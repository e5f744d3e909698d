#include "store/writer.h"

#include <algorithm>
#include <chrono>

namespace trot {
namespace {

constexpr size_t group_jobs = 2000;
constexpr size_t group_bytes = 4U << 20;

}  // namespace

WriterThread::WriterThread(Core& core) : core_(core), keeper_(core, [this] { return time_is_over(); }) {}

WriterThread::~WriterThread() { stop(0); }

Result<void> WriterThread::start() {
    if (Result<void> opened = keeper_.open(); !opened.ok()) return opened;
    return thread_.start("trot-writer", [this] { run(); });
}

bool WriterThread::time_is_over() const {
    return stopping_.load(std::memory_order_relaxed) &&
           system_clock().steady_us() >= deadline_us_.load(std::memory_order_relaxed);
}

bool WriterThread::submit(std::unique_ptr<Job>& job) {
    bool wake = false;
    {
        const std::lock_guard<std::mutex> hold(lock_);
        if (stopping_) return false;
        const bool hasty = !job->patient();
        if (job->overtakes())
            queue_.push_front(std::move(job));
        else
            queue_.push_back(std::move(job));
        if (hasty) ++hasty_;
        waiting_.store(queue_.size(), std::memory_order_relaxed);
        wake = idle_ || (lingering_ && hasty);
    }
    if (wake) changed_.notify_one();
    return true;
}

void WriterThread::ride(std::shared_ptr<Rider> rider) {
    const std::lock_guard<std::mutex> hold(lock_);
    rider_ = std::move(rider);
}

void WriterThread::wake() {
    {
        const std::lock_guard<std::mutex> hold(lock_);
        woken_ = true;
    }
    changed_.notify_one();
}

void WriterThread::stop(int64_t drain_ms) {
    std::call_once(stopped_, [&] {
        deadline_us_ = system_clock().steady_us() + drain_ms * 1000;
        {
            const std::lock_guard<std::mutex> hold(lock_);
            stopping_ = true;
        }
        core_.stopping = true;
        changed_.notify_one();
        thread_.join();
    });
}

// While nobody waits for any of the jobs, more are let in for a moment.
void WriterThread::linger(std::unique_lock<std::mutex>& hold) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(core_.options.linger_us);
    lingering_ = true;
    while (hasty_ == 0 && !stopping_ && queue_.size() < group_jobs)
        if (changed_.wait_until(hold, until) == std::cv_status::timeout) break;
    lingering_ = false;
}

bool WriterThread::next_group(Keeper::Jobs& group, std::shared_ptr<Rider>& rider) {
    std::unique_lock<std::mutex> hold(lock_);
    const auto ready = [this] { return !queue_.empty() || stopping_ || woken_; };
    if (!ready()) {
        idle_ = true;
        changed_.wait_for(hold, std::chrono::milliseconds(keeper_.tend_in_ms()), ready);
        idle_ = false;
    }
    if (core_.options.linger_us > 0 && !queue_.empty()) linger(hold);
    woken_ = false;
    if (time_is_over()) return false;
    rider = rider_;
    size_t bytes = 0;
    while (!queue_.empty() && group.size() < group_jobs && bytes < group_bytes) {
        bytes += queue_.front()->bytes();
        if (!queue_.front()->patient()) --hasty_;
        group.push_back(std::move(queue_.front()));
        queue_.pop_front();
    }
    waiting_.store(queue_.size(), std::memory_order_relaxed);
    return !(stopping_ && group.empty());
}

void WriterThread::fail_rest() {
    std::deque<std::unique_ptr<Job>> rest;
    {
        const std::lock_guard<std::mutex> hold(lock_);
        rest.swap(queue_);
        waiting_ = 0;
    }
    const Result<void> stopped = Fault{Code::stopped, "the store stopped before this was written"};
    for (const std::unique_ptr<Job>& job : rest) {
        try {
            job->done(stopped);
        } catch (...) {  // as in the keeper: the others' turn matters more
            continue;
        }
    }
}

void WriterThread::run() {
    Keeper::Jobs group;
    std::shared_ptr<Rider> rider;
    while (next_group(group, rider)) {
        keeper_.commit(group, rider.get());
        keeper_.tend();
    }
    fail_rest();
}

}  // namespace trot
