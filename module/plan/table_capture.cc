#include <fmt/format.h>

#include "plan/tables.h"

namespace trot {

const KeyList& capture_keys() {
    static const KeyList keys{
        "capture",
        {"request_cap", "response_cap", "ignore_case", "method_override", "strip_prefix", "query_route", "redact"}};
    return keys;
}

namespace {

// Two lists, one after the other, nothing twice: a dialect adds to what the file says.
void add(std::vector<std::string>& all, const std::vector<std::string>& more) {
    for (const std::string& one : more)
        if (std::find(all.begin(), all.end(), one) == all.end()) all.push_back(one);
}

void check_prefixes(Section& section, std::vector<std::string>& prefixes) {
    for (std::string& prefix : prefixes) {
        while (prefix.size() > 1 && prefix.back() == '/') prefix.pop_back();
        if (prefix.size() < 2 || prefix.front() != '/' || prefix.find_first_of("?#%{}\\ ") != std::string::npos)
            section.report().mistake(
                section.find("strip_prefix")->at,
                fmt::format("'strip_prefix' has {}, each must be a plain path like \"/index.php\"", quoted(prefix)));
    }
}

// "NAME" or "NAME=/prefix", where the prefix may name other parameters as {NAME}.
bool query_route_is_right(std::string_view text) {
    const size_t equals = text.find('=');
    const std::string_view name = text.substr(0, equals);
    if (name.empty() || name.find_first_of("&%+ {}/") != std::string_view::npos) return false;
    if (equals == std::string_view::npos) return true;
    std::string_view prefix = text.substr(equals + 1);
    if (prefix.empty() || prefix.front() != '/' || prefix.find_first_of("?#%& ") != std::string_view::npos)
        return false;
    bool open = false;
    for (size_t i = 0; i < prefix.size(); ++i) {
        if (prefix[i] == '{' && (open || i + 1 == prefix.size() || prefix[i + 1] == '}')) return false;
        if (prefix[i] == '}' && !open) return false;
        if (prefix[i] == '{' || prefix[i] == '}') open = prefix[i] == '{';
    }
    return !open;
}

}  // namespace

void read_capture(const RawValue& table, Loading& load, CaptureConfig& out) {
    Section section(table, capture_keys(), load.report, nullptr);
    section.size("request_cap", out.request_cap, 0, 256ULL << 20);
    section.size("response_cap", out.response_cap, 0, 256ULL << 20);
    section.flag("ignore_case", out.ignore_case);
    section.flag("method_override", out.method_override);
    section.texts("strip_prefix", out.strip_prefix);
    section.texts("query_route", out.query_route);
    section.texts("redact", out.redact);
    check_prefixes(section, out.strip_prefix);
    for (const std::string& route : out.query_route)
        if (!query_route_is_right(route))
            load.report.mistake(
                section.find("query_route")->at,
                fmt::format("'query_route' has {}, each must be a parameter's name, or name and prefix like "
                            "\"rest_route=/wp-json\"",
                            quoted(route)));
    for (const std::string& name : out.redact)
        if (name.empty()) load.report.mistake(section.find("redact")->at, "'redact' has an empty name");
}

void add_capture(const RawValue& table, Loading& load, CaptureConfig& out) {
    for (const std::string_view key : {"request_cap", "response_cap"})
        if (const RawMember* member = table.find(key))
            load.report.mistake(member->at, fmt::format("'{}' is the operator's to set, not a dialect's", key));
    CaptureConfig dialect;
    read_capture(table, load, dialect);
    out.ignore_case = out.ignore_case || dialect.ignore_case;
    out.method_override = out.method_override || dialect.method_override;
    add(out.strip_prefix, dialect.strip_prefix);
    add(out.query_route, dialect.query_route);
    add(out.redact, dialect.redact);
}

void note_capture(const CaptureConfig& capture, Settings& settings) {
    const auto note = [&settings](std::string_view key, std::vector<std::string> values) {
        settings.emplace_back(fmt::format("capture.{}", key), std::move(values));
    };
    note("request_cap", {std::to_string(capture.request_cap)});
    note("response_cap", {std::to_string(capture.response_cap)});
    note("ignore_case", {capture.ignore_case ? "true" : "false"});
    note("method_override", {capture.method_override ? "true" : "false"});
    note("strip_prefix", capture.strip_prefix);
    note("query_route", capture.query_route);
    note("redact", capture.redact);
}

}  // namespace trot
