#include "store/task_filter.h"

#include "crypto/ids.h"
#include "json/tree.h"

namespace trot {
namespace {

void put_text(json_t* into, const char* name, const std::string& value) {
    if (!value.empty()) json_object_set_new(into, name, json_of(value));
}

void put_number(json_t* into, const char* name, int64_t value) {
    if (value != 0) json_object_set_new(into, name, json_integer(value));
}

}  // namespace

std::string spell_task_filter(const TaskFilter& filter) {
    const Json out(json_object());
    put_text(out.get(), "topic", filter.topic);
    put_text(out.get(), "state", filter.state);
    if (filter.delivery != 0) put_text(out.get(), "delivery", spell_id(delivery_prefix, filter.delivery));
    if (filter.event != 0) put_text(out.get(), "event", spell_id(event_prefix, filter.event));
    put_number(out.get(), "since_ms", filter.since_ms);
    put_number(out.get(), "until_ms", filter.until_ms);
    put_text(out.get(), "by", filter.by);
    return spell_json(out.get());
}

Result<TaskFilter> read_task_filter(std::string_view json) {
    const Result<Json> parsed = parse_json(json);
    if (!parsed) return Fault{Code::damaged, "the task's filter is no JSON: " + parsed.fault().text};
    const json_t* from = parsed.value().get();
    TaskFilter filter;
    filter.topic = text_of(from, "topic");
    filter.state = text_of(from, "state");
    filter.by = text_of(from, "by");
    filter.since_ms = json_integer_value(json_object_get(from, "since_ms"));
    filter.until_ms = json_integer_value(json_object_get(from, "until_ms"));
    if (const std::string_view id = text_of(from, "delivery"); !id.empty()) {
        const Result<int64_t> number = read_id(delivery_prefix, id);
        if (!number) return Fault{Code::damaged, "the task's delivery: " + number.fault().text};
        filter.delivery = number.value();
    }
    if (const std::string_view id = text_of(from, "event"); !id.empty()) {
        const Result<int64_t> number = read_id(event_prefix, id);
        if (!number) return Fault{Code::damaged, "the task's event: " + number.fault().text};
        filter.event = number.value();
    }
    return filter;
}

}  // namespace trot
