#include "plan/hook_reader.h"

#include <fmt/format.h>

#include "json/pointer.h"
#include "plan/expr.h"
#include "plan/route_template.h"

namespace trot {
namespace {

Shape first_of(Shape one) {
    Shape out;
    out.kind = Shape::Kind::first;
    out.children.push_back(std::move(one));
    return out;
}

}  // namespace

std::string_view HookReader::noun() const {
    switch (out_.does) {
        case Does::event:
            return "hook";
        case Does::put_aside:
            return "job";
        case Does::resolve:
            return "job's result";
        default:
            return "snapshot";
    }
}

void HookReader::read_match() {
    const RawValue* match = section_.find("match");
    if (!match)
        report_.mistake(section_.at(),
                        fmt::format("the {} has no 'match', add one like match = \"POST /orders\"", noun()));
    std::vector<std::string> lines;
    if (!section_.texts("match", lines)) return;
    if (lines.empty()) report_.mistake(match->at, "'match' is empty, write it like \"POST /orders\"");
    for (size_t i = 0; i < lines.size(); ++i) {
        const Mark& at = match->kind == RawValue::Kind::list ? match->list[i].at : match->at;
        Result<std::vector<Route>> routes = parse_routes(lines[i]);
        if (!routes)
            report_.mistake(at, fmt::format("'match' is {}: {}", quoted(lines[i]), routes.fault().text));
        else
            for (Route& route : routes.value()) add_route(std::move(route));
    }
}

void HookReader::add_route(Route route) {
    for (const TemplateSegment& segment : route.segments)
        if (segment.kind != TemplateSegment::Kind::literal &&
            std::find(params_.begin(), params_.end(), segment.text) == params_.end())
            params_.push_back(segment.text);
    out_.routes.push_back(std::move(route));
}

void HookReader::read_items() {
    const RawValue* items = section_.find("items");
    const RawValue* twins = section_.find("request_items");
    if (twins && !items) report_.mistake(twins->at, "'request_items' needs 'items', the array of the events");
    if (!items) return;
    take_sources(*items, "items", out_.items);
    for (const Source& source : out_.items)
        if (source.part != Source::Part::response && source.part != Source::Part::request &&
            source.part != Source::Part::query)
            report_.mistake(
                items->at,
                "'items' must be an array, like \"response:/orders\", \"request:/orders\" or \"query:/post\"");
    if (twins) take_sources(*twins, "request_items", out_.request_items);
    for (const Source& source : out_.request_items)
        if (source.part != Source::Part::request)
            report_.mistake(twins->at, "'request_items' must be an array in the request, like \"request:/orders\"");
}

void HookReader::read_status() {
    if (const RawValue* status = section_.find("status")) trot::read_status(*status, report_, out_.status);
    if (out_.status.empty()) out_.status.push_back({200, 299});
}

void HookReader::read_when() {
    if (const RawValue* when = section_.find("when")) read_conditions_of(*when, out_.when);
}

void HookReader::read_conditions_of(const RawValue& when, std::vector<Condition>& out) {
    if (when.kind == RawValue::Kind::list) {
        for (const RawValue& one : when.list) {
            if (one.kind == RawValue::Kind::list)
                wrong_type(one, "when", "a table of conditions", report_);
            else
                read_conditions_of(one, out);
        }
        return;
    }
    if (when.kind != RawValue::Kind::table) {
        wrong_type(when, "when", "a table like { \"response:/state\" = \"paid\" }", report_);
        return;
    }
    for (const RawMember& line : when.members) read_line(line, out);
}

// One line of `when`; in a dialect its table may have `only`: { present = true, only = { … } }.
void HookReader::read_line(RawMember line, std::vector<Condition>& out) {
    bool there = true;
    const RawMember* only = options_ && line.value.kind == RawValue::Kind::table ? line.value.find("only") : nullptr;
    if (only) {
        there = wanted(only->value, *options_, report_);
        line.value.members.erase(line.value.members.begin() + (only - line.value.members.data()));
    }
    const size_t before = out.size();
    read_conditions(line, report_, out);
    for (size_t i = before; i < out.size(); ++i) {
        if (i == before) check_reach(out[i].sources, line.at);
        out[i].sources = out[before].sources;
        check_reach(out[i].twin, line.at);
    }
    if (!there) out.resize(before);
}

void HookReader::put_option(Source& source, const Mark& at) {
    const DialectOption* option = options_ != nullptr ? find_option(*options_, source.key) : nullptr;
    if (option == nullptr) {
        report_.mistake(at,
                        fmt::format("{} is no option of {}", quoted(source.key),
                                    options_ != nullptr ? "this dialect" : "a dialect: only their files have such"));
        return;
    }
    source.part = Source::Part::literal;
    source.key = option->value;
}

void HookReader::check_reach(Sources& sources, const Mark& at) {
    for (Source& source : sources) {
        if (source.part == Source::Part::option) put_option(source, at);
        if (source.of_item() && out_.items.empty())
            report_.mistake(at, fmt::format("\"{}\" needs 'items', add it or use \"response:\"", spell_source(source)));
        if (source.part == Source::Part::previous && !out_.known_as.set())
            report_.mistake(at,
                            fmt::format("\"{}\" cannot be known here: a hook names the snapshot that it means, like "
                                        "previous = \"item/{{path:id}}\", and a snapshot itself has one",
                                        spell_source(source)));
        if (source.part != Source::Part::path || out_.routes.empty()) continue;
        if (std::find(params_.begin(), params_.end(), source.key) != params_.end()) continue;
        report_.mistake(at, fmt::format("\"{}\" is not in the path of 'match', {}", spell_source(source),
                                        params_.empty() ? "add a parameter like {id}"
                                                        : fmt::format("it has: {}", fmt::join(params_, ", "))));
    }
}

void HookReader::take_sources(const RawValue& value, std::string_view what, Sources& out) {
    if (value.kind != RawValue::Kind::text) {
        wrong_type(value, what, "a source like \"response:/id\"", report_);
        return;
    }
    Result<Sources> sources = parse_sources(value.text);
    if (!sources) {
        report_.mistake(value.at, fmt::format("'{}': {}", what, sources.fault().text));
        return;
    }
    out = std::move(sources).value();
    check_reach(out, value.at);
}

void HookReader::read_sources(std::string_view key, Sources& out) {
    if (const RawValue* value = section_.find(key)) take_sources(*value, key, out);
}

void HookReader::read_payload(std::string_view shape_key, bool with_args) {
    bool merge = false;
    section_.flag("merge", merge);
    const RawValue* payload = section_.find(shape_key);
    const RawValue* args = with_args ? section_.find("args") : nullptr;
    const ReachCheck reach = [this](Sources& sources, const Mark& at) { check_reach(sources, at); };
    if (payload && args) report_.mistake(args->at, "the hook has 'payload' and 'args', keep one");
    if (args && args->kind != RawValue::Kind::list)
        wrong_type(*args, "args", "a list like [\"path:name\", \"response:\"]", report_);
    if (args) {
        out_.payload = read_shape(*args, "args", reach, report_);
    } else if (!payload) {
        out_.payload = default_payload();
    } else if (payload->kind == RawValue::Kind::list) {
        out_.payload.kind = merge ? Shape::Kind::merged : Shape::Kind::first;
        for (const RawValue& one : payload->list)
            out_.payload.children.push_back(read_shape(one, shape_key, reach, report_));
        if (payload->list.empty())
            report_.mistake(payload->at, fmt::format("'{}' is an empty list, write \"response:\"", shape_key));
    } else {
        out_.payload = read_shape(*payload, shape_key, reach, report_);
        if (out_.payload.kind == Shape::Kind::sources) out_.payload = first_of(std::move(out_.payload));
    }
    if (merge && (out_.payload.kind != Shape::Kind::merged || out_.payload.children.size() < 2))
        report_.mistake(
            section_.find("merge")->at,
            fmt::format("'merge' needs a '{}' of several sources, like [\"request:\", \"response:\"]", shape_key));
}

void HookReader::read_context() {
    const RawValue* context = section_.find("context");
    if (context == nullptr) return;
    if (context->kind != RawValue::Kind::table || context->members.empty()) {
        wrong_type(*context, "context", "a table like { bucket = \"path:bucket\" }", report_);
        return;
    }
    const ReachCheck reach = [this](Sources& sources, const Mark& at) { check_reach(sources, at); };
    out_.taken_along.kind = Shape::Kind::object;
    for (const RawMember& member : context->members) {
        if (!part_is_right(member.name))
            report_.mistake(member.at, fmt::format("'context' has the name {}, use letters, digits, '_' and '-'",
                                                   quoted(member.name)));
        out_.taken_along.names.push_back(json_quote(member.name));
        out_.taken_along.children.push_back(read_shape(member.value, "context", reach, report_));
    }
}

// The element, else the body: the answer's, or for phase "before" the request's.
Shape HookReader::default_payload() const {
    const bool items = !out_.items.empty();
    const Source::Part before = items ? Source::Part::request_item : Source::Part::request;
    const Source::Part after = items ? Source::Part::item : Source::Part::response;
    return first_of({Shape::Kind::sources, {{out_.before ? before : after, "", false}}, {}, {}, {}});
}

bool HookReader::read_wording(std::string_view key, Wording& out) {
    const RawValue* value = section_.find(key);
    return value != nullptr && take_wording(*value, key, out);
}

bool HookReader::take_wording(const RawValue& value, std::string_view what, Wording& out) {
    if (value.kind != RawValue::Kind::text || value.text.find('\0') != std::string::npos) {
        wrong_type(value, what, "a string without NUL", report_);
        return false;
    }
    Result<Wording> wording = parse_wording(value.text);
    if (!wording) {
        report_.mistake(value.at, fmt::format("'{}': {}", what, wording.fault().text));
        return false;
    }
    for (Wording::Piece& piece : wording.value().pieces) check_reach(piece.any, value.at);
    out = std::move(wording).value();
    return true;
}

void HookReader::read_name(std::string otherwise) {
    out_.name = std::move(otherwise);
    section_.text("name", out_.name);
    section_.text("source", out_.source);
}

Hook begin_hook(const RawValue& table, Loading& load, const HookFile& file, Does does) {
    Hook hook;
    hook.at = load.report.place(table.at);
    hook.context = file.context;
    hook.does = does;
    return hook;
}

bool is_wanted(const RawValue& table, Loading& load, const HookFile& file) {
    const RawMember* only = file.options != nullptr ? table.find("only") : nullptr;
    return only == nullptr || wanted(only->value, *file.options, load.report);
}

}  // namespace trot
