// A model of lanes, windows and batches that knows nothing of how they are kept: random changes of a few resources,
// time that goes by, attempts that succeed, fail or are given up, and crashes between any two commits, against the real
// store. Whatever is sent is checked against what the model says may be sent then.
#pragma once

#include <map>
#include <random>

#include "dispatch/closing.h"
#include "dispatch/lanes.h"
#include "dispatch/outcomes.h"
#include "tests/unit/store/store_fixture.h"

namespace trot_test {

class LaneModel {
  public:
    LaneModel(uint64_t seed, const std::string& path, int64_t subscription)
        : random_(seed), seed_(seed), path_(path), subscription_(subscription) {
        settings_.order = one_in(2) ? Order::resource : Order::none;
        if (one_in(2)) settings_.coalesce = {20 + any(60), 80 + any(100)};
        if (one_in(2)) settings_.batch = {static_cast<unsigned>(2 + any(4)), 1 + any(60)};
        open();
    }

    void run(int steps) {
        for (int i = 0; i < steps; ++i) step();
        // Everything that is owed goes in the end.
        const int rounds = 20 + 4 * static_cast<int>(known_.size());
        for (int round = 0; round < rounds && unfinished() > 0; ++round) {
            now_ += 200;
            close();
            while (!flying_.empty()) end(DeliveryState::delivered);
            while (start()) end(DeliveryState::delivered);
        }
        if (unfinished() > 0) wrong("a delivery is never sent");
        check_coverage();
    }

    size_t sent() const { return sent_; }
    size_t joined() const { return joined_; }
    size_t batches() const { return batches_.size(); }
    size_t crashes() const { return crashes_; }

  private:
    struct Known {  // a delivery
        std::string lane;
        std::vector<int64_t> events;
        int64_t opened_ms = 0, last_ms = 0;
        bool window = false;  // takes in changes
        bool finished = false;
    };

