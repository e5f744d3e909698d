#include "manage/shareactor/errors.h"

#include "json/tree.h"

namespace trot::shareactor {

Reply json_reply(int status, std::string body) {
    return {status, {{"Content-Type", "application/json"}}, std::move(body)};
}

Reply problem(int status, std::string_view message, const Fields& wrong) {
    const Json body(json_object());
    json_object_set_new(body.get(), "message", json_of(message));
    json_object_set_new(body.get(), "status", json_integer(status));
    if (!wrong.empty()) {
        json_t* errors = json_object();
        for (const Field& field : wrong) json_object_set_new(errors, field.name.c_str(), json_of(field.value));
        json_object_set_new(body.get(), "errors", errors);
    }
    Reply reply = json_reply(status, spell_json(body.get()));
    if (status == 401) reply.fields.push_back({"WWW-Authenticate", "Bearer"});
    if (status == 503) reply.fields.push_back({"Retry-After", "5"});
    return reply;
}

Reply store_problem(const Fault& fault) {
    switch (fault.code) {
        case Code::not_found:
            return problem(404, "there is no such object");
        case Code::late:
            return problem(503, "the store is slow: whether it was written is not known, look before you try again");
        case Code::store:
        case Code::stopped:
        case Code::full:
        case Code::damaged:
            return problem(503, "the store cannot be used now; nothing was changed, try again later");
        default:
            return problem(500, "something went wrong on the server");
    }
}

}  // namespace trot::shareactor
