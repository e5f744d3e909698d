// What the model of a dispatcher knows of the world (test_model.cc): what was recorded, what subscriptions ask for, and
// what conf/trotline.toml says of an endpoint that fails. Nothing here is made of the code under test: requests and
// their bodies are read as a receiver reads them.
#pragma once

#include <jansson.h>

#include <deque>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "crypto/ids.h"
#include "tests/unit/dispatch/sim.h"

namespace trot_test {

// A recorded change. Of each resource they are numbered from 1, and `previous` of the n-th has n - 1.
struct Change {
    int64_t event = 0;
    int64_t at_ms = 0;
    int life = 0;
    std::string topic, lane;  // "": it names no resource
    int n = 0;
};

struct Listening {
    std::string name;
    std::vector<std::string> topics;
    std::vector<int64_t> schedule_ms;
    unsigned concurrency = 1, disable_after = 0;
    unsigned row = 10, percent = 50;
    int64_t pause_ms = 60000;
    bool ordered = false;
    int64_t quiet_ms = 0, most_ms = 0;  // 0: it does not coalesce
    unsigned batch = 0;                 // 0: one delivery, one request
    int64_t wait_ms = 0;

    size_t most_tries() const { return schedule_ms.size() + 1; }
    bool wants(const std::string& topic) const {
        for (const std::string& one : topics)
            if (one == "*" || topic.starts_with(one.substr(0, one.size() - 1))) return true;
        return false;
    }
};

struct World {
    uint64_t seed = 0;
    int life = 0;
    std::map<int64_t, Change> changes;
    std::function<void()> talk;    // says what happened
    std::vector<int64_t> cuts_ms;  // when processes came to their end

    bool killed_near(int64_t at_ms) const {
        return std::any_of(cuts_ms.begin(), cuts_ms.end(),
                           [at_ms](int64_t cut) { return cut >= at_ms && cut <= at_ms + 10; });
    }
    static constexpr int64_t beginning_ms = 1800000000000;
    static int64_t now_ms() { return virtual_us / 1000; }
    [[noreturn]] void wrong(const std::string& who, const std::string& what) const {
        print_error("seed %llu, %lld ms, life %d, \"%s\": %s\n", static_cast<unsigned long long>(seed),
                    static_cast<long long>(now_ms() - beginning_ms), life, who.c_str(), what.c_str());
        if (talk && getenv("TROTLINE_TALK") != nullptr) talk();
        fail();
        abort();
    }
};

// One delivery's part of a body.
struct Element {
    int64_t event = 0;
    std::string topic, lane;
    int n = 0, previous = -1;
    int64_t sequence = 0;
    bool own = false;  // an event of ours about a subscription
};

inline std::vector<Element> read_elements(const std::string& body) {
    json_t* root = json_loadb(body.data(), body.size(), 0, nullptr);
    std::vector<Element> out;
    const auto read = [&out](json_t* one) {
        Element& made = out.emplace_back();
        const char *id = "", *type = "", *resource = "";
        json_int_t n = 0, sequence = 0, previous = -1;
        json_unpack(one, "{s?s, s?s, s?{s?I, s?s}, s?I, s?{s?I}}", "id", &id, "type", &type, "data", "n", &n, "id",
                    &resource, "sequence", &sequence, "previous", "n", &previous);
        if (const Result<int64_t> event = read_id(event_prefix, id); event) made.event = event.value();
        made.topic = type;
        made.own = made.topic.starts_with("trotline.");
        if (made.own) json_unpack(one, "{s:{s:s}}", "data", "subscription", &resource);
        if (*resource != '\0') made.lane = made.topic.substr(0, made.topic.rfind('.')) + "/" + resource;
        made.n = static_cast<int>(n);
        made.previous = static_cast<int>(previous);
        made.sequence = sequence;
    };
    if (json_is_array(root)) {
        for (size_t i = 0; i < json_array_size(root); ++i) read(json_array_get(root, i));
    } else if (root != nullptr) {
        read(root);
    }
    json_decref(root);
    return out;
}

// The breaker, as it is described: when an endpoint must be left alone, and how it comes back.
class Health {
  public:
    enum class Said { good, bad, nothing };  // nothing: the answer is about the delivery, or asks for patience

    explicit Health(const Listening& rules) : rules_(rules) {
        for (const int64_t step : rules.schedule_ms) longest_ms_ = std::max(longest_ms_, step);
        longest_ms_ = std::max<int64_t>(1000, std::min(longest_ms_, rules.pause_ms));
    }

    bool open() const { return open_; }

    static Said said(int status) {
        if (status == 200) return Said::good;
        return status == 400 || status == 410 || status == 429 ? Said::nothing : Said::bad;
    }

    // `flying`: with this one. Why it may not start now, or "".
    std::string start(int64_t now_ms, int flying, bool& probe) {
        probe = false;
        if (open_) {
            if (probing_) return "something goes out beside a probe";
            if (now_ms < probe_at_ms_) return "an endpoint that fails is not left alone";
            probe = probing_ = true;
            return {};
        }
        if (!returned_) return {};
        if (flying > successes_ + 1) return "more than it has earned goes out at once to one that comes back";
        if (second_ms_ < 0) second_ms_ = now_ms;
        if (now_ms < second_ms_ + 1000 && ++in_second_ > rules_.concurrency)
            return "too much goes out in the first second to one that comes back";
        return {};
    }

    void end(Said said, bool probe, int64_t now_ms) {
        if (probe && said == Said::bad) return trip(now_ms);
        if (probe) return close();
        if (said == Said::nothing || (open_ && said == Said::bad)) return;
        if (open_) {
            probe_at_ms_ = now_ms;  // a late answer: it lives
            return;
        }
        const bool bad = said == Said::bad;
        row_ = bad ? row_ + 1 : 0;
        if (!bad) ++successes_;
        last_.push_back(bad);
        if (last_.size() > 20) last_.pop_front();
        // Three are enough once it has failed: it is coming back.
        const unsigned row = returned_ ? std::min(rules_.row, 3U) : rules_.row;
        const auto part = static_cast<unsigned>(std::count(last_.begin(), last_.end(), true));
        if (!bad) return;
        if ((rules_.row > 0 && row_ >= row) || (rules_.percent > 0 && last_.size() == 20 && part * 5 >= rules_.percent))
            trip(now_ms);
    }

    // It is not paused any more: somebody says that it is well, so it is asked at once.
    void resumed(int64_t now_ms) { probe_at_ms_ = std::min(probe_at_ms_, now_ms); }

  private:
    void trip(int64_t now_ms) {
        open_ = true;
        probing_ = false;
        pause_ms_ = pause_ms_ == 0 ? 1000 : std::min(pause_ms_ * 2, longest_ms_);
        probe_at_ms_ = now_ms + pause_ms_;
    }
    void close() {
        open_ = probing_ = false;
        returned_ = true;
        row_ = 0;
        successes_ = 0;
        last_.clear();
        second_ms_ = -1;
        in_second_ = 0;
    }

    const Listening& rules_;
    int64_t longest_ms_ = 0;
    bool open_ = false, probing_ = false, returned_ = false;
    unsigned row_ = 0;
    int successes_ = 0;
    std::deque<bool> last_;
    int64_t pause_ms_ = 0, probe_at_ms_ = 0, second_ms_ = -1;
    unsigned in_second_ = 0;
};

}  // namespace trot_test
