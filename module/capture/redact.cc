#include "capture/redact.h"

#include <algorithm>

namespace trot {

bool is_redacted_text(std::string_view text, const std::vector<std::string>& names) {
    const std::vector<std::string_view> beginnings = beginnings_of(names);
    return std::any_of(beginnings.begin(), beginnings.end(),
                       [&](std::string_view one) { return text.substr(0, one.size()) == one; });
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
