#include "dispatch/tracing.h"

#include <algorithm>
#include <array>

namespace trot {
namespace {

constexpr size_t most_state = 512;

std::string span_id(uint64_t random) {
    static constexpr std::array<char, 17> digits{"0123456789abcdef"};
    std::string out(16, '0');
    for (uint64_t left = random | 1; char& digit : out) {  // never all zeros
        digit = digits[left & 15];
        left >>= 4;
    }
    return out;
}

// Ours goes first, as whoever changed it last does; an older one of ours goes.
std::string state_with(std::string_view state, const std::string& hop) {
    std::string out = "trotline=" + hop;
    while (!state.empty()) {
        const std::string_view member = state.substr(0, state.find(','));
        state.remove_prefix(std::min(state.size(), member.size() + 1));
        const std::string_view one = trim(member);
        if (one.empty() || one.substr(0, 9) == "trotline=") continue;
        if (out.size() + 1 + one.size() > most_state) break;
        (out += ',') += one;
    }
    return out;
}

}  // namespace

Origin read_origin(JsonReader& reader, const Event& event) {
    Origin out;
    if (!event.origin) return out;
    reader.load(*event.origin);
    out.request_id = json_text(reader.find("/request_id"));
    out.traceparent = json_text(reader.find("/traceparent"));
    out.tracestate = json_text(reader.find("/tracestate"));
    out.actor = json_text(reader.find("/actor"));
    out.hop = json_text(reader.find("/hop"));
    return out;
}

std::string Tracing::hop(const Origin& origin, int64_t subscription) {
    if (secret_ != context_.trail) {
        secret_ = context_.trail;
        key_.reset();
        if (secret_) key_.emplace(*secret_);
    }
    if (!key_) return {};
    const int64_t now_s = context_.clock.wall_ms() / 1000;
    const Trail before = key_->read(origin.hop, now_s).value_or(Trail());
    return key_->spell(longer(before, subscription), now_s);
}

void Tracing::add(const Event& event, const Subscription& settings, int64_t subscription, unsigned attempt,
                  Fields& out) {
    if (!settings.trace) return;
    const Origin origin = read_origin(reader_, event);
    const std::string token = hop(origin, subscription);
    if (!origin.traceparent.empty()) {
        std::string parent = origin.traceparent;
        parent.replace(36, 16, span_id(context_.random()));
        out.push_back({"traceparent", std::move(parent)});
        out.push_back({"tracestate", token.empty() ? origin.tracestate : state_with(origin.tracestate, token)});
        if (out.back().value.empty()) out.pop_back();
    }
    if (!origin.request_id.empty()) out.push_back({"x-request-id", origin.request_id});
    out.push_back({"trotline-attempt", std::to_string(attempt)});
    if (!token.empty()) out.push_back({"trotline-hop", token});
}

}  // namespace trot
