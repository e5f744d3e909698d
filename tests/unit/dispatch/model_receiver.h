// A receiver in the model of a dispatcher (test_model.cc): sees each request as it comes in and says what is wrong with
// it. Rules:
//   a request is the same on every attempt, goes out once at a time, again only after a failure and when its schedule
//   says so, and never after its end; a kill -9 may forget the outcome of an attempt that had just ended, no other
//   each event that is owed goes out in exactly one delivery, a coalesced one's covers all from the first change's
//   `previous` to the last; not before its window is over; a batch has its members in the order of their changes
//   in a lane all go in order, one after the end of the other
//   an endpoint that fails, asks for patience, is paused or disabled is left alone
#pragma once

#include <optional>

#include "tests/unit/dispatch/model.h"

namespace trot_test {

// An outcome is durable so soon after the attempt's end.
inline constexpr int64_t durable_ms = 10;

struct Try {
    int life = 0;
    int number = 0;  // as the request itself says
    int64_t at_ms = 0, ended_ms = -1;
    int status = 0;
    int64_t retry_after_ms = -1;
    bool probe = false;
    bool settled = true;  // false: its outcome may have been forgotten by a kill
    int address = 0;      // how often the endpoint had moved
};

struct Request {
    std::string id, body;
    std::vector<Element> elements;
    std::vector<Try> tries;
    bool done(size_t most) const {
        const Try& last = tries.back();
        return last.ended_ms >= 0 &&
               (last.status == 200 || last.status == 410 || static_cast<size_t>(last.number) >= most);
    }
};

class Receiver {
  public:
    Receiver(World& world, Listening rules) : rules(std::move(rules)), world_(world), health_(this->rules) {}
    Receiver(const Receiver&) = delete;
    Receiver& operator=(const Receiver&) = delete;

    const Listening rules;

    bool disabled() const { return disabled_; }
    bool is_paused() const { return paused_; }
    int address() const { return address_; }
    size_t tries() const { return tries_; }
    const std::map<std::string, Request>& requests() const { return requests_; }

    void recorded(const Change& change) {
        if (!rules.wants(change.topic)) return;
        owe(change, !disabled_);
        if (disabled_) unsure_.push_back(change.event);
        if (disabled_) passing_.push_back(change.event);
    }
    void pause(bool on) {
        paused_ = on;
        paused_at_ms_ = world_.now_ms();
        if (!on) health_->resumed(world_.now_ms());
    }
    void move() {  // to another URL: what was there before is forgotten
        ++address_;
        health_.emplace(rules);
        held_until_ms_ = 0;
        if (disabled_) revived_ = true;
        set_disabled(false);
        failures_ = 0;
        failing_ms_ = sick_ms_ = 0;
    }

    // ---- an attempt goes out, and is answered

    void started(const Sent& sent, const Answer& answer) {
        ++tries_;
        if (paused_) wrong("something goes out while it is paused");
        if (disabled_) wrong("something goes out while it is disabled");
        if (world_.now_ms() < held_until_ms_) wrong("Retry-After is not waited for");
        if (++flying_ > static_cast<int>(rules.concurrency)) wrong("more at once than its concurrency");
        Try one;
        one.life = world_.life;
        one.at_ms = world_.now_ms();
        one.status = answer.status;
        one.number = atoi(header(sent, "trotline-attempt").c_str());
        one.address = address_;
        if (!answer.retry_after.empty()) one.retry_after_ms = std::stoll(answer.retry_after) * 1000;
        if (const std::string why = health_->start(one.at_ms, flying_, one.probe); !why.empty()) wrong(why);
        Request& request = requests_[sent.id];
        const bool first = request.tries.empty();
        if (first) {
            request.id = sent.id;
            request.body = sent.body;
            request.elements = read_elements(sent.body);
            if (one.number != 1) wrong("a first attempt that is not the first");
        } else {
            if (request.body != sent.body) wrong("attempts with other bytes");
            check_again(request, one);
        }
        check_lanes(request, first);
        if (first) {
            cover(request);
            check_shape(request);
        }
        request.tries.push_back(one);
    }

