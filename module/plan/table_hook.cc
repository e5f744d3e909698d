#include <fmt/format.h>

#include "plan/dialect_options.h"
#include "plan/expr.h"
#include "plan/route_template.h"
#include "plan/shape.h"
#include "plan/tables.h"

namespace trot {

const KeyList& hook_keys() {
    static const KeyList keys{
        "hook[]",
        {"name", "source", "topic", "topics", "phase", "resource", "action", "match", "status", "when", "items",
         "request_items", "id", "payload", "args", "merge", "guarantee", "on_fault"}};
    return keys;
}

const KeyList& dialect_hook_keys() {
    static const KeyList keys = [] {
        KeyList all = hook_keys();
        all.keys.push_back("only");
        return all;
    }();
    return keys;
}

namespace {

class HookReader {
  public:
    HookReader(const RawValue& table, const DialectOptions* options, Loading& load, Hook& out)
        : section_(table, options ? dialect_hook_keys() : hook_keys(), load.report, nullptr),
          report_(load.report),
          options_(options),
          out_(out) {}

    void read() {
        read_match();
        read_items();
        read_topics();
        section_.text("source", out_.source);
        if (const RawValue* status = section_.find("status")) read_status(*status, report_, out_.status);
        if (out_.status.empty()) out_.status.push_back({200, 299});
        if (const RawValue* when = section_.find("when")) read_when(*when);
        if (const RawValue* id = section_.find("id")) read_sources(*id, "id", out_.id);
        std::string phase = "after";
        section_.choice("phase", phase, {"after", "before"});
        out_.before = phase == "before";
        read_payload();
        Guarantee guarantee = Guarantee::hold;
        if (read_guarantee(section_, guarantee)) out_.guarantee = guarantee;
        OnFault on_fault = OnFault::open;
        if (read_on_fault(section_, on_fault)) out_.on_fault = on_fault;
    }

  private:
    void read_topics() {
        const RawValue* one = section_.find("topic");
        const RawValue* several = section_.find("topics");
        if (!one && !several)
            report_.mistake(section_.at(), "the hook has no 'topic', add one like topic = \"order.created\"");
        if (one && several) report_.mistake(several->at, "the hook has 'topic' and 'topics', keep one");
        if (one) read_topic(*one, "topic");
        if (several && several->kind != RawValue::Kind::list)
            wrong_type(*several, "topics", "a list like [\"order.created\", \"order.updated\"]", report_);
        else if (several && several->list.empty())
            report_.mistake(several->at, "'topics' is empty, list some like [\"order.created\"]");
        else if (several)
            for (const RawValue& topic : several->list) read_topic_of_several(topic);
        read_wording("resource", out_.resource);
        read_wording("action", out_.action);
        if (!out_.topics.empty()) out_.name = out_.topics.front().spelling;
        section_.text("name", out_.name);
    }

    // A topic, or in a dialect { topic = "…", only = { … } }.
    void read_topic_of_several(const RawValue& value) {
        if (!options_ || value.kind != RawValue::Kind::table) return read_topic(value, "topics");
        static const KeyList keys{"hook[].topics", {"topic", "only"}};
        refuse_unknown(value, keys, report_);
        const RawMember* topic = value.find("topic");
        const RawMember* only = value.find("only");
        if (!topic) report_.mistake(value.at, "it has no 'topic', write it like { topic = \"a.b\", only = { … } }");
        if (only && !wanted(only->value, *options_, report_)) return;
        if (topic) read_topic(topic->value, "topic");
    }

    void read_topic(const RawValue& value, std::string_view what) {
        Wording topic;
        if (!take_wording(value, what, topic)) return;
        std::string sample = topic.pieces.empty() ? topic.spelling : "";
        for (const Wording::Piece& piece : topic.pieces) sample += piece.any.empty() ? piece.text : "x";
        if (!topic_is_right(sample))
            report_.mistake(value.at,
                            fmt::format("topic {} is wrong, use letters, digits, '_', '-' and '.' between parts, "
                                        "like \"order.created\" or \"object.created.{{response:/status}}\"",
                                        quoted(topic.spelling)));
        else if (sample.substr(0, 9) == "trotline.")
            report_.mistake(value.at, "topics that begin with \"trotline.\" are Trotline's own, choose another");
        out_.topics.push_back(std::move(topic));
    }

    void read_wording(std::string_view key, Wording& out) {
        if (const RawValue* value = section_.find(key)) take_wording(*value, key, out);
    }

    bool take_wording(const RawValue& value, std::string_view what, Wording& out) {
        if (value.kind != RawValue::Kind::text || value.text.find('\0') != std::string::npos) {
            wrong_type(value, what, "a string without NUL", report_);
            return false;
        }
        Result<Wording> wording = parse_wording(value.text);
        if (!wording) {
            report_.mistake(value.at, fmt::format("'{}': {}", what, wording.fault().text));
            return false;
        }
        out = std::move(wording).value();
        for (const Wording::Piece& piece : out.pieces) check_reach(piece.any, value.at);
        return true;
    }

