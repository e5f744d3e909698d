#include <fmt/format.h>

#include <algorithm>

#include "plan/key_set.h"

namespace trot {
namespace {

constexpr std::string_view path_setting = "key_set.path";

bool is_served_path(std::string_view text) {
    constexpr std::string_view besides = "/-._~";
    return text.size() > 1 && text.size() <= 200 && text.front() == '/' && text.find("//") == std::string_view::npos &&
           std::all_of(text.begin(), text.end(), [besides](char c) {
               const char l = ascii_lower(c);
               return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || besides.find(c) != std::string_view::npos;
           });
}

}  // namespace

const KeyList& key_set_keys() {
    static const KeyList keys{"key_set", {"path"}};
    return keys;
}

void read_key_set(const RawValue& table, Loading& load) {
    Section section(table, key_set_keys(), load.report, &load.settings);
    std::string path = "/.well-known/trotline/jwks.json";
    if (section.text("path", path) && !is_served_path(path))
        load.report.mistake(section.find("path")->at,
                            fmt::format("'path' is {}, it must be a path of letters, digits, '-', '.', '_' and '~' "
                                        "like \"/.well-known/trotline/jwks.json\"",
                                        quoted(path)));
}

std::string_view key_set_path(const Plan& plan) {
    const std::string* path = plan.setting(path_setting, 0);
    return path == nullptr ? std::string_view() : std::string_view(*path);
}

}  // namespace trot