    void answered(const std::string& id) {
        --flying_;
        Request& request = requests_[id];
        Try& one = request.tries.back();
        one.ended_ms = world_.now_ms();
        if (one.retry_after_ms >= 0 && one.address == address_)
            held_until_ms_ = std::max(held_until_ms_, one.ended_ms + one.retry_after_ms);
        const bool good = one.status == 200;
        if (one.address == address_) feel(one, good);
        last_end_ms_ = one.ended_ms;
        if (good) {
            failures_ = 0;
            return;
        }
        if (!request.done(rules.most_tries())) return;
        ++failures_;
        const bool too_many = rules.disable_after > 0 && failures_ >= rules.disable_after;
        if (disabled_ || paused_ || !(too_many || (one.status == 410 && one.address == address_))) return;
        set_disabled(true);
        disablings_.push_back(one.ended_ms);
        revived_ = true;
    }

    // ---- a process ends, another begins

    void killed(int64_t cut_ms) {
        flying_ = 0;
        health_.emplace(rules);
        held_until_ms_ = 0;
        for (auto& [id, request] : requests_) {
            Try& last = request.tries.back();
            if (last.life == world_.life && (last.ended_ms < 0 || last.ended_ms > cut_ms - durable_ms))
                last.settled = false;
        }
        sure_ = last_end_ms_ <= cut_ms - durable_ms;
        // That an event was nobody's is noted within a second; until then a later process may find somebody for it.
        std::erase_if(passing_, [&](int64_t event) {
            return std::max(world_.changes[event].at_ms, began_ms_) + 1000 + durable_ms < cut_ms;
        });
        for (const int64_t event : passing_)
            if (owed_[event] == Owed::no) owed_[event] = Owed::perhaps;
        began_ms_ = world_.now_ms();
        perhaps_recovered_ += std::erase_if(recoveries_, [&](int64_t at) { return at > cut_ms - durable_ms; });
        if (revived_ && !disabled_) ++perhaps_recovered_;  // who did not come back before does not remember
        revived_ = false;
        cut_ms_ = cut_ms;
    }
    void reopened(const SubscriptionRow& row) {
        const bool is_disabled = row.state == SubscriptionState::disabled;
        if (sure_) check_row(row);
        if (disabled_ && !is_disabled) {  // an end that was forgotten
            if (disablings_.back() <= cut_ms_ - durable_ms) wrong("it was disabled, and is not after a restart");
            disablings_.pop_back();
            for (const int64_t event : unsure_) owed_[event] = Owed::perhaps;
        }
        if (!disabled_ && is_disabled) wrong("it is disabled and nobody knows why");
        if (disabled_ != is_disabled) set_disabled(is_disabled);
        failures_ = row.failures;
        // Since when it fails is kept once that is a minute.
        if (sure_ && failing_ms_ > 0 && row.failing_ms == 0 && !disabled_ && !paused_ &&
            cut_ms_ - std::max(failing_ms_ + 60000, paused_at_ms_) > 1000)
            wrong("since when it fails is forgotten");
        failing_ms_ = sick_ms_ = row.failing_ms;
    }
    void check_row(const SubscriptionRow& row) const {
        if ((row.state == SubscriptionState::disabled) != disabled_) wrong("it is disabled in the store or here");
        if (row.failures != failures_)
            wrong("the store counts " + std::to_string(row.failures) + " dead in a row, not " +
                  std::to_string(failures_));
    }

    // ---- the end (model_end.h)

    void check_end(const std::vector<DeliveryLine>& lines, const std::vector<Event>& own) const;

  private:
    enum class Owed { yes, perhaps, no, told };
    struct Lane {
        std::vector<int64_t> events;  // in their order
        size_t next = 0;              // the first that has not gone out
        std::string newest;           // the request that went last
        int64_t sequence = 0;
        int64_t own = 0;
    };

    [[noreturn]] void wrong(const std::string& what) const { world_.wrong(rules.name, what); }

    void owe(const Change& change, bool surely) {
        owed_[change.event] = surely ? Owed::yes : Owed::no;
        lanes_[lane_of(change)].events.push_back(change.event);
    }
    // Changes without a resource have nothing to wait for: each is alone.
    static std::string lane_of(const Change& change) {
        return change.lane.empty() ? "#" + std::to_string(change.event) : change.lane;
    }
    void set_disabled(bool on) {
        disabled_ = on;
        unsure_.clear();
        turns_.emplace_back(world_.now_ms(), on);
    }

