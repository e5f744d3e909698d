#include "manage/cosmic/cosmic_reply.h"

namespace trot::cosmic {
namespace {

Reply json(int status, const json_t* body) {
    return {status, {{"Content-Type", "application/json; charset=utf-8"}}, spell_json(body)};
}

}  // namespace

Reply reply(const json_t* body) { return json(200, body); }

Reply problem(int status, std::string_view message) {
    const Json body(json_object());
    json_object_set_new(body.get(), "status", json_integer(status));
    json_object_set_new(body.get(), "message", json_of(message));
    Reply out = json(status, body.get());
    if (status == 503) out.fields.push_back({"Retry-After", "5"});
    return out;
}

Reply store_problem(const Fault& fault) {
    if (fault.code == Code::not_found) return problem(404, "Webhook not found.");
    if (fault.code == Code::late)
        return problem(503, "The store takes too long; whether the webhook was written is not known.");
    return problem(503, "The store cannot be used now. Please try again later.");
}

}  // namespace trot::cosmic