    void read_match() {
        const RawValue* match = section_.find("match");
        if (!match) report_.mistake(section_.at(), "the hook has no 'match', add one like match = \"POST /orders\"");
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

    void add_route(Route route) {
        for (const TemplateSegment& segment : route.segments)
            if (segment.kind != TemplateSegment::Kind::literal &&
                std::find(params_.begin(), params_.end(), segment.text) == params_.end())
                params_.push_back(segment.text);
        out_.routes.push_back(std::move(route));
    }

    void read_items() {
        const RawValue* items = section_.find("items");
        const RawValue* twins = section_.find("request_items");
        if (twins && !items) report_.mistake(twins->at, "'request_items' needs 'items', the array of the events");
        if (!items) return;
        read_sources(*items, "items", out_.items);
        for (const Source& source : out_.items)
            if (source.part != Source::Part::response && source.part != Source::Part::request)
                report_.mistake(items->at,
                                "'items' must be an array in a body, like \"response:/orders\" or \"request:/orders\"");
        if (twins) read_sources(*twins, "request_items", out_.request_items);
        for (const Source& source : out_.request_items)
            if (source.part != Source::Part::request)
                report_.mistake(twins->at, "'request_items' must be an array in the request, like \"request:/orders\"");
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
        for (const RawMember& line : when.members) read_line(line);
    }

    // One line of `when`; in a dialect its table may have `only`: { present = true, only = { … } }.
    void read_line(RawMember line) {
        bool there = true;
        const RawMember* only =
            options_ && line.value.kind == RawValue::Kind::table ? line.value.find("only") : nullptr;
        if (only) {
            there = wanted(only->value, *options_, report_);
            line.value.members.erase(line.value.members.begin() + (only - line.value.members.data()));
        }
        const size_t before = out_.when.size();
        read_conditions(line, report_, out_.when);
        for (size_t i = before; i < out_.when.size(); ++i) {
            if (i == before) check_reach(out_.when[i].sources, line.at);
            check_reach(out_.when[i].twin, line.at);
        }
        if (!there) out_.when.resize(before);
    }

    // Sources that this hook cannot have: an item without items, a parameter that is not in its paths.
    void check_reach(const Sources& sources, const Mark& at) {
        for (const Source& source : sources) {
            if (source.of_item() && out_.items.empty())
                report_.mistake(at,
                                fmt::format("\"{}\" needs 'items', add it or use \"response:\"", spell_source(source)));
            if (source.part != Source::Part::path || out_.routes.empty()) continue;
            if (std::find(params_.begin(), params_.end(), source.key) != params_.end()) continue;
            report_.mistake(at, fmt::format("\"{}\" is not in the path of 'match', {}", spell_source(source),
                                            params_.empty() ? "add a parameter like {id}"
                                                            : fmt::format("it has: {}", fmt::join(params_, ", "))));
        }
    }

    void read_sources(const RawValue& value, std::string_view what, Sources& out) {
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

    // A list at the top of `payload` is alternatives, or parts to merge; `args` is an array.
    void read_payload() {
        bool merge = false;
        section_.flag("merge", merge);
        const RawValue* payload = section_.find("payload");
        const RawValue* args = section_.find("args");
        const ReachCheck reach = [this](const Sources& sources, const Mark& at) { check_reach(sources, at); };
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
                out_.payload.children.push_back(read_shape(one, "payload", reach, report_));
            if (payload->list.empty()) report_.mistake(payload->at, "'payload' is an empty list, write \"response:\"");
        } else {
            out_.payload = read_shape(*payload, "payload", reach, report_);
            if (out_.payload.kind == Shape::Kind::sources) out_.payload = first_of(std::move(out_.payload));
        }
        if (merge && (out_.payload.kind != Shape::Kind::merged || out_.payload.children.size() < 2))
            report_.mistake(section_.find("merge")->at,
                            "'merge' needs a 'payload' of several sources, like [\"request:\", "
                            "\"response:\"]");
    }

    // The element, else the body: the answer's, or for phase "before" the request's.
    Shape default_payload() const {
        const bool items = !out_.items.empty();
        const Source::Part before = items ? Source::Part::request_item : Source::Part::request;
        const Source::Part after = items ? Source::Part::item : Source::Part::response;
        return first_of({Shape::Kind::sources, {{out_.before ? before : after, "", false}}, {}, {}, {}});
    }

    static Shape first_of(Shape one) {
        Shape out;
        out.kind = Shape::Kind::first;
        out.children.push_back(std::move(one));
        return out;
    }

    Section section_;
    Report& report_;
    const DialectOptions* options_;  // null: not in a dialect
    Hook& out_;
    std::vector<std::string> params_;
};

}  // namespace

void read_hooks(const RawValue& list, Loading& load, const HookFile& file, std::vector<Hook>& out) {
    for (const RawValue* table : tables_of(list, "hook", load.report)) {
        Hook hook;
        hook.at = load.report.place(table->at);
        hook.context = file.context;
        HookReader(*table, file.options, load, hook).read();
        const RawMember* only = file.options ? table->find("only") : nullptr;
        const bool there = !only || wanted(only->value, *file.options, load.report);
        if (there && !hook.topics.empty()) out.push_back(std::move(hook));
    }
}

}  // namespace trot
