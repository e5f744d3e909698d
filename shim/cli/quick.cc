#include "quick.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "say.h"

namespace trot::cli {
namespace {

// A TOML basic string.
std::string toml_string(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
            out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
        else
            out += c;
    }
    return out + '"';
}

std::string list_of(const std::vector<std::string>& values) {
    std::vector<std::string> quotes;
    quotes.reserve(values.size());
    for (const std::string& value : values) quotes.push_back(toml_string(value));
    return fmt::format("[{}]", fmt::join(quotes, ", "));
}

// The name of a template's last parameter: in "PUT /orders/{id}" the path itself tells which order; "" when it does
// not.
std::string last_parameter(std::string_view match) {
    const size_t open = match.rfind('{');
    const size_t close = match.find('}', open == std::string_view::npos ? 0 : open);
    if (open == std::string_view::npos || close == std::string_view::npos) return {};
    std::string name(match.substr(open + 1, close - open - 1));
    if (!name.empty() && name.back() == '*') name.pop_back();
    return name;
}

std::string hook_of(const std::string& text) {
    const size_t equal = text.find('=');
    if (equal == std::string::npos || equal == 0 || text.find('/', equal) == std::string::npos)
        throw Failure(
            exit_usage,
            fmt::format("--hook '{}': wanted is TOPIC=METHOD PATH, as in 'order.created=POST /orders'", text));
    const std::string match = text.substr(equal + 1);
    const std::string parameter = last_parameter(match);
    return fmt::format("\n[[hook]]\ntopic = {}\nmatch = {}\nid = {}\n", toml_string(text.substr(0, equal)),
                       toml_string(match), toml_string(parameter.empty() ? "response:/id" : "path:" + parameter));
}

std::string absolute(const std::string& path) { return std::filesystem::absolute(path).lexically_normal().string(); }

}  // namespace

std::string default_store() {
    if (geteuid() == 0) return "/var/lib/trotline";
    const char* state = getenv("XDG_STATE_HOME");
    if (state != nullptr && *state == '/') return std::string(state) + "/trotline";
    const char* home = getenv("HOME");
    if (home == nullptr || *home == '\0')
        throw Failure(exit_usage, "where to keep the record? --store DIR (there is no HOME)");
    return std::string(home) + "/.local/state/trotline";
}

std::string quick_toml(const QuickPlan& quick) {
    if (quick.upstream.empty()) throw Failure(exit_usage, "which application? --upstream URL, or -c FILE");
    if (quick.dialects.empty() && quick.hooks.empty())
        throw Failure(exit_usage, "which requests are changes? --dialect NAME, or --hook 'order.created=POST /orders'");
    if (quick.deliver_to.empty() != quick.secret_file.empty())
        throw Failure(
            exit_usage,
            quick.deliver_to.empty()
                ? "--secret-file is for --deliver-to URL, which is missing"
                : "--deliver-to needs --secret-file FILE; a new key: (printf whsec_; openssl rand -base64 32) > FILE");
    std::string toml =
        "# What the options of `trotline run` meant. To keep it: trotline run … --show > trotline.toml\n";
    if (!quick.dialects.empty()) toml += fmt::format("dialects = {}\n", list_of(quick.dialects));
    toml += fmt::format("\n[store]\nurl = {}\n",
                        toml_string("sqlite:" + absolute(quick.store.empty() ? default_store() : quick.store)));
    toml += fmt::format("\n[standalone]\nlisten = {}\nupstream = {}\n",
                        list_of(quick.listen.empty() ? std::vector<std::string>{"127.0.0.1:8080"} : quick.listen),
                        toml_string(quick.upstream));
    if (!quick.allow.empty()) toml += fmt::format("\n[egress]\nallow = {}\n", list_of(quick.allow));
    for (const std::string& hook : quick.hooks) toml += hook_of(hook);
    if (!quick.deliver_to.empty())
        toml += fmt::format(
            "\n[[subscription]]\nname = \"deliver-to\"\ntopics = {}\nurl = {}\nsecret = {{ file = {} }}\nformat = {}\n",
            list_of(quick.topics.empty() ? std::vector<std::string>{"*"} : quick.topics), toml_string(quick.deliver_to),
            toml_string(absolute(quick.secret_file)), toml_string(quick.format));
    return toml;
}

}  // namespace trot::cli
