#include "manage/datocms/calls.h"

#include <algorithm>
#include <map>
#include <optional>

#include "crypto/ids.h"
#include "manage/datocms/answer.h"
#include "manage/datocms/call_query.h"
#include "manage/datocms/webhook.h"
#include "manage/registry.h"
#include "manage/sent.h"

namespace trot::datocms {
namespace {

json_t* time_or_null(int64_t ms) { return ms > 0 ? json_of(rfc3339(ms)) : json_null(); }

// Repeats of a name are one, as fetch() has them.
json_t* headers_of(const Fields& fields) {
    json_t* out = json_object();
    for (const Field& field : fields) {
        const std::string before(text_of(out, field.name.c_str()));
        json_object_set_new(out, field.name.c_str(),
                            json_of(before.empty() ? field.value : before + ", " + field.value));
    }
    return out;
}

const char* status_of(const Delivery& delivery) {
    switch (delivery.state) {
        case DeliveryState::delivered:
            return "success";
        case DeliveryState::pending:
            return delivery.attempts == 0 ? "pending" : "rescheduled";
        default:
            return "failed";
    }
}

// Calls of one tenant, shown; the webhooks that they are of are read once.
class Shown {
  public:
    explicit Shown(const Visit& visit) : visit_(visit) {}

    Result<Json> show(const Call& call) {
        const Result<const ManagedRow*> row = row_of(call.subscription.name);
        if (!row) return row.fault();
        const Result<Subscription> settings = settings_of(*row.value(), visit_.world.plan);
        if (!settings) return settings.fault();
        const Delivery& delivery = call.delivery;
        const bool tried = delivery.attempts > 0;
        const int64_t created_ms = call.event.number != 0 ? call.event.at_ms : id_wall_ms(delivery.number);
        json_t* attributes = json_object();
        const auto put = [attributes](const char* name, json_t* value) {
            json_object_set_new(attributes, name, value);
        };
        put("entity_type", json_of(call.event.resource));
        put("event_type", json_of(call.event.action));
        put("created_at", json_of(rfc3339(created_ms)));
        put_request(attributes, call, settings.value());
        put_answer(attributes, call.attempt);
        put("attempted_auto_retries_count", json_integer(tried ? delivery.attempts - 1 : 0));
        // Never null [C]: DatoCMS makes a call when it sends it.
        put("last_sent_at", json_of(rfc3339(tried && call.attempt.at_ms > 0 ? call.attempt.at_ms : created_ms)));
        const bool waits = tried && delivery.state == DeliveryState::pending;
        put("next_retry_at", time_or_null(waits ? delivery.due_ms : 0));
        put("status", json_string(status_of(delivery)));
        Json out(json_object());
        json_object_set_new(out.get(), "type", json_string("webhook_call"));
        json_object_set_new(out.get(), "id", json_of(std::to_string(delivery.number)));
        json_object_set_new(out.get(), "attributes", attributes);
        json_object_set_new(out.get(), "relationships",
                            json_pack("{s:{s:{s:s,s:o}}}", "webhook", "data", "type", "webhook", "id",
                                      json_of(call.subscription.name)));
        return out;
    }

    // The webhooks of all that was shown.
    Result<Json> included() const {
        Json out(json_array());
        for (const auto& [id, row] : rows_) {
            Result<Json> shown = show_webhook(row, visit_.world.plan, visit_.version);
            if (!shown) return shown;
            json_array_append_new(out.get(), shown.value().release());
        }
        return out;
    }

  private:
    Result<const ManagedRow*> row_of(const std::string& id) {
        const auto known = rows_.find(id);
        if (known != rows_.end()) return &known->second;
        Result<ManagedRow> row = visit_.world.registry.find(visit_.api.name, id);
        if (!row) return row.fault();
        return &rows_.emplace(id, std::move(row).value()).first->second;
    }

