#include "manage/woocommerce/body.h"

#include "codec/form.h"
#include "manage/intake.h"

namespace trot::woo {
namespace {

std::string_view content_type(const ApiRequest& request) {
    const std::string* type = find_field(request.fields, "Content-Type");
    return type == nullptr ? std::string_view() : std::string_view(*type);
}

void add_fields(json_t* params, const Fields& fields) {
    for (const Field& field : fields) json_object_set_new(params, field.name.c_str(), json_of(field.value));
}

}  // namespace

Fields form_fields(const ApiRequest& request) {
    Fields out;
    if (request.body.empty() || is_json_type(content_type(request))) return out;
    for (FormField& field : parse_form(content_type(request), request.body))
        if (!field.file) out.push_back({std::move(field.name), std::move(field.value)});
    return out;
}

std::optional<Refusal> read_said(const ApiRequest& request, const Fields& form, Said& out) {
    out.params.reset(json_object());
    add_fields(out.params.get(), request.query);
    add_fields(out.params.get(), form);
    if (request.body.empty() || !is_json_type(content_type(request))) return std::nullopt;
    Result<Json> parsed = parse_json(request.body);
    if (!parsed) return Refusal{400, "rest_invalid_json", "Invalid JSON body passed.", {}, {}, {}};
    if (!json_is_object(parsed.value().get())) return std::nullopt;
    out.attributes = std::move(parsed).value();
    json_object_update(out.params.get(), out.attributes.get());
    return std::nullopt;
}

}  // namespace trot::woo
