#include "manage/shareactor/webhook_input.h"

#include <fmt/format.h>

#include "manage/intake.h"
#include "manage/shareactor/errors.h"
#include "manage/shareactor/event_types.h"
#include "manage/shareactor/webhook.h"

namespace trot::shareactor {
namespace {

constexpr size_t most_name = 200;

bool is_json(const Fields& fields) {
    const std::string* type = find_field(fields, "Content-Type");
    return type == nullptr || is_json_type(*type);  // without a type: nothing says that it is none
}

class Reading {
  public:
    Reading(const ApiWorld& world, const ApiConfig& api, Asked& out) : world_(world), api_(api), out_(out) {}

    Fields wrong;

    void read(const json_t* body, bool whole) {
        out_.more.reset(json_object());
        const char* name = nullptr;
        json_t* value = nullptr;
        json_object_foreach(const_cast<json_t*>(body), name, value) read_member(name, value);
        if (spell_json(out_.more.get()).size() > most_document) wrong.push_back({"body", too_much});
        if (!whole) return;
        for (const char* needed : {"endpoint", "event_type"})
            if (json_object_get(body, needed) == nullptr) wrong.push_back({needed, "is required"});
    }

  private:
    void read_member(std::string_view name, const json_t* value) {
        if (name == "endpoint") return read_endpoint(value);
        if (name == "event_type") return read_event_type(value);
        if (name == "active") {
            if (!json_is_boolean(value)) wrong.push_back({"active", "must be true or false"});
            out_.active = json_is_true(value);
        } else if (!is_known(name)) {  // the server's own attributes are not the client's to set: ignored
            read_more(name, value);
        }
    }

    void read_endpoint(const json_t* value) {
        if (!json_is_string(value)) return wrong.push_back({"endpoint", "must be a string: an http or https URL"});
        const std::string text(json_string_value(value), json_string_length(value));
        Result<CheckedUrl> url = take_url(text, api_, world_);
        if (!url) return wrong.push_back({"endpoint", url.fault().text});
        out_.endpoint = std::move(url).value();
    }

    void read_event_type(const json_t* value) {
        if (!json_is_string(value)) return wrong.push_back({"event_type", "must be a string like \"order.created\""});
        out_.event_type = std::string(json_string_value(value), json_string_length(value));
        out_.topic = topic_of(*out_.event_type, world_.plan);
        if (out_.topic.empty()) wrong.push_back({"event_type", "is no event type: see the list of event types"});
    }

    void read_more(std::string_view name, const json_t* value) {
        if (name.size() > most_name) {
            wrong.push_back({"body", fmt::format("an attribute's name is longer than {} bytes", most_name)});
            return;
        }
        json_object_set_new(out_.more.get(), std::string(name).c_str(), json_deep_copy(value));
    }

    const ApiWorld& world_;
    const ApiConfig& api_;
    Asked& out_;
};

}  // namespace

std::optional<Reply> read_asked(const ApiRequest& request, const ApiWorld& world, const ApiConfig& api, bool whole,
                                Asked& out) {
    if (request.body.size() > most_body) return problem(413, "the body is larger than 1 MiB");
    if (!is_json(request.fields)) return problem(415, "the body must be JSON: Content-Type: application/json");
    const Result<Json> parsed = parse_json(request.body);
    if (!parsed) return problem(400, "the body is no JSON: " + parsed.fault().text);
    if (!json_is_object(parsed.value().get())) return problem(400, "the body must be a JSON object");
    Reading reading(world, api, out);
    reading.read(parsed.value().get(), whole);
    if (!reading.wrong.empty()) return problem(400, "the webhook is not right", reading.wrong);
    return std::nullopt;
}

}  // namespace trot::shareactor
