#include "manage/datocms/datocms_api.h"

#include <optional>

#include "manage/datocms/access.h"
#include "manage/datocms/answer.h"
#include "manage/datocms/calls.h"
#include "manage/datocms/webhooks.h"

namespace trot {
namespace {

using namespace datocms;

// What a path is of; there are no others.
struct Route {
    enum class Of { webhooks, webhook, calls, call, resend };
    Of of = Of::webhooks;
    std::string id;
};

std::optional<Route> route_of(std::string_view path) {
    const auto below = [path](std::string_view folder) {
        return path.substr(0, folder.size()) == folder ? path.substr(folder.size()) : std::string_view();
    };
    if (path == "/webhooks") return Route{};
    if (path == "/webhook_calls") return Route{Route::Of::calls, ""};
    if (const std::string_view id = below("/webhooks/"); !id.empty())
        return id.find('/') == std::string_view::npos ? std::optional(Route{Route::Of::webhook, std::string(id)})
                                                      : std::nullopt;
    const std::string_view rest = below("/webhook_calls/");
    const std::string_view id = rest.substr(0, rest.find('/'));
    if (id.empty()) return std::nullopt;
    if (id.size() == rest.size()) return Route{Route::Of::call, std::string(id)};
    if (rest.substr(id.size()) == "/resend_webhook") return Route{Route::Of::resend, std::string(id)};
    return std::nullopt;
}

// "2" and "3", absent is the newest; 0 for any other.
int version_of(const ApiRequest& request) {
    const std::string* text = find_field(request.fields, "X-Api-Version");
    if (text == nullptr || *text == "3") return 3;
    return *text == "2" ? 2 : 0;
}

Reply carry_out(const Visit& visit, const Route& route) {
    const std::string& method = visit.request.method;
    switch (route.of) {
        case Route::Of::webhooks:
            if (method == "GET") return list_webhooks(visit);
            if (method == "POST") return create_webhook(visit);
            break;
        case Route::Of::webhook:
            if (method == "GET") return find_webhook(visit, route.id);
            if (method == "PUT") return update_webhook(visit, route.id);
            if (method == "DELETE") return destroy_webhook(visit, route.id);
            break;
        case Route::Of::calls:
            if (method == "GET") return list_calls(visit);
            break;
        case Route::Of::call:
            if (method == "GET") return find_call(visit, route.id);
            break;
        case Route::Of::resend:
            if (method == "POST") return resend_call(visit, route.id);
            break;
    }
    return not_found();  // as a route that there is not [I]
}

Reply over_limit() { return refusal(429, "RATE_LIMIT_EXCEEDED"); }

class DatocmsApi final : public ApiHandler {
  public:
    std::string_view dialect() const override { return "datocms"; }
    bool owns(std::string_view path, std::string_view /*raw_query*/) const override {
        return route_of(path).has_value();
    }

    Reply answer(const ApiRequest& request, ApiWorld& world) override {
        const Grant grant = grant_of(request, world);
        const Allowance allowance = limits_.count(grant.counted_as, world.clock.steady_us());
        Reply reply = allowance.over ? over_limit() : answer_to(grant, request, world);
        reply.fields.push_back({"X-RateLimit-Limit", std::to_string(allowance.limit)});
        reply.fields.push_back({"X-RateLimit-Remaining", std::to_string(allowance.remaining)});
        if (allowance.over) reply.fields.push_back({"X-RateLimit-Reset", std::to_string(allowance.reset_s)});
        return reply;
    }

  private:
    static Reply answer_to(const Grant& grant, const ApiRequest& request, ApiWorld& world) {
        if (grant.api == nullptr) {
            Reply reply = refusal(401, "INVALID_AUTHORIZATION_HEADER");
            reply.fields.push_back({"WWW-Authenticate", "Bearer realm=\"datocms\""});
            return reply;
        }
        const bool reads = request.method == "GET";
        if (reads ? !grant.key->read : !grant.key->write) return refusal(403, "INSUFFICIENT_PERMISSIONS");
        const std::optional<Route> route = route_of(request.path);
        if (!route) return not_found();
        const int version = version_of(request);
        if (version == 0) {
            Problems one;
            one.push_back(invalid_format("X-Api-Version must be 2 or 3"));
            return refusal(422, one);
        }
        return carry_out(Visit{request, world, *grant.api, version}, *route);
    }

    Limits limits_;
};

}  // namespace

ApiHandler& datocms_api() {
    static DatocmsApi api;
    return api;
}

}  // namespace trot
