#include "manage/woocommerce/woocommerce_api.h"

#include <algorithm>

#include "manage/woocommerce/body.h"
#include "manage/woocommerce/credentials.h"
#include "manage/woocommerce/legacy.h"
#include "manage/woocommerce/params.h"
#include "manage/woocommerce/place.h"
#include "manage/woocommerce/rest.h"
#include "url/target.h"

namespace trot {
namespace woo {
namespace {

constexpr size_t most_body = size_t{1} << 20;

// For clients that cannot send PUT, PATCH or DELETE. The header counts on a POST only: it is not signed, and must not
// turn a signed GET, caught on its way, into a deletion.
std::string method_in_force(const ApiRequest& request) {
    std::string method = request.method;
    if (const std::string* asked = Params(request.query).find("_method"))
        method = *asked;
    else if (const std::string* header = find_field(request.fields, "X-HTTP-Method-Override");
             header != nullptr && request.method == "POST")
        method = *header;
    std::transform(method.begin(), method.end(), method.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    return method == "HEAD" ? "GET" : method;
}

Reply too_large(Family family) {
    return reply_of(family, Refusal{413,
                                    family == Family::legacy ? "woocommerce_api_request_entity_too_large"
                                                             : "woocommerce_rest_request_entity_too_large",
                                    "The request has more than 1048576 bytes.",
                                    {},
                                    {},
                                    {}});
}

Reply answer(const ApiRequest& request, const Place& place, ApiWorld& world) {
    const Family family = place.family;
    if (request.body.size() > most_body) return too_large(family);
    const std::string method = method_in_force(request);
    if (family == Family::rest && method == "OPTIONS") return rest_options(place);
    const Fields form = family == Family::rest ? form_fields(request) : Fields();
    const Admission admission = admit(request, place, method, form, world);
    if (admission.refusal) return reply_of(family, *admission.refusal);
    if (!admission.caller)
        return reply_of(family, rest_routes(place, method) ? rest_forbids(place, method) : no_route(family));
    if (const auto refusal = check_permission(*admission.caller->key, family, method))
        return reply_of(family, *refusal);
    const Ask ask{request, place, *admission.caller, world};
    return family == Family::legacy ? answer_legacy(ask, method) : answer_rest(ask, method, form);
}

}  // namespace
}  // namespace woo

namespace {

class WoocommerceApi final : public ApiHandler {
  public:
    std::string_view dialect() const override { return "woocommerce"; }

    bool owns(std::string_view path, std::string_view raw_query) const override {
        return woo::read_place(path, raw_query).has_value();
    }

    Reply answer(const ApiRequest& request, ApiWorld& world) override {
        const std::optional<woo::Place> place = woo::read_place(request.path, query_of(request.target));
        if (!place) return woo::reply_of(woo::Family::rest, woo::no_route(woo::Family::rest));
        return woo::answer(request, *place, world);
    }
};

}  // namespace

ApiHandler& woocommerce_api() {
    static WoocommerceApi api;
    return api;
}

}  // namespace trot
