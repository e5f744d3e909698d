#include "dialect/datocms_body.h"

#include "base/clock.h"
#include "dialect/payload.h"
#include "dialect/quote.h"
#include "dialect/style.h"

namespace trot {

DatocmsBody::DatocmsBody(const Recipient& recipient)
    : version_(option(recipient.options, "version", "3").front()),
      site_(option(recipient.options, "site_id", "1")),
      environment_(option(recipient.options, "environment", "main")),
      primary_(option(recipient.options, "primary", "true")),
      webhook_(recipient.id.empty() ? std::to_string(recipient.number) : std::string(recipient.id)) {}

std::string DatocmsBody::make(const EventView& event, const DeliveryView& delivery) {
    std::string out = "{";
    out.reserve(event.payload.size() + event.previous.size() + event.context.size() + 384);
    if (version_ != '1') context_.load(event.context.empty() ? std::string_view("{}") : event.context);
    if (version_ == '3') append_call(out, event, delivery);
    if (version_ != '1') append_environment(out);
    out += "\"entity_type\":";
    append_quoted(out, event.resource);
    out += ",\"event_type\":";
    append_quoted(out, event.action);
    out += ",\"entity\":";
    append_payload(out, event);
    append_opaque_mark(out, event);
    if (version_ != '1') {
        const bool updated = event.resource == "item" && event.action == "update";
        if (!event.previous.empty())
            (out += ",\"previous_entity\":") += event.previous;
        else if (updated)
            out += ",\"previous_entity\":null";
        append_related(out);
    }
    return out + "}";
}

void DatocmsBody::append_call(std::string& out, const EventView& event, const DeliveryView& delivery) const {
    out += "\"webhook_call_id\":\"" + std::to_string(delivery.number);
    out += "\",\"event_triggered_at\":\"" + rfc3339(event.at_ms).substr(0, 19) + "Z\"";
    out += ",\"attempted_auto_retries_count\":" + std::to_string(delivery.attempt - 1);
    out += ",\"webhook_id\":";
    append_quoted(out, webhook_);
    out += ",\"site_id\":";
    append_quoted(out, site_);
    out += ',';
}

// What the event took along, else what the options say.
void DatocmsBody::append_environment(std::string& out) {
    const JsonValue environment = context_.find("/environment");
    out += "\"environment\":";
    if (environment.kind == JsonKind::string)
        out += environment.raw;
    else
        append_quoted(out, environment_);
    out += ',';
    if (version_ != '3') return;
    const JsonValue primary = context_.find("/environment_primary");
    out += "\"is_environment_primary\":";
    out += primary.kind == JsonKind::boolean ? primary.raw : std::string_view(primary_);
    out += ',';
}

// What the answer included, and the model where that is not among it.
void DatocmsBody::append_related(std::string& out) {
    const JsonValue model = context_.find("/item_type");
    std::string id;
    if (model.kind == JsonKind::object) {
        element_.load(model.raw);
        id = json_text(element_.find("/id"));
    }
    out += ",\"related_entities\":[";
    bool known = id.empty();
    const char* between = "";
    for (const std::string_view one : context_.elements("/included")) {
        (out += between) += one;
        between = ",";
        if (known) continue;
        element_.load(one);
        known = json_text(element_.find("/type")) == "item_type" && json_text(element_.find("/id")) == id;
    }
    if (!known) (out += between) += model.raw;
    out += ']';
}

}  // namespace trot
