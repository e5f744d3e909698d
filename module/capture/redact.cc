#include "capture/redact.h"

#include <algorithm>

namespace trot {

std::string redact(std::string json, const std::vector<std::string>& names, JsonReader& scratch) {
    if (names.empty()) return json;
    scratch.load(json);
    const std::vector<JsonMember> hidden = scratch.members_named(names);
    if (hidden.empty()) return json;
    std::string out;
    out.reserve(json.size());
    const char* at = json.data();
    for (const JsonMember& member : hidden) {
        out.append(at, static_cast<size_t>(member.value.raw.data() - at));
        out += "\"[redacted]\"";
        at = member.value.raw.data() + member.value.raw.size();
    }
    out.append(at, static_cast<size_t>(json.data() + json.size() - at));
    return out;
}

bool is_redacted_source(const Source& source, const std::vector<std::string>& names) {
    std::string_view last = source.key;
    if (source.part == Source::Part::literal) return false;
    if (source.part == Source::Part::form) {  // "data[token]"
        if (!last.empty() && last.back() == ']') last.remove_suffix(1);
        last.remove_prefix(last.rfind('[') + 1);
    } else {
        last.remove_prefix(last.rfind('/') + 1);
    }
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) { return equal_nocase(name, last); });
}

}  // namespace trot
