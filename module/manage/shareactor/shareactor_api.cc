#include "manage/shareactor/shareactor_api.h"

#include "manage/shareactor/access.h"
#include "manage/shareactor/errors.h"
#include "manage/shareactor/events.h"
#include "manage/shareactor/page.h"
#include "manage/shareactor/route.h"
#include "manage/shareactor/webhooks.h"

namespace trot {
namespace {

using namespace shareactor;

Reply carry_out(const shareactor::Route& route, const ApiRequest& request, ApiWorld& world, const ApiConfig& api) {
    Webhooks webhooks(request, world, api);
    Events events(request, world, api);
    switch (route.place) {
        case shareactor::Route::Place::webhooks:
            return request.method == "POST" ? webhooks.create() : webhooks.list();
        case shareactor::Route::Place::webhook_search:
            return webhooks.search();
        case shareactor::Route::Place::webhook:
            if (request.method == "PUT") return webhooks.update(route.id);
            return request.method == "DELETE" ? webhooks.remove(route.id) : webhooks.get(route.id);
        case shareactor::Route::Place::verify:
            return webhooks.verify(route.id);
        case shareactor::Route::Place::simulate:
            return webhooks.simulate(route.id);
        case shareactor::Route::Place::events:
            return events.list();
        case shareactor::Route::Place::event_search:
            return events.search(route.id.empty() ? parameter(request.query, "query") : &route.id);
        case shareactor::Route::Place::event:
            return events.get(route.id);
        case shareactor::Route::Place::none:
            break;
    }
    return problem(404, "there is no such object");
}

class ShareactorApi final : public ApiHandler {
  public:
    std::string_view dialect() const override { return "shareactor"; }

    bool owns(std::string_view path, std::string_view /*raw_query*/) const override {
        return find_route(path).place != shareactor::Route::Place::none;
    }

    // Who asks comes first: a stranger learns nothing of what is there.
    Reply answer(const ApiRequest& request, ApiWorld& world) override {
        const Access access = find_access(request, world);
        if (access.api == nullptr) return problem(401, access.why);
        const shareactor::Route route = find_route(request.path);
        const std::string methods = methods_of(route.place);
        if ((", " + methods + ",").find(" " + request.method + ",") == std::string::npos) {
            Reply reply = problem(405, "here is only " + methods);
            reply.fields.push_back({"Allow", methods});
            return reply;
        }
        const bool reads = request.method == "GET";
        if (reads ? !access.key->read : !access.key->write)
            return problem(403, reads ? "this account may not read" : "this account may only read");
        return carry_out(route, request, world, *access.api);
    }
};

}  // namespace

ApiHandler& shareactor_api() {
    static ShareactorApi api;
    return api;
}

}  // namespace trot