    // What an answer says of the endpoint.
    void feel(const Try& one, bool good) {
        const bool was_open = health_->open();
        health_->end(Health::said(one.status), one.probe, one.ended_ms);
        if (!good && failing_ms_ == 0) failing_ms_ = one.ended_ms;
        if (!was_open && health_->open() && sick_ms_ == 0) sick_ms_ = failing_ms_;
        if (!good) return;
        failing_ms_ = 0;
        if (health_->open() || disabled_ || paused_) return;
        if (revived_ || (sick_ms_ > 0 && one.ended_ms - sick_ms_ >= 60000)) recoveries_.push_back(one.ended_ms);
        revived_ = false;
        sick_ms_ = 0;
    }

    void check_again(const Request& request, const Try& one) const {
        const Try& last = request.tries.back();
        const bool same_life = last.life == one.life;
        if (last.ended_ms < 0 && same_life) wrong("a request goes out twice at once");
        if (one.number == last.number) {
            if (last.settled) wrong("an attempt is made again though its outcome was durable");
            return;
        }
        if (one.number != last.number + 1) wrong("attempts are not counted one by one");
        if (last.ended_ms < 0) wrong("an attempt without an outcome counts");
        if (request.done(rules.most_tries())) wrong("something goes out after its end");
        const int64_t step = rules.schedule_ms[static_cast<size_t>(last.number - 1)];
        const int64_t wait = one.at_ms - last.ended_ms;
        const int64_t least = std::max(std::min<int64_t>(step, step > 1000 ? 1000 : 50), last.retry_after_ms);
        if (wait < least)
            wrong("attempt " + std::to_string(one.number) + " came after " + std::to_string(wait) +
                  " ms, the least is " + std::to_string(least));
    }

    void check_lanes(const Request& request, bool first) {
        if (!rules.ordered) return;
        for (const Element& element : request.elements) {
            if (element.lane.empty()) continue;
            Lane& lane = lanes_[element.lane];
            if (lane.newest == request.id) continue;
            if (!first) wrong("one of " + element.lane + " goes out again after a later one has gone out");
            if (!lane.newest.empty() && !requests_[lane.newest].done(rules.most_tries()))
                wrong("one of " + element.lane + " goes out before the one before it has ended");
            lane.newest = request.id;
        }
        for (const Element& element : request.elements)
            if (first && !element.lane.empty() && element.sequence != ++lanes_[element.lane].sequence)
                wrong("sequence " + std::to_string(element.sequence) + " in " + element.lane);
    }

    // Where in its lane it begins and ends.
    std::pair<size_t, size_t> span_of(const Lane& lane, const Element& element) const {
        const auto at = [&](int n) {
            for (size_t i = 0; i < lane.events.size(); ++i)
                if (world_.changes[lane.events[i]].n == n) return i;
            wrong("change " + std::to_string(n) + " of " + element.lane + " is not owed");
        };
        const size_t last = at(element.n);
        return {rules.quiet_ms > 0 && !element.lane.empty() ? at(element.previous + 1) : last, last};
    }

    void cover(const Request& request) {
        for (const Element& element : request.elements) {
            if (element.own) {
                if (!own_.emplace(element.event, element.topic).second) wrong("it is told of an event of ours twice");
                int64_t& newest = lanes_[element.lane].own;
                if (rules.ordered && element.event < newest) wrong("events of ours are told out of order");
                newest = element.event;
                continue;
            }
            const auto found = world_.changes.find(element.event);
            if (found == world_.changes.end()) wrong("it is told of an event that never was");
            const Change& change = found->second;
            if (change.topic != element.topic || change.lane != element.lane || change.n != element.n)
                wrong("an event is told with another one's payload");
            if (rules.quiet_ms == 0 && !change.lane.empty() && element.previous != element.n - 1)
                wrong("what was before is another change's");
            Lane& lane = lanes_[lane_of(change)];
            const auto [from, to] = span_of(lane, element);
            if (from > to) wrong("what was before is newer than what is");
            for (size_t i = from; i <= to; ++i) {
                Owed& owed = owed_[lane.events[i]];
                if (owed == Owed::told) wrong("a change goes out in two deliveries");
                if (owed == Owed::no && (i == from || i == to)) wrong("it is told of what it was not to be told of");
                if (owed != Owed::no) owed = Owed::told;
            }
            check_window(lane, from, to, request.elements.size() > 1 || rules.batch > 0);
            if (!rules.ordered || change.lane.empty()) continue;
            for (size_t i = lane.next; i < from; ++i)
                if (owed_[lane.events[i]] == Owed::yes) wrong("a change of " + change.lane + " is left out");
            if (from < lane.next) wrong("a change of " + change.lane + " goes out after a later one");
            lane.next = to + 1;
        }
    }

