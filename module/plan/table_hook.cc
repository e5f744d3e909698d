#include <fmt/format.h>

#include "plan/expr.h"
#include "plan/route_template.h"
#include "plan/tables.h"

namespace trot {

const KeyList& hook_keys() {
    static const KeyList keys{"hook[]",
                              {"name", "topic", "resource", "action", "match", "status", "when", "items", "id",
                               "payload", "merge", "guarantee", "on_fault"}};
    return keys;
}

namespace {

class HookReader {
  public:
    HookReader(const RawValue& table, Loading& load, Hook& out)
        : section_(table, hook_keys(), load.report, nullptr), report_(load.report), out_(out) {}

    void read() {
        read_topic();
        read_match();
        if (const RawValue* status = section_.find("status")) read_status(*status, report_, out_.status);
        if (out_.status.empty()) out_.status.push_back({200, 299});
        read_items();
        if (const RawValue* when = section_.find("when")) read_when(*when);
        if (const RawValue* id = section_.find("id")) read_source(*id, "id", out_.id);
        read_payload();
        Guarantee guarantee = Guarantee::hold;
        if (read_guarantee(section_, guarantee)) out_.guarantee = guarantee;
        OnFault on_fault = OnFault::open;
        if (read_on_fault(section_, on_fault)) out_.on_fault = on_fault;
    }

  private:
    void read_topic() {
        const RawValue* topic = section_.find("topic");
        if (!topic) report_.mistake(section_.at(), "the hook has no 'topic', add one like topic = \"order.created\"");
        if (section_.text("topic", out_.topic)) {
            if (!topic_is_right(out_.topic))
                report_.mistake(topic->at,
                                fmt::format("topic {} is wrong, use letters, digits, '_', '-' and '.' between parts, "
                                            "like \"order.created\"",
                                            quoted(out_.topic)));
            else if (out_.topic.substr(0, 9) == "trotline.")
                report_.mistake(topic->at, "topics that begin with \"trotline.\" are Trotline's own, choose another");
        }
        const size_t dot = out_.topic.rfind('.');
        out_.resource = out_.topic.substr(0, dot);
        out_.action = dot == std::string::npos ? "" : out_.topic.substr(dot + 1);
        out_.name = out_.topic;
        section_.text("resource", out_.resource);
        section_.text("action", out_.action);
        section_.text("name", out_.name);
    }

    void read_match() {
        const RawValue* match = section_.find("match");
        if (!match) report_.mistake(section_.at(), "the hook has no 'match', add one like match = \"POST /orders\"");
        std::string text;
        if (!section_.text("match", text)) return;
        Result<RouteTemplate> route = parse_route(text);
        if (!route) {
            report_.mistake(match->at, fmt::format("'match' is {}: {}", quoted(text), route.fault().text));
            return;
        }
        out_.methods = std::move(route.value().methods);
        out_.path = std::move(route.value().path);
        out_.query = std::move(route.value().query);
        for (const TemplateSegment& segment : route.value().segments)
            if (segment.kind != TemplateSegment::Kind::literal) params_.push_back(segment.text);
    }

    void read_items() {
        const RawValue* items = section_.find("items");
        if (!items) return;
        read_source(*items, "items", out_.items);
        if (out_.items.set() && out_.items.part != Source::Part::response && out_.items.part != Source::Part::request)
            report_.mistake(items->at,
                            "'items' must be an array in a body, like \"response:/orders\" or \"request:/orders\"");
    }

    void read_when(const RawValue& when) {
        if (when.kind == RawValue::Kind::list) {
            for (const RawValue& one : when.list) {
                if (one.kind == RawValue::Kind::list)
                    wrong_type(one, "when", "a table of conditions", report_);
                else
                    read_when(one);
            }
            return;
        }
        if (when.kind != RawValue::Kind::table) {
            wrong_type(when, "when", "a table like { \"response:/state\" = \"paid\" }", report_);
            return;
        }
        for (const RawMember& line : when.members) {
            const size_t before = out_.when.size();
            read_conditions(line, report_, out_.when);
            if (out_.when.size() > before && out_.when[before].source.set())
                check_reach(out_.when[before].source, line.at);
        }
    }

    // Sources that this hook cannot have: an item without items, a parameter that is not in its path.
    void check_reach(const Source& source, const Mark& at) {
        if ((source.part == Source::Part::item || source.part == Source::Part::request_item) && !out_.items.set())
            report_.mistake(at, fmt::format("\"{}\" needs 'items', add it or use \"response:\"", spell_source(source)));
        if (source.part != Source::Part::path || out_.path.empty()) return;
        if (std::find(params_.begin(), params_.end(), source.key) != params_.end()) return;
        report_.mistake(at, fmt::format("\"{}\" is not in the path of 'match', {}", spell_source(source),
                                        params_.empty() ? "add a parameter like {id}"
                                                        : fmt::format("it has: {}", fmt::join(params_, ", "))));
    }

    void read_source(const RawValue& value, std::string_view what, Source& out) {
        if (value.kind != RawValue::Kind::text) {
            wrong_type(value, what, "a source like \"response:/id\"", report_);
            return;
        }
        const Result<Source> source = parse_source(value.text);
        if (!source) {
            report_.mistake(value.at, fmt::format("'{}': {}", what, source.fault().text));
            return;
        }
        out = source.value();
        check_reach(out, value.at);
    }

    void read_payload() {
        section_.flag("merge", out_.merge);
        const RawValue* payload = section_.find("payload");
        if (!payload) {
            out_.payload.push_back({out_.items.set() ? Source::Part::item : Source::Part::response, ""});
        } else if (payload->kind == RawValue::Kind::table) {
            read_members(*payload);
        } else if (payload->kind == RawValue::Kind::list) {
            for (const RawValue& one : payload->list) read_source(one, "payload", out_.payload.emplace_back());
            if (payload->list.empty()) report_.mistake(payload->at, "'payload' is an empty list, write \"response:\"");
        } else {
            read_source(*payload, "payload", out_.payload.emplace_back());
        }
        if (out_.merge && out_.payload.size() < 2)
            report_.mistake(section_.find("merge")->at,
                            "'merge' needs a 'payload' of several sources, like [\"request:\", "
                            "\"response:\"]");
    }

    void read_members(const RawValue& payload) {
        if (payload.members.empty())
            report_.mistake(payload.at, "'payload' is an empty table, write it like { id = \"path:id\" }");
        for (const RawMember& member : payload.members) {
            auto& [name, source] = out_.payload_members.emplace_back(member.name, Source{});
            read_source(member.value, "payload", source);
        }
    }

    Section section_;
    Report& report_;
    Hook& out_;
    std::vector<std::string> params_;
};

}  // namespace

void read_hooks(const RawValue& list, Loading& load, std::vector<Hook>& out) {
    for (const RawValue* table : tables_of(list, "hook", load.report)) {
        Hook& hook = out.emplace_back();
        hook.at = load.report.place(table->at);
        HookReader(*table, load, hook).read();
    }
}

}  // namespace trot
