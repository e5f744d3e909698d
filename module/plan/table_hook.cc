#include <fmt/format.h>

#include "plan/expr.h"
#include "plan/hook_reader.h"
#include "plan/hydrate_get.h"

namespace trot {

const KeyList& hook_keys() {
    static const KeyList keys{"hook[]",
                              {"name",  "source", "topic",    "topics",  "phase",         "resource", "action",
                               "match", "status", "when",     "items",   "request_items", "id",       "payload",
                               "args",  "merge",  "previous", "hydrate", "guarantee",     "on_fault", "context"}};
    return keys;
}

KeyList with_only(const KeyList& keys) {
    KeyList all = keys;
    all.keys.emplace_back("only");
    return all;
}

namespace {

const KeyList& keys_in(const HookFile& file) {
    static const KeyList dialect = with_only(hook_keys());
    return file.options != nullptr ? dialect : hook_keys();
}

class EventReader {
  public:
    EventReader(const RawValue& table, Loading& load, const HookFile& file, Hook& out)
        : common_(table, keys_in(file), file.options, load, out),
          section_(common_.section()),
          report_(load.report),
          options_(file.options),
          out_(out) {}

    void read() {
        common_.read_match();
        common_.read_items();
        common_.read_wording("previous", out_.known_as);
        read_topics();
        common_.read_status();
        common_.read_when();
        common_.read_sources("id", out_.id);
        std::string phase = "after";
        section_.choice("phase", phase, {"after", "before"});
        out_.before = phase == "before";
        common_.read_payload("payload", true);
        common_.read_context();
        if (const RawValue* hydrate = section_.find("hydrate")) read_hydrate(*hydrate);
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
        common_.read_wording("resource", out_.resource);
        common_.read_wording("action", out_.action);
        common_.read_name(out_.topics.empty() ? "" : out_.topics.front().spelling);
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
        if (!common_.take_wording(value, what, topic)) return;
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

    // "/orders/{path:id}", or { get = "/orders/{path:id}", payload = "/data", when = { … } }.
    void read_hydrate(const RawValue& value) {
        static const KeyList keys{"hook[].hydrate", {"get", "payload", "when"}};
        const bool whole = value.kind == RawValue::Kind::table;
        const RawMember* get = whole ? value.find("get") : nullptr;
        if (whole) refuse_unknown(value, keys, report_);
        if (whole && !get)
            report_.mistake(value.at, "'hydrate' has no 'get', add one like get = \"/orders/{path:id}\"");
        Hydrate& out = out_.hydrate;
        if (!whole) read_hydrate_get(value, out.get, report_);
        if (get) read_hydrate_get(get->value, out.get, report_);
        for (Wording::Piece& piece : out.get.pieces) common_.check_reach(piece.any, get ? get->at : value.at);
        const RawMember* payload = whole ? value.find("payload") : nullptr;
        if (payload) read_hydrate_pointer(payload->value, out.pointer, report_);
        if (const RawMember* when = whole ? value.find("when") : nullptr)
            common_.read_conditions_of(when->value, out.when);
    }

    HookReader common_;
    Section& section_;
    Report& report_;
    const DialectOptions* options_;  // null: not in a dialect
    Hook& out_;
};

}  // namespace

void read_hooks(const RawValue& list, Loading& load, const HookFile& file, std::vector<Hook>& out) {
    for (const RawValue* table : tables_of(list, "hook", load.report)) {
        Hook hook = begin_hook(*table, load, file, Does::event);
        EventReader(*table, load, file, hook).read();
        if (is_wanted(*table, load, file) && !hook.topics.empty()) out.push_back(std::move(hook));
    }
}

void read_all_hooks(const RawValue& root, Loading& load, const HookFile& file, std::vector<Hook>& out) {
    if (const RawMember* list = root.find("hook")) read_hooks(list->value, load, file, out);
    if (const RawMember* list = root.find("job")) read_jobs(list->value, load, file, out);
    if (const RawMember* list = root.find("snapshot")) read_snapshots(list->value, load, file, out);
}

}  // namespace trot
