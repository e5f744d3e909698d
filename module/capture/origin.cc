#include "capture/origin.h"

#include <algorithm>
#include <array>

#include "capture/credential.h"
#include "json/pointer.h"

namespace trot {
namespace {

constexpr size_t most_id = 200;
constexpr size_t most_state = 512;  // what Trace Context wants to be passed on at least
constexpr std::array<std::string_view, 3> id_names = {"x-request-id", "x-correlation-id", "request-id"};

bool is_hex(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool all_zero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

bool is_plain(std::string_view text, size_t most) {
    return !text.empty() && text.size() <= most &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

std::string_view field_of(const Exchange& exchange, std::string_view name) {
    const std::string* value = find_field(exchange.request_fields, name);
    return value == nullptr ? std::string_view() : trim(*value);
}

std::string_view request_id_of(const Exchange& exchange) {
    for (const std::string_view name : id_names)
        if (const std::string_view id = field_of(exchange, name); is_plain(id, most_id)) return id;
    return {};
}

// The token that a receiver sends back with what it does because of a delivery: in its own field, or in the tracestate
// that tracing libraries pass on by themselves.
std::string_view hop_of(const Exchange& exchange, std::string_view tracestate) {
    if (const std::string_view own = field_of(exchange, "trotline-hop"); is_plain(own, most_id * 2)) return own;
    constexpr std::string_view key = "trotline=";
    while (!tracestate.empty()) {
        const std::string_view member = tracestate.substr(0, tracestate.find(','));
        tracestate.remove_prefix(std::min(tracestate.size(), member.size() + 1));
        if (const std::string_view one = trim(member); one.substr(0, key.size()) == key) return one.substr(key.size());
    }
    return {};
}

void put(std::string& out, std::string_view name, std::string_view value) {
    if (value.empty()) return;
    out += out.empty() ? "{" : ",";
    ((out += json_quote(name)) += ':') += json_quote(value);
}

}  // namespace

bool is_traceparent(std::string_view text) {
    if (text.size() < 55 || (text.size() > 55 && (text.substr(0, 2) == "00" || text[55] != '-')) || text.size() > 200)
        return false;
    const std::string_view version = text.substr(0, 2);
    const std::string_view trace = text.substr(3, 32);
    const std::string_view parent = text.substr(36, 16);
    return text[2] == '-' && text[35] == '-' && text[52] == '-' && is_hex(version) && version != "ff" &&
           is_hex(trace) && !all_zero(trace) && is_hex(parent) && !all_zero(parent) && is_hex(text.substr(53, 2));
}

std::shared_ptr<const std::string> origin_of(const Exchange& exchange) {
    std::string out;
    put(out, "request_id", request_id_of(exchange));
    const std::string_view state = field_of(exchange, "tracestate");
    if (const std::string_view parent = field_of(exchange, "traceparent"); is_traceparent(parent)) {
        put(out, "traceparent", parent);
        if (state.size() <= most_state &&
            std::all_of(state.begin(), state.end(), [](char c) { return c >= 0x20 && c < 0x7f; }))
            put(out, "tracestate", state);
    }
    put(out, "actor", actor_of(exchange));
    put(out, "hop", hop_of(exchange, state));
    if (out.empty()) return nullptr;
    return std::make_shared<const std::string>(out + "}");
}

}  // namespace trot