    // Made again from the event; of one that is too old to be kept only the address is known.
    static void put_request(json_t* attributes, const Call& call, const Subscription& settings) {
        Result<Sent> made = sent_request(call, settings, std::max(1U, call.delivery.attempts), call.attempt.at_ms);
        const Sent sent = made ? std::move(made).value() : Sent{settings.url.text, {}, ""};
        json_object_set_new(attributes, "request_url", json_of(sent.url));
        json_object_set_new(attributes, "request_headers", headers_of(sent.headers));
        json_object_set_new(attributes, "request_payload", json_of(sent.body));
    }

    static void put_answer(json_t* attributes, const Attempt& attempt) {
        const Answered answer = answer_of(attempt);
        const bool there = answer.status > 0;
        json_object_set_new(attributes, "response_status", there ? json_integer(answer.status) : json_null());
        json_object_set_new(attributes, "response_headers", there ? headers_of(answer.headers) : json_null());
        json_object_set_new(attributes, "response_payload", there ? json_of(answer.body) : json_null());
    }

    const Visit& visit_;
    std::map<std::string, ManagedRow> rows_;
};

Result<CallPage> page_of(const Visit& visit, CallParameters& wanted) {
    if (wanted.none) return CallPage();
    wanted.query.api = visit.api.name;
    if (!wanted.webhook_id.empty()) {
        const Result<ManagedRow> row = visit.world.registry.find(visit.api.name, wanted.webhook_id);
        if (!row) return row.fault().code == Code::not_found ? Result<CallPage>(CallPage()) : row.fault();
        wanted.query.subscription = row.value().row.number;
    }
    return visit.world.registry.calls(wanted.query);
}

// The call of that id, which must be one of this tenant's.
Result<Call> call_of(const Visit& visit, const std::string& id) {
    const std::optional<int64_t> number = number_of_call(id);
    CallParameters wanted;
    wanted.none = !number;
    if (number) wanted.query.deliveries = {*number};
    Result<CallPage> page = page_of(visit, wanted);
    if (!page) return page.fault();
    if (page.value().calls.empty()) return Fault{Code::not_found, "there is no such call"};
    return std::move(page.value().calls.front());
}

}  // namespace

Reply list_calls(const Visit& visit) {
    Problems problems;
    CallParameters wanted = read_parameters(visit.request.query, problems);
    if (!problems.empty()) return refusal(422, problems);
    const Result<CallPage> page = page_of(visit, wanted);
    if (!page) return of_fault(page.fault());
    const Json body(json_object());
    json_t* data = json_array();
    json_object_set_new(body.get(), "data", data);
    Shown shown(visit);
    for (const Call& call : page.value().calls) {
        Result<Json> one = shown.show(call);
        if (!one && one.fault().code == Code::not_found) continue;  // its webhook has just gone
        if (!one) return unavailable();
        json_array_append_new(data, one.value().release());
    }
    Result<Json> included = shown.included();
    if (!included) return unavailable();
    json_object_set_new(body.get(), "meta",
                        json_pack("{s:I}", "total_count", static_cast<json_int_t>(page.value().total)));
    json_object_set_new(body.get(), "included", included.value().release());
    return document(body);
}

Reply find_call(const Visit& visit, const std::string& id) {
    const Result<Call> call = call_of(visit, id);
    if (!call) return of_fault(call.fault());
    Shown shown(visit);
    Result<Json> one = shown.show(call.value());
    if (!one) return of_fault(one.fault());
    const Json body(json_object());
    json_object_set_new(body.get(), "data", one.value().release());
    return document(body);
}

// 204, as clients expect it [C]: a 202 would be a job to them.
Reply resend_call(const Visit& visit, const std::string& id) {
    const Result<Call> call = call_of(visit, id);
    if (!call) return of_fault(call.fault());
    Change change;
    change.kind = Change::Kind::resend;
    change.delivery = call.value().delivery.number;
    change.managed.row.number = call.value().delivery.subscription;
    if (const Result<void> done = visit.world.registry.apply(change); !done) return of_fault(done.fault());
    return nothing();
}

}  // namespace trot::datocms
