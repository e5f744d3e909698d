// A random history of a dispatcher, from a seed: changes, answers, time, pauses, reloads, kills; its receivers judge
// what comes in (model_receiver.h).
#pragma once

#include <filesystem>

#include "tests/unit/dispatch/model_end.h"

namespace trot_test {

// What histories are about.
struct Themes {
    bool lanes = false;      // order, windows, batches
    int percent_killed = 0;  // so many commands are followed by a kill -9
    size_t *requests = nullptr, *kills = nullptr;
};

class History {
  public:
    History(uint64_t seed, const Themes& themes) : themes_(themes), random_(seed) {
        world_.seed = seed;
        world_.talk = [this] { talk(); };
        virtual_us = World::beginning_ms * 1000;
    }

    void run() {
        make_plan();
        open_store_at(dir_ / "store");
        begin();
        const int commands = 10 + pick(30);
        for (int i = 0; i < commands; ++i) {
            command();
            if (chance(themes_.percent_killed)) kill();
        }
        finish();
        end();
    }

  private:
    // How a receiver answers from now on.
    struct Mood {
        int status = 200;
        int percent_bad = 0;  // of the answers are `status`, the others 200
        int after_ms = 5;
        std::string retry_after;
        int of_resource = -1;  // only this one's are bad: -1: all are
    };

    int pick(int below) { return static_cast<int>(random_() % static_cast<uint64_t>(below)); }
    bool chance(int percent) { return pick(100) < percent; }
    [[noreturn]] void wrong(const std::string& what) const { world_.wrong("", what); }

    void talk() {
        for (const auto& one : receivers_)
            print_message("seed %llu: \"%s\" %zu requests, %zu attempts\n",
                          static_cast<unsigned long long>(world_.seed), one->rules.name.c_str(), one->requests().size(),
                          one->tries());
        Level level{};
        for (std::string line; log_.drain(level, line);) print_message("  %s\n", line.c_str());
    }

    // ---- the plan

    Listening make_rules(const std::string& name) {
        Listening one;
        one.name = name;
        for (int waits = pick(6); waits > 0; --waits) one.schedule_ms.push_back(100 + pick(20000));
        one.concurrency = 1 + static_cast<unsigned>(pick(4));
        one.disable_after = chance(25) ? 2 + static_cast<unsigned>(pick(3)) : 0;
        one.row = static_cast<unsigned>(chance(20) ? 0 : 2 + pick(9));
        one.percent = chance(30) ? 0 : 30 + static_cast<unsigned>(pick(50));
        one.pause_ms = 1000 + pick(60000);
        if (themes_.lanes) {
            one.ordered = chance(60);
            if (chance(50)) {
                one.quiet_ms = 10 + pick(chance(50) ? 200 : 3000);
                one.most_ms = one.quiet_ms + pick(4000);
            }
            if (chance(40)) {
                one.batch = 2 + static_cast<unsigned>(pick(5));
                one.wait_ms = 1 + pick(chance(50) ? 100 : 3000);
            }
        }
        // Events of ours have no numbers: who coalesces does not ask for them.
        if (chance(50) && one.quiet_ms == 0)
            one.topics = {"*"};
        else if (chance(50))
            one.topics = {"order.*", "page.*"};
        else
            one.topics = {"order.*"};
        return one;
    }

    void make_plan() {
        for (int i = 0, count = 1 + pick(3); i < count; ++i)
            receivers_.push_back(
                std::make_unique<Receiver>(world_, make_rules(std::string(1, static_cast<char>('a' + i)))));
        plan_ = write_plan();
        moods_.resize(receivers_.size());
        wire_.script([this](const Sent& sent, size_t) { return answer(sent); });
        wire_.listen([this](const std::string& url, const std::string& id) { receiver_at(url).answered(id); });
    }

    std::shared_ptr<Plan> write_plan() const {
        std::vector<Subscription> all;
        for (const auto& receiver : receivers_) {
            const Listening& one = receiver->rules;
            Subscription made = subscription(one.name, one.topics, one.schedule_ms);
            made.url.text += "?" + std::to_string(receiver->address());
            made.concurrency = one.concurrency;
            made.disable_after = one.disable_after;
            made.health.trip_row = one.row;
            made.health.trip_percent = one.percent;
            made.health.longest_pause_ms = one.pause_ms;
            if (one.ordered) made.order = Order::resource;
            made.coalesce = {one.quiet_ms, one.most_ms};
            made.batch = {one.batch, one.wait_ms};
            made.options = {{"sequence", {"true"}}, {"with", {"previous"}}};
            made.paused = receiver->is_paused();
            all.push_back(std::move(made));
        }
        return plan_of(std::move(all));
    }
    void reload() {
        plan_ = write_plan();
        life_->lead().swap(plan_);
        life_->settle();
    }

