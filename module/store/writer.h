// The writer's thread: a queue, cut into groups, each one transaction of the keeper. Callers: store (life); everybody
// submits. Threads: submit, stop, healthy, waiting from any; the rest on its own.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>

#include "base/thread.h"
#include "store/keeper.h"

namespace trot {

class WriterThread final : public Writer {
  public:
    explicit WriterThread(Core& core);
    ~WriterThread() override;

    Result<void> start();              // opens the file, then starts the thread
    void wake();                       // something other than a job asks for the keeper's care
    void close() { keeper_.close(); }  // after stop()

    bool submit(std::unique_ptr<Job>& job) override;
    void ride(std::shared_ptr<Rider> rider) override;
    void stop(int64_t drain_ms) override;
    bool healthy() const override { return keeper_.healthy(); }
    size_t waiting() const override { return waiting_.load(std::memory_order_relaxed); }

  private:
    void run();
    // False: stopped, and nothing is left to run.
    bool next_group(Keeper::Jobs& group, std::shared_ptr<Rider>& rider);
    void linger(std::unique_lock<std::mutex>& hold);
    bool time_is_over() const;
    void fail_rest();

    Core& core_;
    Keeper keeper_;
    Thread thread_;
    std::mutex lock_;
    std::condition_variable changed_;
    std::deque<std::unique_ptr<Job>> queue_;
    std::atomic<size_t> waiting_{0};
    std::atomic<int64_t> deadline_us_{0};  // of the drain
    std::atomic<bool> stopping_{false};
    size_t hasty_ = 0;        // of the queue: jobs that somebody waits for
    bool idle_ = false;       // the thread waits for the first job
    bool lingering_ = false;  // it waits for more, and nobody is kept waiting yet
    bool woken_ = false;
    std::shared_ptr<Rider> rider_;
    std::once_flag stopped_;
};

}  // namespace trot
