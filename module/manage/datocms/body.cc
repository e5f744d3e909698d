#include "manage/datocms/body.h"

#include "manage/datocms/answer.h"
#include "manage/intake.h"

namespace trot::datocms {
namespace {

constexpr size_t most_bytes = 1U << 20;

// JSON:API's own media type is taken as well.
bool is_json(const Fields& fields) {
    const std::string* type = find_field(fields, "Content-Type");
    return type != nullptr && is_json_type(*type);
}

Reply wrong(int status, std::string_view message) {
    Problems one;
    one.push_back(invalid_format(message));
    return refusal(status, one);
}

// UTF-8 counts before JSON does: a reader that has its own name for it [I].
bool is_utf8(const std::string& text) { return Json(json_stringn(text.data(), text.size())) != nullptr; }

std::string wrong_member(const json_t* data, std::string_view id) {
    if (!json_is_object(data)) return "/data must be an object";
    if (text_of(data, "type") != "webhook") return "/data/type must be \"webhook\"";
    if (!json_is_object(json_object_get(data, "attributes"))) return "/data/attributes must be an object";
    const json_t* own = json_object_get(data, "id");
    if (!id.empty() && own != nullptr && text_of(data, "id") != id) return "/data/id must be the webhook's id";
    return {};
}

}  // namespace

std::optional<Body> read_body(const ApiRequest& request, std::string_view id, Reply& refused) {
    const auto refuse = [&refused](Reply reply) {
        refused = std::move(reply);
        return std::nullopt;
    };
    if (request.body.size() > most_bytes) return refuse(wrong(413, "the body is longer than 1 MiB"));
    if (!is_json(request.fields)) return refuse(wrong(415, "Content-Type must be application/json"));
    if (!is_utf8(request.body)) return refuse(refusal(400, "INVALID_UTF8"));
    Result<Json> parsed = parse_json(request.body);
    if (!parsed) return refuse(wrong(400, "the body is no JSON: " + parsed.fault().text));
    Body body{std::move(parsed).value()};
    const json_t* data = json_object_get(body.whole.get(), "data");
    if (const std::string why = wrong_member(data, id); !why.empty()) return refuse(wrong(422, why));
    body.attributes = json_object_get(data, "attributes");
    return body;
}

}  // namespace trot::datocms
