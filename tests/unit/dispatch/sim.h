// A dispatcher in virtual time, on the test's own thread: the real store, expansion, lanes, schedules and breakers,
// with a transport that answers by script and a clock that jumps from one timer to the next. An hour passes in
// milliseconds. How: this executable's own clock_gettime and gettimeofday answer the thread that is `simulated`,
// libevent among its callers, with virtual time; the writer's thread lives in real time and is waited for before time
// moves on.
#pragma once

#include <event2/event.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <map>

#include "dispatch/lead.h"
#include "tests/unit/dispatch/rig.h"

namespace trot_test {

inline thread_local bool simulated = false;
inline std::atomic<int64_t> virtual_us{1800000000LL * 1000000};

class SimClock final : public Clock {
  public:
    int64_t wall_ms() const override { return virtual_us.load() / 1000; }
    int64_t steady_us() const override { return virtual_us.load(); }
};

// The store with a count of the jobs that are not done yet.
class CountingStore final : public Store {
  public:
    explicit CountingStore(Store& inner) : inner_(inner), writer_(inner.writer()) {}
    Result<std::unique_ptr<Reader>> reader() override { return inner_.reader(); }
    Writer& writer() override { return writer_; }
    const std::string& path() const override { return inner_.path(); }
    // From now on so many jobs are written, and the disk is heard of no more.
    void hang_after(int jobs) { writer_.left = jobs; }
    void forget() { writer_.hanging.clear(); }
    void wait() const {
        for (int left = writer_.outstanding->load(); left > 0; left = writer_.outstanding->load())
            writer_.outstanding->wait(left);
    }

  private:
    struct Counted final : Job {
        Counted(std::unique_ptr<Job> job, std::shared_ptr<std::atomic<int>> count)
            : inner(std::move(job)), outstanding(std::move(count)) {}
        Result<void> write(Tx& tx) override {
            inner->in_doubt = in_doubt;
            return inner->write(tx);
        }
        void done(const Result<void>& outcome) override {
            inner->done(outcome);
            inner.reset();
            --*outstanding;
            outstanding->notify_one();
        }
        size_t bytes() const override { return inner->bytes(); }
        bool overtakes() const override { return inner->overtakes(); }
        std::unique_ptr<Job> inner;
        std::shared_ptr<std::atomic<int>> outstanding;
    };
    struct CountingWriter final : Writer {
        explicit CountingWriter(Writer& given) : inner(given) {}
        bool submit(std::unique_ptr<Job>& job) override {
            if (left == 0) {
                hanging.push_back(std::move(job));
                return true;
            }
            if (left > 0) --left;
            ++*outstanding;
            auto* raw = new Counted(std::move(job), outstanding);
            std::unique_ptr<Job> counted(raw);
            if (inner.submit(counted)) return true;
            job = std::move(raw->inner);
            --*outstanding;
            return false;
        }
        void stop(int64_t drain_ms) override { inner.stop(drain_ms); }
        void ride(std::shared_ptr<Rider> rider) override { inner.ride(std::move(rider)); }
        bool healthy() const override { return inner.healthy(); }
        size_t waiting() const override { return inner.waiting(); }
        Writer& inner;
        int left = -1;  // -1: any number
        std::vector<std::unique_ptr<Job>> hanging;
        std::shared_ptr<std::atomic<int>> outstanding = std::make_shared<std::atomic<int>>(0);
    };
    Store& inner_;
    CountingWriter writer_;
};

// One life of a dispatcher: ended by the destructor as by kill -9, with nothing written that was not.
class SimLife {
  public:
    SimLife(Store& store, const std::shared_ptr<Plan>& plan, Wire& wire, Log& log, Counters& counters, uint64_t seed)
        : store_(store), base_(event_base_new()) {
        Result<std::shared_ptr<Mailbox>> mailbox = Mailbox::make();
        assert_true(mailbox.ok());
        mailbox_ = mailbox.value();
        context_.reset(new Context{store_, clock_, log, counters, mailbox_, base_, RunClock(clock_), nullptr, seed});
        mail_ = std::make_unique<LoopEvent>(base_, mailbox_->fd(), static_cast<short>(EV_READ | EV_PERSIST), [this] {
            if (mailbox_->run()) lead_->poll();
        });
        mail_->arm();
        fan_out_ = std::make_shared<FanOut>(clock_, counters, mailbox_);
        lead_ = std::make_unique<Lead>(
            *context_, plan,
            [&wire](event_base* base, const Plan&) -> Result<std::unique_ptr<Transport>> {
                return fake_transport(base, wire);
            },
            fan_out_);
        store_.writer().ride(fan_out_);
        lead_->begin();
        settle();
    }
    ~SimLife() {
        store_.writer().ride(nullptr);
        store_.wait();
        mailbox_->close();
        store_.forget();
        lead_.reset();
        mail_.reset();
        fan_out_.reset();
        context_.reset();
        event_base_free(base_);
    }

    Lead& lead() { return *lead_; }
    Store& store() { return store_; }
    // What is written from now on, but for so many jobs, never comes to the disk: the moment of a kill -9, as far as
    // the store goes, while the rest of the process lives on to do what it may not.
    void hang_after(int jobs) { store_.hang_after(jobs); }

    // All that can happen without time passing.
    void settle() {
        for (;;) {
            event_base_loop(base_, EVLOOP_NONBLOCK);
            store_.wait();
            pollfd mail{mailbox_->fd(), POLLIN, 0};
            if (poll(&mail, 1, 0) == 0) return;
        }
    }
    void advance_ms(int64_t ms) {
        const int64_t target = virtual_us + ms * 1000;
        for (int64_t next = next_timer_us(); next <= target; next = next_timer_us()) {
            virtual_us = std::max(virtual_us.load(), next);
            settle();
        }
        virtual_us = target;
        settle();
    }

  private:
    int64_t next_timer_us() {
        int64_t next = INT64_MAX;
        event_base_foreach_event(
            base_,
            [](const event_base*, const event* one, void* out) {
                timeval at{};
                if (event_pending(one, EV_TIMEOUT, &at) != 0) {
                    auto& earliest = *static_cast<int64_t*>(out);
                    earliest = std::min(earliest, at.tv_sec * int64_t{1000000} + at.tv_usec);
                }
                return 0;
            },
            &next);
        return next;
    }

    SimClock clock_;
    CountingStore store_;
    event_base* base_;
    std::shared_ptr<Mailbox> mailbox_;
    std::unique_ptr<Context> context_;
    std::unique_ptr<LoopEvent> mail_;
    std::shared_ptr<FanOut> fan_out_;
    std::unique_ptr<Lead> lead_;
};

}  // namespace trot_test

extern "C" __attribute__((visibility("default"))) int clock_gettime(clockid_t id, timespec* out) noexcept {
    if (!trot_test::simulated) return static_cast<int>(syscall(SYS_clock_gettime, id, out));
    const int64_t now = trot_test::virtual_us.load();
    *out = {now / 1000000, now % 1000000 * 1000};
    return 0;
}

extern "C" __attribute__((visibility("default"))) int gettimeofday(timeval* out, void* zone) noexcept {
    if (!trot_test::simulated) return static_cast<int>(syscall(SYS_gettimeofday, out, zone));
    const int64_t now = trot_test::virtual_us.load();
    *out = {now / 1000000, now % 1000000};
    return 0;
}
