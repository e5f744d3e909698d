#include <fmt/format.h>

#include "json/pointer.h"
#include "plan/expr.h"
#include "plan/tables.h"

namespace trot {

const KeyList& capture_keys() {
    static const KeyList keys{"capture",
                              {"request_cap", "response_cap", "ignore_case", "method_override", "strip_prefix",
                               "query_route", "envelope", "redact"}};
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

// true, or where the method may stand: ["header", "query", "form"].
void read_method_override(Section& section, unsigned& out) {
    const RawValue* value = section.find("method_override");
    if (value && value->kind == RawValue::Kind::boolean) {
        out = value->boolean ? RoutingContext::by_header | RoutingContext::by_query : 0U;
        return;
    }
    std::vector<std::string> places;
    if (!value || !section.texts("method_override", places)) return;
    out = 0;
    for (const std::string& place : places) {
        if (place == "header")
            out |= RoutingContext::by_header;
        else if (place == "query")
            out |= RoutingContext::by_query;
        else if (place == "form")
            out |= RoutingContext::by_form;
        else
            section.report().mistake(value->at,
                                     fmt::format("'method_override' has {}, it must be true, false or a list of "
                                                 "\"header\", \"query\" and \"form\"",
                                                 quoted(place)));
    }
}

const KeyList& envelope_keys() {
    static const KeyList keys{"capture.envelope", {"when", "status", "headers", "body"}};
    return keys;
}

void read_envelope(const RawValue& value, Report& report, Envelope& out) {
    if (value.kind != RawValue::Kind::table)
        return wrong_type(value, "envelope", "a table like { status = \"/status\", body = \"/body\" }", report);
    Section section(value, envelope_keys(), report, nullptr);
    const std::pair<const char*, std::string*> places[] = {
        {"status", &out.status}, {"headers", &out.headers}, {"body", &out.body}};
    for (const auto& [key, place] : places)
        if (section.text(key, *place) && (place->empty() || !check_pointer(*place)))
            report.mistake(section.find(key)->at,
                           fmt::format("'{}' is {}, it must be a JSON pointer into the outer body like \"/{}\"", key,
                                       quoted(*place), key));
    if (!out.set()) report.mistake(value.at, "'envelope' names nothing inside it, add body = \"/body\"");
    const RawValue* when = section.find("when");
    if (when && when->kind != RawValue::Kind::table)
        return wrong_type(*when, "when", "a table like { \"query:_envelope\" = { present = true } }", report);
    for (const RawMember& line : when ? when->members : std::vector<RawMember>()) {
        const size_t before = out.when.size();
        read_conditions(line, report, out.when);
        for (size_t i = before; i < out.when.size(); ++i)
            for (const Source& source : out.when[i].sources)
                if (source.of_item() || source.part == Source::Part::path)
                    report.mistake(line.at, fmt::format("\"{}\" is a hook's, an envelope is recognised by the query, "
                                                        "headers or bodies",
                                                        spell_source(source)));
    }
}

}  // namespace

void read_capture(const RawValue& table, Loading& load, CaptureConfig& capture, RoutingContext& out) {
    Section section(table, capture_keys(), load.report, nullptr);
    section.size("request_cap", capture.request_cap, 0, 256ULL << 20);
    section.size("response_cap", capture.response_cap, 0, 256ULL << 20);
    section.flag("ignore_case", out.ignore_case);
    read_method_override(section, out.method_override);
    section.texts("strip_prefix", out.strip_prefix);
    section.texts("query_route", out.query_route);
    section.texts("redact", capture.redact);
    if (const RawValue* envelope = section.find("envelope")) read_envelope(*envelope, load.report, out.envelope);
    check_prefixes(section, out.strip_prefix);
    for (const std::string& route : out.query_route)
        if (!query_route_is_right(route))
            load.report.mistake(
                section.find("query_route")->at,
                fmt::format("'query_route' has {}, each must be a parameter's name, or name and prefix like "
                            "\"rest_route=/wp-json\"",
                            quoted(route)));
    for (const std::string& name : capture.redact)
        if (name.empty() || name == "=") load.report.mistake(section.find("redact")->at, "'redact' has an empty name");
}

void read_dialect_capture(const RawValue& table, Loading& load, CaptureConfig& out, RoutingContext& context) {
    for (const std::string_view key : {"request_cap", "response_cap"})
        if (const RawMember* member = table.find(key))
            load.report.mistake(member->at, fmt::format("'{}' is the operator's to set, not a dialect's", key));
    CaptureConfig dialect;
    read_capture(table, load, dialect, context);
    add(out.redact, dialect.redact);
}

void note_capture(const Plan& plan, Settings& settings) {
    const auto note = [&settings](std::string_view key, std::vector<std::string> values) {
        settings.emplace_back(fmt::format("capture.{}", key), std::move(values));
    };
    const RoutingContext& own = plan.contexts.front();
    note("request_cap", {std::to_string(plan.capture.request_cap)});
    note("response_cap", {std::to_string(plan.capture.response_cap)});
    note("ignore_case", {own.ignore_case ? "true" : "false"});
    note("method_override", {plan.method_override ? "true" : "false"});  // of any: a host looks for the header then
    note("strip_prefix", own.strip_prefix);
    note("query_route", own.query_route);
    note("redact", plan.capture.redact);
}

}  // namespace trot