    // ---- the process

    void open_store_at(const std::string& path) {
        StoreOptions options;
        options.path = path;
        options.clock = &clock_;
        options.sync = "off";  // no power is cut here
        options.linger_us = 0;
        Result<std::unique_ptr<Store>> opened = open_store(options);
        assert_fine(opened);
        store_ = std::move(opened).value();
    }
    void begin() { life_ = std::make_unique<SimLife>(*store_, plan_, wire_, log_, counters_, random_()); }
    void end() {
        life_.reset();
        wire_.forget_flights();
        store_->writer().stop(0);
        store_.reset();
    }

    // kill -9: attempts on the wire have no outcome, and what was not durable is gone. Before it the disk may have been
    // heard of no more for a while. The next process finds the files as they are.
    void kill() {
        const int64_t cut_ms = World::now_ms();
        if (chance(60)) {
            life_->hang_after(pick(3));
            life_->advance_ms(pick(chance(70) ? 40 : 3000));
        }
        const std::string path = dir_ / ("store" + std::to_string(++world_.life));
        const std::string old = store_->path();
        std::filesystem::create_directory(path);
        std::filesystem::permissions(path, std::filesystem::perms::owner_all);
        for (const auto& file : std::filesystem::directory_iterator(old))
            if (file.is_regular_file())
                std::filesystem::copy_file(file.path(), path + "/" + file.path().filename().string());
        --world_.life;
        end();
        std::filesystem::remove_all(old);
        for (const auto& one : receivers_) one->killed(cut_ms);
        world_.cuts_ms.push_back(cut_ms);
        world_.cuts_ms.push_back(World::now_ms());
        ++world_.life;
        if (themes_.kills != nullptr) ++*themes_.kills;
        open_store_at(path);
        with_rows([](Receiver& one, const SubscriptionRow& row) { one.reopened(row); });
        if (chance(40)) record(*store_, 1 + pick(4));  // while nobody leads
        begin();
    }

    template <class Do>
    void with_rows(Do what) {
        auto reader = store_->reader();
        assert_fine(reader);
        const auto rows = reader.value()->subscriptions();
        assert_fine(rows);
        for (const auto& one : receivers_)
            for (const SubscriptionRow& row : rows.value())
                if (row.name == one->rules.name) what(*one, row);
    }

    // ---- the wire

    Receiver& receiver_at(const std::string& url) const {
        const size_t who = static_cast<size_t>(url[url.rfind('/') + 1] - 'a');
        if (who >= receivers_.size()) wrong("an attempt goes to " + url);
        return *receivers_[who];
    }
    Answer answer(const Sent& sent) {
        Receiver& to = receiver_at(sent.url);
        if (sent.url.substr(sent.url.find('?') + 1) != std::to_string(to.address()))
            wrong("an attempt goes to where it was");
        const Mood& mood = moods_[static_cast<size_t>(to.rules.name[0] - 'a')];
        Answer out;
        const bool bad = mood.of_resource < 0
                             ? chance(mood.percent_bad)
                             : sent.body.find("\"id\":\"" + name_of(mood.of_resource) + "\"") != std::string::npos;
        out.status = bad ? mood.status : 200;
        out.after_ms = mood.after_ms;
        if (out.status == 0) out.error = SendError::timeout;
        if (out.status == 429) out.retry_after = mood.retry_after;
        to.started(sent, out);
        return out;
    }

    // ---- commands

    void command() {
        switch (pick(12)) {
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
            case 8:
                return kill();
            case 9:
                return chance(30) ? change(40) : life_->advance_ms(pick(20));
            case 10:
                return pause();
            default:
                return move();
        }
    }

    void change(int count) {
        record(*store_, count);
        life_->lead().poll();
        life_->settle();
    }

    static std::string name_of(int resource) { return std::string(1, static_cast<char>('p' + resource)); }

