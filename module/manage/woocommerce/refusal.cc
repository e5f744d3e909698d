#include "manage/woocommerce/refusal.h"

namespace trot::woo {
namespace {

Json legacy_error(const Refusal& refusal) {
    Json error(json_object());
    set_text(error.get(), "code", refusal.code);
    set_text(error.get(), "message", refusal.message);
    Json list(json_array());
    json_array_append(list.get(), error.get());
    Json body(json_object());
    json_object_set(body.get(), "errors", list.get());
    return body;
}

}  // namespace

Refusal invalid_params(std::vector<Refusal::Param> params) {
    Refusal refusal{400, "rest_invalid_param", "Invalid parameter(s): ", {}, {}, {}};
    for (size_t at = 0; at < params.size(); ++at) refusal.message += (at == 0 ? "" : ", ") + params[at].name;
    refusal.params = std::move(params);
    return refusal;
}

Refusal missing_params(std::vector<std::string> names) {
    Refusal refusal{400, "rest_missing_callback_param", "Missing parameter(s): ", {}, {}, {}};
    for (size_t at = 0; at < names.size(); ++at) refusal.message += (at == 0 ? "" : ", ") + names[at];
    refusal.missing = std::move(names);
    return refusal;
}

Refusal no_route(Family family) {
    if (family == Family::legacy)
        return {404, "woocommerce_api_no_route", "No route was found matching the URL and request method", {}, {}, {}};
    return {404, "rest_no_route", "No route was found matching the URL and request method.", {}, {}, {}};
}

Refusal store_refusal(Family family, const Fault& fault) {
    Refusal refusal{503, "", "The webhooks cannot be read or written now; try again later.", {}, {}, {}};
    refusal.code = family == Family::legacy ? "woocommerce_api_internal_error" : "woocommerce_rest_internal_error";
    if (fault.code == Code::damaged || fault.code == Code::internal) {
        refusal.status = 500;
        refusal.message = "The webhook cannot be read.";
    } else {
        refusal.fields.push_back({"Retry-After", "5"});
    }
    return refusal;
}

Json rest_error(const Refusal& refusal) {
    Json data(json_object());
    json_object_set_new(data.get(), "status", json_integer(refusal.status));
    if (!refusal.missing.empty()) {
        json_t* list = json_array();
        for (const std::string& name : refusal.missing) json_array_append_new(list, json_of(name));
        json_object_set_new(data.get(), "params", list);
    }
    if (!refusal.params.empty()) {
        Json params(json_object());
        Json details(json_object());
        for (const Refusal::Param& param : refusal.params) {
            set_text(params.get(), param.name.c_str(), param.message);
            json_t* detail = json_object();
            set_text(detail, "code", param.code);
            set_text(detail, "message", param.message);
            json_object_set_new(detail, "data", json_null());
            json_object_set_new(details.get(), param.name.c_str(), detail);
        }
        json_object_set(data.get(), "params", params.get());
        json_object_set(data.get(), "details", details.get());
    }
    Json body(json_object());
    set_text(body.get(), "code", refusal.code);
    set_text(body.get(), "message", refusal.message);
    json_object_set(body.get(), "data", data.get());
    return body;
}

Reply reply_of(Family family, int status, const json_t* body, Fields fields) {
    Reply reply;
    reply.status = status;
    reply.fields.push_back({"Content-Type", "application/json; charset=UTF-8"});
    if (family == Family::rest) {
        reply.fields.push_back({"X-Robots-Tag", "noindex"});
        reply.fields.push_back({"X-Content-Type-Options", "nosniff"});
        reply.fields.push_back({"Access-Control-Expose-Headers", "X-WP-Total, X-WP-TotalPages, Link"});
        reply.fields.push_back({"Access-Control-Allow-Headers",
                                "Authorization, X-WP-Nonce, Content-Disposition, Content-MD5, Content-Type"});
    }
    reply.fields.insert(reply.fields.end(), std::make_move_iterator(fields.begin()),
                        std::make_move_iterator(fields.end()));
    if (family == Family::rest) {
        reply.fields.push_back({"Expires", "Wed, 11 Jan 1984 05:00:00 GMT"});
        reply.fields.push_back({"Cache-Control", "no-cache, must-revalidate, max-age=0"});
    }
    reply.body = spell_json(body, JsonStyle::php);
    return reply;
}

Reply reply_of(Family family, const Refusal& refusal) {
    const Json body = family == Family::legacy ? legacy_error(refusal) : rest_error(refusal);
    return reply_of(family, refusal.status, body.get(), refusal.fields);
}

}  // namespace trot::woo
