// Random histories of a dispatcher against a model of what it owes: commands (changes, answers, pauses, crashes, time)
// from a seed, in virtual time on a real store, and rules that hold whatever the order: nothing is lost, nothing is
// invented, nothing goes out twice at once or after its end, each wait is one that the schedule allows, an endpoint
// that fails is left alone. The model knows the rules and none of the code. TROTLINE_HISTORIES=N runs that many,
// TROTLINE_SEED=N begins with that one; a failure names its seed.
#include <random>

#include "crypto/ids.h"
#include "tests/unit/dispatch/sim.h"

namespace {

using namespace trot_test;

struct Listening {
    std::string name;
    std::string topics;
    std::vector<int64_t> schedule_ms;
    unsigned concurrency = 1;
};

// How a receiver answers from now on.
struct Mood {
    int status = 200;
    int percent_bad = 0;  // of the answers are `status`, the others 200
    int after_ms = 5;
    std::string retry_after;
};

struct Try {
    int64_t at_ms = 0;
    int64_t ended_ms = 0;
    int status = 0;
    int64_t retry_after_ms = -1;
};

class History {
  public:
    explicit History(uint64_t seed) : seed_(seed), random_(seed) {}

    void run() {
        make_plan();
        open();
        const int commands = 10 + pick(30);
        for (int i = 0; i < commands; ++i) command();
        finish();
        close();
        if (getenv("TROTLINE_TALK") != nullptr) talk();
        check();
    }

  private:
    void talk() {
        print_message("seed %llu: %zu events, %zu deliveries, %zu attempts, %d lives\n",
                      static_cast<unsigned long long>(seed_), changes_.size(), ended_.size(), wire_.count(), lives_);
        Level level{};
        for (std::string line; log_.drain(level, line);) print_message("  %s\n", line.c_str());
    }

    int pick(int below) { return static_cast<int>(random_() % static_cast<uint64_t>(below)); }
    bool chance(int percent) { return pick(100) < percent; }

    void wrong(const std::string& what) {
        fail_msg("seed %llu: %s", static_cast<unsigned long long>(seed_), what.c_str());
    }

    void make_plan() {
        std::vector<Subscription> all;
        const int count = 1 + pick(3);
        for (int i = 0; i < count; ++i) {
            Listening one;
            one.name = std::string(1, static_cast<char>('a' + i));
            one.topics = chance(50) ? "*" : "order.*";
            const int waits = pick(5);
            for (int k = 0; k < waits; ++k) one.schedule_ms.push_back(100 + pick(20000));
            one.concurrency = 1 + static_cast<unsigned>(pick(4));
            Subscription made = subscription(one.name, {one.topics}, one.schedule_ms);
            made.concurrency = one.concurrency;
            all.push_back(std::move(made));
            listening_.push_back(std::move(one));
        }
        plan_ = plan_of(std::move(all));
        wire_.script([this](const Sent& sent, size_t) { return answer(sent); });
    }

    void open() {
        StoreOptions options;
        options.path = dir_.path() + "/store";
        options.clock = &clock_;
        options.sync = "off";  // no power is cut here
        options.linger_us = 0;
        Result<std::unique_ptr<Store>> opened = open_store(options);
        assert_fine(opened);
        store_ = std::move(opened).value();
        life_ = std::make_unique<SimLife>(*store_, plan_, wire_, log_, counters_, random_());
    }

    void close() {
        life_.reset();
        wire_.forget_flights();
        store_->writer().stop(0);
        store_.reset();
    }

    Answer answer(const Sent& sent) {
        const size_t who = static_cast<size_t>(sent.url.back() - 'a');
        if (who >= listening_.size()) wrong("an attempt went to " + sent.url);
        const Mood mood = moods_[who];
        Answer out;
        out.status = chance(100 - mood.percent_bad) ? 200 : mood.status;
        out.after_ms = mood.after_ms;
        if (out.status == 0) out.error = SendError::timeout;
        if (out.status == 429) out.retry_after = mood.retry_after;
        Try one;
        one.at_ms = virtual_us / 1000;
        one.ended_ms = one.at_ms + out.after_ms;
        one.status = out.status;
        if (!out.retry_after.empty()) one.retry_after_ms = std::stoll(out.retry_after) * 1000;
        tries_[who][sent.id].push_back(one);
        bodies_[who][sent.id].insert(sent.body);
        return out;
    }

    void command() {
        switch (pick(10)) {
            case 0:
            case 1:
            case 2:
                return change(1 + pick(4));
            case 3:
            case 4:
                return life_->advance_ms(pick(300));
            case 5:
                return life_->advance_ms(pick(30000));
            case 6:
            case 7:
                return mood();
            case 8:  // kill -9: what was not durable is gone, attempts on the wire have no outcome
                close();
                ++lives_;
                return open();
            case 9:
                if (chance(30)) change(40);
                return;
        }
    }

    void change(int count) {
        const std::string topic = chance(70) ? "order.created" : "page.saved";
        std::vector<int64_t> numbers;
        assert_fine(write_now(life_->store(), [&](Tx& tx) -> Result<void> {
            numbers.clear();
            for (int i = 0; i < count; ++i) {
                Event event = some_event(topic, "{\"n\":" + std::to_string(i) + "}");
                event.at_ms = clock_.wall_ms();
                if (Result<void> added = tx.add_event(event); !added) return added;
                numbers.push_back(event.number);
            }
            return {};
        }));
        for (const int64_t number : numbers) changes_[number] = topic;
        life_->lead().poll();
        life_->settle();
    }

