#include "manage/woocommerce/rest.h"

#include <fmt/format.h>

#include "manage/woocommerce/deliveries.h"
#include "manage/woocommerce/params.h"
#include "manage/woocommerce/rest_batch.h"
#include "manage/woocommerce/rest_list.h"
#include "manage/woocommerce/views.h"

namespace trot::woo {
namespace {

std::vector<const char*> methods_of(const Place& place) {
    switch (place.what) {
        case Place::What::collection:
            return {"GET", "POST"};
        case Place::What::batch:
            return {"POST", "PUT", "PATCH"};
        case Place::What::item:
            return {"GET", "POST", "PUT", "PATCH", "DELETE"};
        case Place::What::deliveries:
        case Place::What::delivery:
            return {"GET"};
        default:
            return {};
    }
}

std::string allowed(const Place& place) {
    std::string out;
    for (const char* method : methods_of(place)) out += (out.empty() ? "" : ", ") + std::string(method);
    return out;
}

Reply refuse(int status, std::string code, std::string message) {
    return reply_of(Family::rest, Refusal{status, std::move(code), std::move(message), {}, {}, {}});
}

Reply show(const Ask& ask, int status, const ManagedRow& managed, Fields fields = {}) {
    const View view{ask.world.plan,    *ask.caller.api, Family::rest,
                    ask.place.version, rest_base(ask),  ask.place.what == Place::What::collection};
    return rest_reply(ask, status, view_webhook(managed, view), std::move(fields));
}

// Which code and status an unknown id gets depends on what was asked of it.
struct Unknown {
    int status;
    const char* code;
    const char* message;
};
constexpr Unknown no_such{400, "woocommerce_rest_shop_webhook_invalid_id", "ID is invalid."};
constexpr Unknown nothing{404, "woocommerce_rest_shop_webhook_invalid_id", "Invalid ID."};
constexpr Unknown no_log{404, "woocommerce_rest_webhook_invalid_id", "Invalid webhook ID."};

struct Found {
    ManagedRow managed;
    std::optional<Reply> otherwise;
};

Found find(const Ask& ask, const Unknown& unknown) {
    Result<ManagedRow> found = find_webhook(ask, ask.place.id);
    if (found) return {std::move(found).value(), std::nullopt};
    if (found.fault().code != Code::not_found)
        return {{}, reply_of(Family::rest, store_refusal(Family::rest, found.fault()))};
    return {{}, refuse(unknown.status, unknown.code, unknown.message)};
}

// WordPress asks for them before WooCommerce sees the request.
std::optional<Refusal> check_required(const json_t* params) {
    std::vector<std::string> missing;
    for (const char* name : {"topic", "delivery_url"}) {
        const json_t* value = json_object_get(params, name);
        if (value == nullptr || json_is_null(value)) missing.emplace_back(name);
    }
    if (missing.empty()) return std::nullopt;
    return missing_params(std::move(missing));
}

Reply create(const Ask& ask, const Said& said) {
    if (const auto refusal = check_required(said.params.get())) return reply_of(Family::rest, *refusal);
    if (!is_empty(json_object_get(said.params.get(), "id")))
        return refuse(400, "woocommerce_rest_shop_webhook_exists", "Cannot create existing shop_webhook.");
    Change change;
    if (const auto refusal = plan_creation(ask, said.params.get(), said.attributes.get(), change))
        return reply_of(Family::rest, *refusal);
    if (const auto refusal = check_room(ask, 1)) return reply_of(Family::rest, *refusal);
    if (const Result<void> done = ask.world.registry.apply(change); !done)
        return reply_of(Family::rest, store_refusal(Family::rest, done.fault()));
    return show(ask, 201, change.managed, {{"Location", rest_base(ask) + '/' + change.managed.row.name}});
}

Reply edit(const Ask& ask, const Said& said) {
    Found found = find(ask, no_such);
    if (found.otherwise) return std::move(*found.otherwise);
    Change change;
    if (const auto refusal = plan_change(ask, found.managed, said.params.get(), said.attributes.get(), change))
        return reply_of(Family::rest, *refusal);
    const Result<void> done = ask.world.registry.apply(change);
    if (done) return show(ask, 200, change.managed);
    Reply reply = reply_of(Family::rest, store_refusal(Family::rest, done.fault()));
    return done.fault().code == Code::not_found ? find(ask, no_such).otherwise.value_or(reply) : reply;
}

Reply remove(const Ask& ask, const Said& said) {
    const json_t* force = json_object_get(said.params.get(), "force");
    const bool no = json_is_string(force) && equal_nocase(json_string_value(force), "false");
    if (no || is_empty(force))
        return refuse(501, "woocommerce_rest_trash_not_supported", "Webhooks do not support trashing.");
    Found found = find(ask, nothing);
    if (found.otherwise) return std::move(*found.otherwise);
    Change change = plan_removal(found.managed);
    const Result<void> done = ask.world.registry.apply(change);
    if (!done && done.fault().code != Code::not_found)
        return reply_of(Family::rest, store_refusal(Family::rest, done.fault()));
    return show(ask, 200, found.managed);
}

Reply get(const Ask& ask) {
    if (const auto refusal = check_context(ask)) return reply_of(Family::rest, *refusal);
    const Found found = find(ask, ask.place.id == "0" ? nothing : no_such);
    return found.otherwise ? *found.otherwise : show(ask, 200, found.managed);
}

Reply deliveries(const Ask& ask) {
    const Found found = find(ask, no_log);
    if (found.otherwise) return *found.otherwise;
    const std::string base = rest_base(ask) + '/' + found.managed.row.name;
    if (ask.place.what == Place::What::delivery) {
        const Result<Call> call = find_delivery(ask, found.managed, ask.place.delivery);
        if (call) return rest_reply(ask, 200, view_delivery(ask, found.managed, call.value(), base));
        if (call.fault().code != Code::not_found)
            return reply_of(Family::rest, store_refusal(Family::rest, call.fault()));
        return refuse(404, "woocommerce_rest_webhook_delivery_invalid_id", "Invalid webhook delivery ID.");
    }
    const Result<std::vector<Call>> calls = list_deliveries(ask, found.managed);
    if (!calls) return reply_of(Family::rest, store_refusal(Family::rest, calls.fault()));
    Json list(json_array());
    for (const Call& call : calls.value())
        json_array_append_new(list.get(), view_delivery(ask, found.managed, call, base).release());
    return rest_reply(ask, 200, list);
}

}  // namespace

bool rest_routes(const Place& place, const std::string& method) {
    for (const char* one : methods_of(place))
        if (method == one) return true;
    return false;
}

Refusal rest_forbids(const Place& place, const std::string& method) {
    const auto cannot = [](const char* verb, const char* message) {
        return Refusal{401, fmt::format("woocommerce_rest_cannot_{}", verb), message, {}, {}, {}};
    };
    if (place.what == Place::What::batch)
        return cannot("batch", "Sorry, you are not allowed to batch manipulate this resource.");
    if (method == "GET")
        return cannot("view", place.what == Place::What::item || place.what == Place::What::delivery
                                  ? "Sorry, you cannot view this resource."
                                  : "Sorry, you cannot list resources.");
    if (method == "DELETE") return cannot("delete", "Sorry, you are not allowed to delete this resource.");
    if (place.what == Place::What::collection)
        return cannot("create", "Sorry, you are not allowed to create resources.");
    return cannot("edit", "Sorry, you are not allowed to edit this resource.");
}

Reply rest_options(const Place& place) {
    Json body(json_object());
    json_object_set_new(body.get(), "namespace", json_of(fmt::format("wc/v{}", place.version)));
    json_t* methods = json_array();
    for (const char* method : methods_of(place)) json_array_append_new(methods, json_string(method));
    json_object_set_new(body.get(), "methods", methods);
    return reply_of(Family::rest, 200, body.get(), {{"Allow", allowed(place)}});
}

Reply answer_rest(const Ask& ask, const std::string& method, const Fields& form) {
    if (!rest_routes(ask.place, method)) return reply_of(Family::rest, no_route(Family::rest));
    Said said;
    if (const auto refusal = read_said(ask.request, form, said)) return reply_of(Family::rest, *refusal);
    switch (ask.place.what) {
        case Place::What::collection:
            return method == "GET" ? list_rest(ask) : create(ask, said);
        case Place::What::batch:
            return batch_rest(ask, said);
        case Place::What::item:
            if (method == "GET") return get(ask);
            return method == "DELETE" ? remove(ask, said) : edit(ask, said);
        default:
            return deliveries(ask);
    }
}

std::string rest_base(const Ask& ask) {
    return fmt::format("{}{}/wp-json/wc/v{}/webhooks", origin_of(ask.request), ask.caller.api->prefix,
                       ask.place.version);
}

Reply rest_reply(const Ask& ask, int status, const Json& body, Fields fields) {
    const Params params(ask.request.query);
    fields.push_back({"Allow", allowed(ask.place)});
    const Json kept = keep_fields(body.get(), params.list("_fields"));
    if (params.find("_envelope") == nullptr) return reply_of(Family::rest, status, kept.get(), std::move(fields));
    Json envelope(json_object());
    json_object_set(envelope.get(), "body", kept.get());
    json_object_set_new(envelope.get(), "status", json_integer(status));
    json_t* headers = json_object();
    for (const Field& field : fields) json_object_set_new(headers, field.name.c_str(), json_of(field.value));
    json_object_set_new(envelope.get(), "headers", headers);
    return reply_of(Family::rest, 200, envelope.get());
}

}  // namespace trot::woo