    // When what gathers is ready to go.
    int64_t ready_ms(const Lane& lane, size_t from, size_t to) const {
        const Change &first = world_.changes[lane.events[from]], &last = world_.changes[lane.events[to]];
        if (rules.quiet_ms == 0 || first.lane.empty()) return first.at_ms;
        return std::min(last.at_ms + rules.quiet_ms, first.at_ms + rules.most_ms);
    }

    void check_window(const Lane& lane, size_t from, size_t to, bool batched) const {
        if (rules.quiet_ms == 0 || lane.events.empty() || world_.changes[lane.events[from]].lane.empty()) return;
        if (world_.now_ms() < ready_ms(lane, from, to)) wrong("it goes out before its window is over");
        for (size_t i = from; i < to && !batched; ++i) {  // a process that is killed may close it late
            const Change &one = world_.changes[lane.events[i]], &next = world_.changes[lane.events[i + 1]];
            if (world_.changes[lane.events[from]].life == next.life && next.at_ms > ready_ms(lane, from, i) + 100)
                wrong("a change has joined a window that was over at " + std::to_string(one.at_ms));
        }
        if (from == 0) return;
        const size_t before = from - 1;  // the window before was over when this one was opened
        const Change& opened = world_.changes[lane.events[from]];
        if (const auto found = windows_.find(lane.events[before]); found != windows_.end()) {
            const auto [lane_from, life] = found->second;
            if (life == opened.life && opened.at_ms < ready_ms(lane, lane_from, before))
                wrong("a change has not joined the window that was open");
        }
    }

    void check_shape(const Request& request) {
        if (request.elements.empty()) wrong("a request tells nothing");
        const bool batched = request.id.starts_with("bat_");
        if (batched != (rules.batch > 0)) wrong("a batch where none was asked for, or none where one was");
        if (request.elements.size() > std::max(1U, rules.batch)) wrong("a batch is too large");
        int64_t newest = 0, oldest_ms = INT64_MAX;
        for (const Element& element : request.elements) {
            if (element.own) {
                if (element.event < newest) wrong("a batch is not in order");
                newest = element.event;
                oldest_ms = 0;  // its own time is not told
                continue;
            }
            const Lane& lane = lanes_[lane_of(world_.changes[element.event])];
            const auto [from, to] = span_of(lane, element);
            if (lane.events[from] < newest) wrong("a batch is not in order");
            newest = lane.events[from];
            oldest_ms = std::min(oldest_ms, ready_ms(lane, from, to));
            windows_[lane.events[to]] = {from, world_.changes[lane.events[from]].life};
        }
        if (batched && request.elements.size() < rules.batch && world_.now_ms() < oldest_ms + rules.wait_ms)
            wrong("a batch that is not full has not waited for company");
    }

    World& world_;
    std::optional<Health> health_;
    bool paused_ = false, disabled_ = false, sure_ = true;
    int address_ = 0, flying_ = 0;
    size_t tries_ = 0;
    unsigned failures_ = 0;
    int64_t held_until_ms_ = 0, failing_ms_ = 0, sick_ms_ = 0, last_end_ms_ = 0, cut_ms_ = 0, paused_at_ms_ = 0;
    bool revived_ = false;
    std::vector<int64_t> disablings_, recoveries_;
    size_t perhaps_recovered_ = 0;
    std::vector<std::pair<int64_t, bool>> turns_;  // when it was disabled, and no more
    std::map<std::string, Request> requests_;
    std::map<std::string, Lane> lanes_;
    std::map<int64_t, Owed> owed_;
    std::vector<int64_t> passing_;                       // recorded while it was disabled, not long ago
    int64_t began_ms_ = 0;                               // the process
    std::vector<int64_t> unsure_;                        // recorded since it was disabled
    std::map<int64_t, std::string> own_;                 // event, topic
    std::map<int64_t, std::pair<size_t, int>> windows_;  // the last change of one: its first one's place and life
};

}  // namespace trot_test
