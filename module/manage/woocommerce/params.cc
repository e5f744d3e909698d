#include "manage/woocommerce/params.h"

#include <algorithm>
#include <charconv>

namespace trot::woo {
namespace {

void split(std::string_view text, std::vector<std::string>& out) {
    while (!text.empty()) {
        const size_t end = std::min(text.find_first_of(", \t\r\n"), text.size());
        if (end > 0) out.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(text.size(), end + 1));
    }
}

bool is_member(std::string_view name, std::string_view of) {
    return name.size() > of.size() + 1 && name.substr(0, of.size()) == of && name[of.size()] == '[' &&
           name.back() == ']';
}

}  // namespace

const std::string* Params::find(std::string_view name) const {
    const auto found =
        std::find_if(fields_.rbegin(), fields_.rend(), [name](const Field& field) { return field.name == name; });
    return found == fields_.rend() ? nullptr : &found->value;
}

std::string_view Params::text(std::string_view name) const {
    const std::string* found = find(name);
    return found == nullptr ? std::string_view() : std::string_view(*found);
}

std::vector<std::string> Params::list(std::string_view name) const {
    std::vector<std::string> out;
    Fields members;
    for (const Field& field : fields_) {
        if (!is_member(field.name, name)) continue;
        const bool numbered = field.name[name.size() + 1] != ']';
        const auto same = std::find_if(members.begin(), members.end(),
                                       [&](const Field& one) { return numbered && one.name == field.name; });
        if (same == members.end())
            members.push_back(field);
        else
            same->value = field.value;
    }
    for (const Field& member : members) split(member.value, out);
    if (members.empty()) split(text(name), out);
    return out;
}

std::vector<std::string> Params::ids(std::string_view name) const {
    std::vector<std::string> out;
    for (const std::string& one : list(name))
        if (const std::optional<int64_t> number = read_number(one); number && *number >= 0)
            out.push_back(std::to_string(*number));
    return out;
}

std::optional<int64_t> read_number(std::string_view text) {
    int64_t number = 0;
    const char* end = text.data() + text.size();
    const std::from_chars_result read = std::from_chars(text.data(), end, number);
    if (text.empty() || read.ec != std::errc() || read.ptr != end) return std::nullopt;
    return number;
}

}  // namespace trot::woo
