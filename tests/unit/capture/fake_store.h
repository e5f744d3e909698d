// A Store for the recorder's tests whose writer can hang, fail or refuse, and keeps the events in memory.
#pragma once

#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "store/store.h"

namespace trot_test {

class FakeStore : public trot::Store, public trot::Writer, public trot::Tx {
  public:
    FakeStore() : thread_([this] { run(); }) {}
    ~FakeStore() override { stop(0); }

    // How the next commits end; set before the jobs come. Called on the writer thread.
    std::function<trot::Result<void>(const trot::Event&)> refuse;  // a job's own fault
    std::function<void()> before_job, after_job;                   // around write() and around done()
    std::atomic<bool> sick{false}, hang{false};

    std::vector<trot::Event> events() {
        const std::lock_guard<std::mutex> hold(lock_);
        return events_;
    }

    trot::Result<std::unique_ptr<trot::Reader>> reader() override { return trot::Fault{trot::Code::store, "none"}; }
    trot::Writer& writer() override { return *this; }
    const std::string& path() const override { return path_; }

    bool submit(std::unique_ptr<trot::Job>& job) override {
        const std::lock_guard<std::mutex> hold(lock_);
        if (stopping_) return false;
        jobs_.push_back(std::move(job));
        changed_.notify_all();
        return true;
    }
    void ride(std::shared_ptr<trot::Rider>) override {}
    void stop(int64_t) override {
        {
            const std::lock_guard<std::mutex> hold(lock_);
            stopping_ = true;
            hang = false;
        }
        changed_.notify_all();
        if (thread_.joinable()) thread_.join();
    }
    bool healthy() const override { return !sick; }
    size_t waiting() const override { return 0; }
    void go_on() {
        hang = false;
        changed_.notify_all();
    }

    trot::Result<void> add_event(trot::Event& event) override {
        if (refuse) {
            if (trot::Result<void> no = refuse(event); !no) return no;
        }
        event.number = ++last_;
        pending_.push_back(event);
        return {};
    }
    trot::Result<bool> has_event(std::string_view capture, uint32_t item, int64_t) override {
        for (const trot::Event& event : events_)
            if (event.capture == capture && event.item == item) return true;
        return false;
    }
    trot::Result<std::optional<std::string>> find_waiting(std::string_view, trot::Waiting) override {
        return {std::nullopt};
    }
    trot::Result<void> put_waiting(const trot::WaitingRow&) override { return {}; }
    trot::Result<void> remove_waiting(std::string_view) override { return {}; }
    trot::Result<std::optional<std::string>> find_snapshot(std::string_view, int64_t) override {
        return {std::nullopt};
    }
    trot::Result<void> put_snapshot(std::string_view, int64_t, std::string_view) override { return {}; }
    trot::Result<void> remove_snapshot(std::string_view, int64_t) override { return {}; }
    trot::Result<trot::Tidied> tidy(const trot::MemoryLimits&) override { return trot::Tidied{}; }
    trot::Result<void> add_delivery(trot::Delivery&) override { return {}; }
    trot::Result<int64_t> cursor() override { return int64_t{0}; }
    trot::Result<void> set_cursor(int64_t) override { return {}; }
    trot::Result<bool> caught_up() override { return true; }
    trot::Result<void> finish(const trot::Outcome&) override { return {}; }
    trot::Lanes& lanes() override { abort(); }  // a recorder has no business with them
    trot::Result<int64_t> shape(std::string_view) override { return int64_t{0}; }
    trot::Result<void> set_shape(int64_t, int64_t) override { return {}; }
    trot::Result<void> put_subscription(trot::SubscriptionRow&) override { return {}; }
    trot::Result<void> set_subscription(int64_t, trot::SubscriptionState, std::string_view, unsigned,
                                        int64_t) override {
        return {};
    }
    trot::Result<void> keep_subscriptions(const std::vector<std::string>&) override { return {}; }
    trot::Result<trot::Pruned> prune(int64_t, int64_t, int, int) override { return trot::Pruned{}; }
    trot::Result<void> move_subscription(int64_t, const Known&, trot::SubscriptionState, std::string_view, unsigned,
                                         int64_t) override {
        return {};
    }
    trot::Result<int64_t> generation() override { return int64_t{0}; }
    trot::Result<void> add_managed(trot::ManagedRow&) override { return {}; }
    trot::Result<void> change_managed(trot::ManagedRow&) override { return {}; }
    trot::Result<void> remove_managed(int64_t) override { return {}; }
    trot::Result<void> touch_subscription(int64_t) override { return {}; }
    trot::Result<void> steer_subscription(int64_t, const Known&, trot::SubscriptionState, std::string_view) override {
        return {};
    }
    trot::Result<int> cancel_deliveries(int64_t, int) override { return 0; }
    trot::Result<void> redeliver(int64_t) override { return {}; }
    trot::Result<bool> redeliver(int64_t, trot::DeliveryState) override { return true; }
    trot::Result<bool> cancel_delivery(int64_t) override { return true; }
    trot::Result<bool> has_delivery(int64_t, int64_t) override { return false; }
    trot::Result<void> add_task(trot::TaskRow&) override { return {}; }
    trot::Result<bool> move_task(int64_t, int64_t, int64_t) override { return true; }
    trot::Result<void> count_task(int64_t, int64_t) override { return {}; }
    trot::Result<bool> end_task(int64_t) override { return true; }
    trot::Result<void> count_deaths(int64_t, std::vector<trot::InHand>&) override { return {}; }
    trot::Result<bool> take_nonce(std::string_view, int64_t) override { return true; }
    trot::Result<void> settle_hydration(int64_t, const std::string*) override { return {}; }
    trot::Result<void> postpone_hydration(int64_t, unsigned, int64_t) override { return {}; }

  private:
    void run() {
        while (true) {
            std::unique_ptr<trot::Job> job;
            {
                std::unique_lock<std::mutex> hold(lock_);
                while ((jobs_.empty() || hang) && !stopping_) changed_.wait_for(hold, std::chrono::milliseconds(5));
                if (jobs_.empty()) return;
                job = std::move(jobs_.front());
                jobs_.pop_front();
            }
            one(*job);
        }
    }
    void one(trot::Job& job) {
        trot::Result<void> outcome = trot::Fault{trot::Code::store, "sick"};
        pending_.clear();
        if (!sick) {
            if (before_job) before_job();
            outcome = job.write(*this);
            if (after_job) after_job();
        }
        if (outcome) {
            const std::lock_guard<std::mutex> hold(lock_);
            events_.insert(events_.end(), pending_.begin(), pending_.end());
        }
        if (before_job) before_job();
        job.done(outcome);
        if (after_job) after_job();
    }

    std::string path_;
    std::mutex lock_;
    std::condition_variable changed_;
    std::deque<std::unique_ptr<trot::Job>> jobs_;
    std::vector<trot::Event> events_, pending_;
    int64_t last_ = 1000;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace trot_test
