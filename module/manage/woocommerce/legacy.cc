#include "manage/woocommerce/legacy.h"

#include <fmt/format.h>

#include "manage/woocommerce/deliveries.h"
#include "manage/woocommerce/legacy_list.h"
#include "manage/woocommerce/params.h"
#include "manage/woocommerce/topics.h"
#include "manage/woocommerce/views.h"

namespace trot::woo {
namespace {

Reply refuse_legacy(int status, std::string code, std::string message) {
    return reply_of(Family::legacy, Refusal{status, std::move(code), std::move(message), {}, {}, {}});
}

bool edits(const std::string& method) { return method == "POST" || method == "PUT" || method == "PATCH"; }

std::vector<std::string> fields_of(const Ask& ask) { return Params(ask.request.query).list("fields"); }

Reply wrapped(const Ask& ask, int status, const char* name, const Json& what) {
    const Json kept = keep_fields(what.get(), fields_of(ask));
    Json body(json_object());
    json_object_set(body.get(), name, kept.get());
    return reply_of(Family::legacy, status, body.get());
}

Reply show_legacy(const Ask& ask, int status, const ManagedRow& managed) {
    const View view{ask.world.plan, *ask.caller.api, Family::legacy, ask.place.version, ""};
    return wrapped(ask, status, "webhook", view_webhook(managed, view));
}

// The webhook in the path, or what is answered instead.
struct FoundLegacy {
    ManagedRow managed;
    std::optional<Reply> otherwise;
};

FoundLegacy find(const Ask& ask) {
    if (ask.place.id == "0")
        return {{}, refuse_legacy(404, "woocommerce_api_invalid_webhook_id", "Invalid shop_webhook ID")};
    Result<ManagedRow> found = find_webhook(ask, ask.place.id);
    if (found) return {std::move(found).value(), std::nullopt};
    if (found.fault().code != Code::not_found)
        return {{}, reply_of(Family::legacy, store_refusal(Family::legacy, found.fault()))};
    return {{},
            refuse_legacy(404, "woocommerce_api_no_webhook_found",
                          fmt::format("No webhook found with the ID equal to {}", ask.place.id))};
}

// {"webhook":{…}} → its member. The type of the content does not matter, as there; what cannot be read says nothing.
Json read_body(const Ask& ask) {
    Result<Json> parsed = parse_json(ask.request.body);
    if (!parsed) return nullptr;
    json_t* webhook = json_object_get(parsed.value().get(), "webhook");
    return json_is_object(webhook) ? Json(json_incref(webhook)) : nullptr;
}

Reply no_data(const char* verb) {
    return refuse_legacy(400, "woocommerce_api_missing_webhook_data",
                         fmt::format("No webhook data specified to {} webhook", verb));
}

Reply create(const Ask& ask) {
    const Json data = read_body(ask);
    if (!data) return no_data("create");
    Change change;
    if (const auto refusal = plan_creation(ask, data.get(), data.get(), change))
        return reply_of(Family::legacy, *refusal);
    if (const auto refusal = check_room(ask, 1)) return reply_of(Family::legacy, *refusal);
    if (const Result<void> done = ask.world.registry.apply(change); !done)
        return reply_of(Family::legacy, store_refusal(Family::legacy, done.fault()));
    return show_legacy(ask, 201, change.managed);
}

Reply edit(const Ask& ask) {
    const Json data = read_body(ask);
    if (!data) return no_data("edit");
    FoundLegacy found = find(ask);
    if (found.otherwise) return std::move(*found.otherwise);
    Change change;
    if (const auto refusal = plan_change(ask, found.managed, data.get(), data.get(), change))
        return reply_of(Family::legacy, *refusal);
    const Result<void> done = ask.world.registry.apply(change);
    if (done) return show_legacy(ask, 200, change.managed);
    Reply reply = reply_of(Family::legacy, store_refusal(Family::legacy, done.fault()));
    return done.fault().code == Code::not_found ? find(ask).otherwise.value_or(reply) : reply;
}

Reply remove(const Ask& ask) {
    FoundLegacy found = find(ask);
    if (found.otherwise) return std::move(*found.otherwise);
    Change change = plan_removal(found.managed);
    const Result<void> done = ask.world.registry.apply(change);
    if (!done && done.fault().code != Code::not_found)
        return reply_of(Family::legacy, store_refusal(Family::legacy, done.fault()));
    // Since 3.3 the code's own `true` gets out.
    if (is_modern(*ask.caller.api, Family::legacy)) return reply_of(Family::legacy, 200, json_true());
    Json body(json_object());
    json_object_set_new(body.get(), "message", json_string("Permanently deleted webhook"));
    return reply_of(Family::legacy, 200, body.get());
}

Reply list_legacy_deliveries(const Ask& ask) {
    const FoundLegacy found = find(ask);
    if (found.otherwise) return *found.otherwise;
    const Result<std::vector<Call>> calls = list_deliveries(ask, found.managed);
    if (!calls) return reply_of(Family::legacy, store_refusal(Family::legacy, calls.fault()));
    Json list(json_array());
    for (const Call& call : calls.value())
        json_array_append_new(list.get(), view_delivery(ask, found.managed, call, "").release());
    return wrapped(ask, 200, "webhook_deliveries", list);
}

Reply delivery(const Ask& ask) {
    const FoundLegacy found = find(ask);
    if (found.otherwise) return *found.otherwise;
    constexpr const char* code = "woocommerce_api_invalid_webhook_delivery_id";
    if (ask.place.delivery == "0") return refuse_legacy(404, code, "Invalid webhook delivery ID.");
    const Result<Call> call = find_delivery(ask, found.managed, ask.place.delivery);
    if (call) return wrapped(ask, 200, "webhook_delivery", view_delivery(ask, found.managed, call.value(), ""));
    if (call.fault().code == Code::not_found) return refuse_legacy(400, code, "Invalid webhook delivery.");
    return reply_of(Family::legacy, store_refusal(Family::legacy, call.fault()));
}

}  // namespace

Reply answer_legacy(const Ask& ask, const std::string& method) {
    if (!edits(method) && method != "GET" && method != "DELETE")
        return refuse_legacy(400, "woocommerce_api_unsupported_method", "Unsupported request method");
    const bool reads = method == "GET";
    switch (ask.place.what) {
        case Place::What::collection:
            if (reads) return list_legacy(ask);
            if (method == "POST") return create(ask);
            break;
        case Place::What::count:
            if (reads) return count_legacy(ask);
            break;
        case Place::What::item: {
            if (edits(method)) return edit(ask);
            if (!reads) return remove(ask);
            const FoundLegacy found = find(ask);
            return found.otherwise ? *found.otherwise : show_legacy(ask, 200, found.managed);
        }
        case Place::What::deliveries:
            if (reads) return list_legacy_deliveries(ask);
            break;
        case Place::What::delivery:
            if (reads) return delivery(ask);
            break;
        default:
            break;
    }
    return reply_of(Family::legacy, no_route(Family::legacy));
}

}  // namespace trot::woo