    int64_t any(int64_t below) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(below)); }
    bool one_in(int64_t n) { return any(n) == 0; }
    bool ordered(const Known& one) const { return settings_.order == Order::resource && !one.lane.empty(); }
    bool coalesces() const { return settings_.coalesce.quiet_ms > 0; }

    [[noreturn]] void wrong(const char* what) const {
        print_error("seed %llu: %s\n", static_cast<unsigned long long>(seed_), what);
        fail();
        abort();
    }

    void open() {
        store_ = std::make_unique<Open>(path_, [](StoreOptions& options) {
            options.sync = "off";
            options.linger_us = 0;
        });
    }
    void crash() {  // what was on the wire is forgotten; the store is what was committed
        ++crashes_;
        flying_.clear();
        store_->reader.reset();
        store_->store->writer().stop(1000);
        store_.reset();
        open();
    }
    template <class Write>
    void commit(Write write) {
        assert_fine(write_now(*store_->store, write));
    }

    void step() {
        switch (any(10)) {
            case 0:
            case 1:
            case 2:
                return change();
            case 3:
            case 4:
                now_ += any(60);
                return;
            case 5:
                return close();
            case 6:
            case 7:
                start();
                return;
            case 8:
                if (one_in(6)) crash();
                return;
            default:
                if (!flying_.empty())
                    end(one_in(3)   ? DeliveryState::pending
                        : one_in(8) ? DeliveryState::dead
                                    : DeliveryState::delivered);
        }
    }

    // One to three events in one commit.
    void change() {
        const LaneRulesPtr rules = lane_rules(settings_);
        std::vector<Delivery> made;
        std::vector<Event> events;
        const int64_t count = 1 + any(3);
        for (int64_t i = 0; i < count; ++i) {
            Event event = some_event("order.updated", "{\"n\":1}");
            event.resource_id = one_in(8) ? "" : std::to_string(any(3));
            events.push_back(event);
        }
        commit([&](Tx& tx) -> Result<void> {
            made.clear();
            for (Event& event : events) {
                if (Result<void> added = tx.add_event(event); !added) return added;
                Delivery delivery;
                delivery.event = event.number;
                delivery.subscription = subscription_;
                delivery.format = "standard";
                delivery.due_ms = now_;
                Result<void> placed =
                    rules ? place(tx, *rules, lane_of(event), delivery, now_) : tx.add_delivery(delivery);
                if (!placed) return placed;
                made.push_back(delivery);
            }
            return {};
        });
        for (size_t i = 0; i < made.size(); ++i) expect(events[i], made[i]);
    }

    void expect(const Event& event, const Delivery& made) {
        const std::string lane = lane_of(event);
        all_events_[lane].push_back(event.number);
        for (auto& [number, one] : known_) {
            if (lane.empty() || one.lane != lane || !one.window) continue;
            if (made.number != number) wrong("a change did not join the one that gathers");
            one.events.push_back(event.number);
            one.last_ms = now_;
            ++joined_;
            return;
        }
        if (known_.count(made.number) > 0) wrong("a change joined one that takes in nothing any more");
        Known& one = known_[made.number];
        one.lane = lane;
        one.events = {event.number};
        one.opened_ms = one.last_ms = now_;
        one.window = coalesces() && !lane.empty();
        if (made.number <= newest_) wrong("numbers do not grow");
        newest_ = made.number;
    }

    void close() {
        Closing closing;
        closing.subscription = subscription_;
        closing.now_ms = now_;
        closing.batch = settings_.batch;
        commit([&](Tx& tx) { return closing.write(tx, false); });
        // Whoever left the state of gathering takes in nothing any more, and may not have left it early.
        std::map<int64_t, DeliveryState> states;
        for (const DeliveryLine& line : lines()) states[line.delivery.number] = line.delivery.state;
        for (auto& [number, one] : known_) {
            if (!one.window || states[number] == DeliveryState::gathering) continue;
            one.window = false;
            const int64_t over =
                std::min(one.last_ms + settings_.coalesce.quiet_ms, one.opened_ms + settings_.coalesce.most_ms);
            if (now_ < over) wrong("a window was closed before its time");
        }
        if (settings_.batch.most > 1) return;
        for (auto& [number, one] : known_)
            if (one.window &&
                now_ >= std::min(one.last_ms + settings_.coalesce.quiet_ms, one.opened_ms + settings_.coalesce.most_ms))
                wrong("a window is open after its time");
    }

    std::vector<DeliveryLine> lines() {
        Filter filter;
        filter.limit = 100000;
        filter.after = first_number_ - 1;
        filter.oldest_first = true;
        auto all = store_->reader->list_deliveries(filter);
        assert_fine(all);
        std::vector<DeliveryLine> mine;
        for (DeliveryLine& line : all.value())
            if (line.delivery.subscription == subscription_) mine.push_back(std::move(line));
        return mine;
    }

    // One of those that are due, as the sender would find it.
    bool start() {
        const auto due = store_->reader->due(subscription_, now_, 0, 0, 1000);
        assert_fine(due);
        std::vector<Delivery> free;
        for (const Delivery& one : due.value())
            if (flying_.count(unit_of(one)) == 0) free.push_back(one);
        if (free.empty()) return false;
        const Delivery chosen = free[static_cast<size_t>(any(static_cast<int64_t>(free.size())))];
        std::vector<int64_t> members = {chosen.number};
        if (chosen.batch != 0) {
            const auto rows = store_->reader->members(chosen.batch);
            assert_fine(rows);
            members.clear();
            for (const Delivery& row : rows.value()) members.push_back(row.number);
            if (members.size() > std::max(1U, settings_.batch.most)) wrong("a batch is too large");
            const auto [at, first] = batches_.emplace(chosen.batch, members);
            if (!first && at->second != members) wrong("a batch has other members on another attempt");
        } else if (settings_.batch.most > 1) {
            wrong("a delivery goes alone though they go in batches");
        }
        check_lanes(members);
        flying_[unit_of(chosen)] = {chosen, members};
        ++sent_;
        return true;
    }

    static int64_t unit_of(const Delivery& one) { return one.batch != 0 ? one.batch : one.number; }

    // Nothing before it in its lane but what is finished or goes with it, and nothing twice.
    void check_lanes(const std::vector<int64_t>& members) {
        for (const int64_t number : members) {
            const auto found = known_.find(number);
            if (found == known_.end()) wrong("what is sent was never made");
            if (found->second.finished) wrong("what is finished is sent again");
            if (found->second.window) wrong("what still gathers is sent");
            if (!ordered(found->second)) continue;
            for (auto before = known_.begin(); before != found; ++before)
                if (before->second.lane == found->second.lane && !before->second.finished &&
                    std::find(members.begin(), members.end(), before->first) == members.end())
                    wrong("a delivery is sent before its lane is free");
        }
    }

    void end(DeliveryState state) {
        auto at = flying_.begin();
        std::advance(at, any(static_cast<int64_t>(flying_.size())));
        const auto [chosen, members] = at->second;
        flying_.erase(at);
        OutcomeBatch batch;
        Outcome& outcome = batch.outcomes.emplace_back();
        outcome.attempt.delivery = unit_of(chosen);
        outcome.attempt.number = chosen.attempts + 1;
        outcome.attempt.at_ms = now_;
        outcome.batch = chosen.batch != 0;
        outcome.state = state;
        outcome.due_ms = state == DeliveryState::pending ? now_ + any(80) : 0;
        if (state != DeliveryState::pending && (chosen.sequence > 0 || outcome.batch)) {
            outcome.lets_go = std::max(1U, settings_.batch.most);
            outcome.let_go_ms = now_;
        }
        commit([&](Tx& tx) { return batch.write(tx, false); });
        for (const int64_t number : members)
            if (state != DeliveryState::pending) known_[number].finished = true;
        for (const DeliveryLine& line : lines())
            if (std::find(members.begin(), members.end(), line.delivery.number) != members.end() &&
                line.delivery.state != state)
                wrong("a member did not end with its batch");
    }

    size_t unfinished() const {
        return static_cast<size_t>(
            std::count_if(known_.begin(), known_.end(), [](const auto& entry) { return !entry.second.finished; }));
    }

    // Each event in exactly one delivery, and the store says the same of first and last.
    void check_coverage() {
        std::map<std::string, std::vector<int64_t>> covered;
        std::map<std::string, int64_t> sequences;
        for (const DeliveryLine& line : lines()) {
            const auto found = known_.find(line.delivery.number);
            if (found == known_.end()) wrong("a delivery was invented");
            const Known& one = found->second;
            if (line.delivery.event != one.events.back()) wrong("a delivery is not the last change's");
            if (line.delivery.first_event != (one.events.size() > 1 ? one.events.front() : 0))
                wrong("the first change is not known");
            covered[one.lane].insert(covered[one.lane].end(), one.events.begin(), one.events.end());
            if (ordered(one) && line.delivery.sequence != ++sequences[one.lane]) wrong("a sequence has a gap");
            if (!ordered(one) && line.delivery.sequence != 0) wrong("a sequence where there is no order");
        }
        if (covered != all_events_) wrong("events are lost, doubled or in another order");
    }

    std::mt19937_64 random_;
    const uint64_t seed_;
    const std::string path_;
    const int64_t subscription_;
    Subscription settings_;
    std::unique_ptr<Open> store_;
    int64_t now_ = system_clock().wall_ms();
    int64_t newest_ = 0;
    const int64_t first_number_ = 1;
    std::map<int64_t, Known> known_;
    std::map<std::string, std::vector<int64_t>> all_events_;
    std::map<int64_t, std::pair<Delivery, std::vector<int64_t>>> flying_;
    std::map<int64_t, std::vector<int64_t>> batches_;
    size_t sent_ = 0, joined_ = 0, crashes_ = 0;
};

}  // namespace trot_test
