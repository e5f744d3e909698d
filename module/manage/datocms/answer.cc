#include "manage/datocms/answer.h"

#include "crypto/hmac.h"

namespace trot::datocms {
namespace {

// Unique, and says nothing.
std::string random_id() { return hex(random_bytes(12)); }

Reply answer(int status, std::string body) {
    Reply reply{status, {}, std::move(body)};
    if (status != 204) reply.fields.push_back({"Content-Type", "application/json; charset=utf-8"});
    reply.fields.push_back({"Cache-Control", "max-age=0, private, must-revalidate"});  // [S]
    return reply;
}

json_t* entry_of(std::string_view code, json_t* details) {
    json_t* attributes = json_object();
    json_object_set_new(attributes, "code", json_of(code));
    json_object_set_new(attributes, "doc_url",
                        json_of("https://www.datocms.com/docs/content-management-api/errors#" + std::string(code)));
    json_object_set_new(attributes, "details", details);
    json_t* entry = json_object();
    json_object_set_new(entry, "id", json_of(random_id()));
    json_object_set_new(entry, "type", json_string("api_error"));
    json_object_set_new(entry, "attributes", attributes);
    return entry;
}

}  // namespace

Problem invalid_field(std::string_view field, std::string_view code, std::string_view message) {
    Problem problem{"INVALID_FIELD", Json(json_object())};
    json_object_set_new(problem.details.get(), "field", json_of(field));
    json_object_set_new(problem.details.get(), "code", json_of(code));
    json_object_set_new(problem.details.get(), "message", json_of(message));
    return problem;
}

Problem invalid_format(std::string_view message) {
    Problem problem{"INVALID_FORMAT", Json(json_object())};
    json_t* messages = json_array();
    json_array_append_new(messages, json_of(message));
    json_object_set_new(problem.details.get(), "messages", messages);
    return problem;
}

Reply refusal(int status, const Problems& problems) {
    const Json body(json_object());
    json_t* data = json_array();
    for (const Problem& problem : problems)
        json_array_append_new(data, entry_of(problem.code, json_incref(problem.details.get())));
    json_object_set_new(body.get(), "data", data);
    return answer(status, spell_json(body.get()));
}

Reply refusal(int status, std::string_view code) {
    Problems one;
    one.push_back({std::string(code)});
    return refusal(status, one);
}

Reply not_found() { return refusal(404, "NOT_FOUND"); }

// Not `transient`: the clients would repeat a creation of which nobody knows whether it was written, for ever.
Reply unavailable() {
    Reply reply = refusal(503, "INTERNAL_SERVER_ERROR");
    reply.fields.push_back({"Retry-After", "5"});
    return reply;
}

Reply of_fault(const Fault& fault) { return fault.code == Code::not_found ? not_found() : unavailable(); }

Reply document(const Json& body) { return answer(200, spell_json(body.get())); }

Reply nothing() { return answer(204, ""); }

}  // namespace trot::datocms