    void mood() {
        Mood& one = moods_[static_cast<size_t>(pick(static_cast<int>(listening_.size())))];
        one = Mood();
        one.after_ms = 1 + pick(chance(20) ? 3000 : 50);
        if (chance(40)) return;
        static const int bad[] = {500, 503, 400, 404, 429, 301, 0};
        one.status = bad[pick(7)];
        one.percent_bad = chance(50) ? 100 : 30 + pick(60);
        if (one.status == 429) one.retry_after = std::to_string(1 + pick(60));
    }

    // All is well again, and for long: whatever is owed comes to its end.
    void finish() {
        for (Mood& one : moods_) one = Mood();
        for (int i = 0; i < 20 && !all_ended(); ++i) life_->advance_ms(20000);
        if (!all_ended()) wrong("deliveries wait although their endpoints have answered 200 for minutes");
        const size_t sent = wire_.count();
        life_->advance_ms(60000);
        if (wire_.count() != sent) wrong("something went out after everything had ended");
    }

    std::vector<DeliveryLine> lines() {
        Filter filter;
        filter.limit = 100000;
        auto reader = life_->store().reader();
        assert_fine(reader);
        auto all = reader.value()->list_deliveries(filter);
        assert_fine(all);
        ended_ = std::move(all).value();
        return ended_;
    }
    bool all_ended() {
        const auto all = lines();
        return std::none_of(all.begin(), all.end(),
                            [](const DeliveryLine& line) { return line.delivery.finished_ms == 0; });
    }

    // ---- the model's rules

    void check() {
        if (wire_.doubled) wrong("a delivery was on the wire twice at once");
        std::map<std::pair<int64_t, std::string>, int> made;  // (event, subscription)
        for (const DeliveryLine& line : ended_) {
            if (!changes_.contains(line.delivery.event)) wrong("a delivery of an event that never was");
            ++made[{line.delivery.event, line.subscription}];
            check_delivery(line);
        }
        for (const auto& [number, topic] : changes_)
            for (const Listening& one : listening_) {
                const int wanted = one.topics == "*" || topic.starts_with("order.") ? 1 : 0;
                if (made[{number, one.name}] != wanted)
                    wrong("an event of " + topic + " has " + std::to_string(made[{number, one.name}]) +
                          " deliveries for " + one.name);
            }
        size_t known = 0;
        for (const auto& of : tries_) known += of.size();
        if (known > ended_.size()) wrong("something was sent that is no delivery");
    }

    void check_delivery(const DeliveryLine& line) {
        const size_t who = static_cast<size_t>(line.subscription.front() - 'a');
        const Listening& listening = listening_[who];
        const std::vector<Try>& tries = tries_[who][spell_id(delivery_prefix, line.delivery.number)];
        const size_t most = listening.schedule_ms.size() + 1;
        if (tries.empty()) wrong("a delivery that was never tried has ended");
        // A crash may forget an attempt's outcome: it is made again then, once a life.
        if (tries.size() > most + static_cast<size_t>(lives_)) wrong("more attempts than the schedule has");
        if (bodies_[who][spell_id(delivery_prefix, line.delivery.number)].size() != 1)
            wrong("attempts with other bytes");
        for (size_t i = 0; i + 1 < tries.size(); ++i) {
            if (tries[i].status == 200 && lives_ == 0) wrong("tried again after a 200");
            if (lives_ == 0) check_wait(listening, tries, i);
        }
        const bool delivered = line.delivery.state == DeliveryState::delivered;
        if (delivered != (tries.back().status == 200)) wrong("its end is not what the last attempt says");
        if (!delivered && lives_ == 0 && tries.size() != most) wrong("given up before the schedule's end");
    }

    void check_wait(const Listening& listening, const std::vector<Try>& tries, size_t i) {
        const int64_t step = listening.schedule_ms[i];
        const int64_t wait = tries[i + 1].at_ms - tries[i].ended_ms;
        const int64_t least = std::max(std::min<int64_t>(step, step > 1000 ? 1000 : 50), tries[i].retry_after_ms);
        if (wait < least)
            wrong("attempt " + std::to_string(i + 2) + " came after " + std::to_string(wait) + " ms, the least is " +
                  std::to_string(least));
    }

    const uint64_t seed_;
    std::mt19937_64 random_;
    TempDir dir_;
    SimClock clock_;
    Log log_;
    Counters counters_;
    Wire wire_;
    std::vector<Listening> listening_;
    std::shared_ptr<Plan> plan_;
    std::unique_ptr<Store> store_;
    std::unique_ptr<SimLife> life_;
    int lives_ = 0;
    std::array<Mood, 3> moods_;
    std::map<int64_t, std::string> changes_;
    std::array<std::map<std::string, std::vector<Try>>, 3> tries_;
    std::array<std::map<std::string, std::set<std::string>>, 3> bodies_;
    std::vector<DeliveryLine> ended_;
};

uint64_t number_of(const char* name, uint64_t otherwise) {
    const char* text = getenv(name);
    return text == nullptr ? otherwise : strtoull(text, nullptr, 10);
}

void histories_agree_with_the_model(void**) {
    const uint64_t first = number_of("TROTLINE_SEED", 1);
    const uint64_t count = number_of("TROTLINE_HISTORIES", 300);
    simulated = true;
    for (uint64_t seed = first; seed < first + count; ++seed) History(seed).run();
    simulated = false;
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {cmocka_unit_test(histories_agree_with_the_model)};
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
