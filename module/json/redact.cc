#include "json/redact.h"

namespace trot {

namespace {

constexpr std::string_view redacted = "\"[redacted]\"";

std::string_view raw_of(const JsonMember& member) { return member.value.raw; }
std::string_view raw_of(const JsonValue& value) { return value.raw; }

// `hidden` are places in `json`, in order.
template <class Places>
std::string replaced(std::string_view json, const Places& hidden) {
    std::string out;
    out.reserve(json.size());
    const char* at = json.data();
    for (const auto& place : hidden) {
        const std::string_view raw = raw_of(place);
        out.append(at, static_cast<size_t>(raw.data() - at));
        out += redacted;
        at = raw.data() + raw.size();
    }
    out.append(at, static_cast<size_t>(json.data() + json.size() - at));
    return out;
}

}  // namespace

std::vector<std::string_view> beginnings_of(const std::vector<std::string>& names) {
    std::vector<std::string_view> out;
    for (const std::string& name : names)
        if (name.size() > 1 && name.front() == '=') out.push_back(std::string_view(name).substr(1));
    return out;
}

std::string redact(std::string json, const std::vector<std::string>& names, JsonReader& scratch) {
    if (names.empty()) return json;
    scratch.load(json);
    const std::vector<std::string_view> beginnings = beginnings_of(names);
    if (!beginnings.empty()) {
        const std::vector<JsonValue> hidden = scratch.texts_beginning(beginnings);
        if (!hidden.empty()) {
            json = replaced(json, hidden);
            scratch.load(json);
        }
    }
    const std::vector<JsonMember> hidden = scratch.members_named(names);
    if (hidden.empty()) return json;
    return replaced(json, hidden);
}

std::string redact_loaded(std::string_view json, const std::vector<std::string>& names, JsonReader& loaded,
                          JsonReader& scratch) {
    const std::vector<std::string_view> beginnings = beginnings_of(names);
    // Two kinds of places, one perhaps inside the other: seldom enough to be found one after the other.
    if (!beginnings.empty() && !loaded.texts_beginning(beginnings).empty())
        return redact(std::string(json), names, scratch);
    return replaced(json, loaded.members_named(names));
}

}  // namespace trot