    // Changes in one commit: of few resources, and now and then of none.
    void record(Store& store, int count) {
        std::vector<Event> events;
        std::vector<Change> changes;
        for (int i = 0; i < count; ++i) {
            Change one;
            const std::string resource = chance(70) ? "order" : "page";
            one.topic = resource + (chance(50) ? ".updated" : ".saved");
            one.at_ms = World::now_ms();
            one.life = world_.life;
            const std::string id = chance(10) ? "" : name_of(pick(3));
            if (!id.empty()) one.lane = resource + "/" + id;
            one.n = id.empty() ? ++alone_ : ++counts_[one.lane];
            const std::string n = std::to_string(one.n), before = std::to_string(one.n - 1);
            Event event = some_event(one.topic, R"({"id":")" + id + R"(","n":)" + n + "}");
            event.resource = resource;
            event.resource_id = id;
            event.action = "updated";
            event.previous = std::make_shared<const std::string>(R"({"n":)" + before + "}");
            event.at_ms = one.at_ms;
            event.capture = random_bytes(16);
            events.push_back(std::move(event));
            changes.push_back(std::move(one));
        }
        assert_fine(write_now(store, [&](Tx& tx) -> Result<void> {
            for (size_t i = 0; i < events.size(); ++i) {
                Event event = events[i];
                if (Result<void> added = tx.add_event(event); !added) return added;
                changes[i].event = event.number;
            }
            return {};
        }));
        for (const Change& one : changes) {
            world_.changes[one.event] = one;
            for (const auto& receiver : receivers_) receiver->recorded(one);
        }
    }

    Receiver& any() { return *receivers_[static_cast<size_t>(pick(static_cast<int>(receivers_.size())))]; }

    void mood() {
        Mood& one = moods_[static_cast<size_t>(pick(static_cast<int>(moods_.size())))];
        one = Mood();
        one.after_ms = 1 + pick(chance(20) ? 3000 : 50);
        if (chance(30)) return;
        static const int bad[] = {500, 503, 400, 404, 429, 301, 0, 410};
        one.status = bad[pick(8)];
        one.percent_bad = chance(50) ? 100 : 30 + pick(60);
        if (one.status == 410) one.percent_bad /= 4;
        if (one.status == 429) one.retry_after = std::to_string(1 + pick(60));
        if (one.status < 410 && chance(30)) one.of_resource = pick(3);
    }

    void pause() {
        Receiver& one = any();
        if (one.disabled()) return;
        one.pause(!one.is_paused());
        reload();
    }
    void move() {
        Receiver& one = any();
        if (!one.disabled() && !chance(20)) return;
        one.move();
        reload();
    }

    // All is well again, and for long: whatever is owed comes to its end.
    void finish() {
        for (Mood& one : moods_) one = Mood();
        for (int i = 0; i < 400; ++i) {
            bool again = false;
            for (const auto& one : receivers_) {
                again = again || one->is_paused() || one->disabled();
                if (one->is_paused()) one->pause(false);
                if (one->disabled()) one->move();
            }
            if (again) reload();
            life_->advance_ms(20000);
            if (!again && all_ended()) break;
        }
        if (!all_ended()) wrong("deliveries wait although their endpoints have answered 200 for hours");
        const size_t sent = wire_.count();
        life_->advance_ms(60000);
        if (wire_.count() != sent) wrong("something goes out after everything has ended");
        if (wire_.doubled) wrong("a request was on the wire twice at once");
        with_rows([](const Receiver& one, const SubscriptionRow& row) { one.check_row(row); });
        auto reader = store_->reader();
        assert_fine(reader);
        auto events = reader.value()->events_after(0, 100000);
        assert_fine(events);
        std::vector<Event> own;
        for (Event& one : events.value())
            if (!world_.changes.contains(one.number)) own.push_back(std::move(one));
        for (const Event& one : own)
            if (one.topic != own_disabled && one.topic != own_recovered) wrong("an event is recorded that never was");
        const std::vector<DeliveryLine> all = lines();
        for (const auto& one : receivers_) {
            std::vector<DeliveryLine> of;
            for (const DeliveryLine& line : all)
                if (line.subscription == one->rules.name) of.push_back(line);
            one->check_end(of, own);
            if (themes_.requests != nullptr) *themes_.requests += one->requests().size();
        }
    }

    std::vector<DeliveryLine> lines() {
        Filter filter;
        filter.limit = 100000;
        auto reader = store_->reader();
        assert_fine(reader);
        auto all = reader.value()->list_deliveries(filter);
        assert_fine(all);
        return std::move(all).value();
    }
    bool all_ended() {
        const auto all = lines();
        return std::none_of(all.begin(), all.end(),
                            [](const DeliveryLine& line) { return line.delivery.finished_ms == 0; });
    }

    const Themes themes_;
    std::mt19937_64 random_;
    World world_;
    TempDir dir_;
    SimClock clock_;
    Log log_;
    Counters counters_;
    Wire wire_;
    std::vector<std::unique_ptr<Receiver>> receivers_;
    std::vector<Mood> moods_;
    std::shared_ptr<Plan> plan_;
    std::unique_ptr<Store> store_;
    std::unique_ptr<SimLife> life_;
    std::map<std::string, int> counts_;
    int alone_ = 0;
};

}  // namespace trot_test
