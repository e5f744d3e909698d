#include "manage/cosmic/cosmic_api.h"

#include <fmt/format.h>

#include "manage/cosmic/cosmic_reply.h"
#include "manage/cosmic/cosmic_webhook.h"
#include "manage/grant.h"
#include "manage/intake.h"
#include "manage/registry.h"
#include "url/target.h"

namespace trot {
namespace cosmic {
namespace {

// "/v1/BUCKET/webhooks" and "/v1/BUCKET/webhooks/ID", as they were sent.
struct Route {
    bool known = false;
    bool one = false;  // with an id
    std::string_view bucket, id;
};

Route route_of(std::string_view path) {
    constexpr std::string_view version = "/v1/";
    constexpr std::string_view collection = "webhooks";
    Route route;
    if (path.substr(0, version.size()) != version) return route;
    path.remove_prefix(version.size());
    const size_t slash = path.find('/');
    if (slash == 0 || slash == std::string_view::npos) return route;
    route.bucket = path.substr(0, slash);
    path.remove_prefix(slash + 1);
    if (path.substr(0, collection.size()) != collection) return route;
    path.remove_prefix(collection.size());
    route.known = path.empty();
    if (path.size() < 2 || path.front() != '/' || path.find('/', 1) != std::string_view::npos) return route;
    route.known = route.one = true;
    route.id = path.substr(1);
    return route;
}

// What cosmicjs sends: write_key and read_key in the body of a POST or DELETE, and its token, which it puts into
// Authorization without "Bearer". curl's users put a key into the query, or "Bearer" before the token.
std::vector<std::string_view> shown_by(const ApiRequest& request, const json_t* body) {
    std::vector<std::string_view> shown{token_of(request.fields)};
    for (const char* name : {"write_key", "read_key"}) {
        shown.push_back(text_of(body, name));
        for (const Field& field : request.query)
            if (field.name == name) shown.emplace_back(field.value);
    }
    std::erase_if(shown, [](std::string_view one) { return one.empty(); });
    return shown;
}

Reply list(const ApiRequest& request, const ApiConfig& api, ApiWorld& world) {
    const Result<Window> window = window_of(request.query);
    if (!window) return problem(400, window.fault().text);
    ManagedQuery query;
    query.api = api.name;
    query.ascending = true;
    query.offset = window.value().skip;
    query.limit = window.value().limit;
    const Result<ManagedPage> page = world.registry.list(query);
    if (!page) return store_problem(page.fault());
    const Json body(json_object());
    json_t* webhooks = json_array();
    json_object_set_new(body.get(), "webhooks", webhooks);
    for (const ManagedRow& managed : page.value().rows)
        json_array_append_new(webhooks, show_webhook(managed).release());
    json_object_set_new(body.get(), "total", json_integer(static_cast<json_int_t>(page.value().total)));
    return reply(body.get());
}

Reply add(const json_t* asked, const ApiConfig& api, ApiWorld& world) {
    Result<ManagedRow> managed = read_webhook(asked, api, world);
    if (!managed) return problem(400, managed.fault().text);
    // A plan of Cosmic's has so many webhooks: 402, "your Bucket needs to be upgraded".
    if (const Result<void> room = check_room(api, world.registry); !room)
        return room.fault().code == Code::full ? problem(402, room.fault().text) : store_problem(room.fault());
    Change change{Change::Kind::add, std::move(managed).value(), {}, 0};
    if (const Result<void> done = world.registry.apply(change); !done) return store_problem(done.fault());
    const Json body(json_object());
    json_object_set_new(body.get(), "webhook", show_webhook(change.managed).release());
    return reply(body.get());
}

Reply remove(const ManagedRow& managed, ApiWorld& world) {
    Change change{Change::Kind::remove, managed, {}, 0};
    if (const Result<void> done = world.registry.apply(change); !done) return store_problem(done.fault());
    const Json body(json_object());
    json_object_set_new(body.get(), "status", json_string("200"));  // a string there, a number in errors
    json_object_set_new(body.get(), "message", json_string("Webhook deleted."));
    return reply(body.get());
}

Reply one(const ManagedRow& managed) {
    const Json body(json_object());
    json_object_set_new(body.get(), "webhook", show_webhook(managed).release());
    return reply(body.get());
}

class CosmicApi final : public ApiHandler {
  public:
    std::string_view dialect() const override { return "cosmic"; }

    bool owns(std::string_view path, std::string_view /*raw_query*/) const override { return route_of(path).known; }

    Reply answer(const ApiRequest& request, ApiWorld& world) override {
        const Route route = route_of(request.path);
        const std::string bucket = percent_decode(route.bucket, false);
        std::vector<const ApiConfig*> tenants = world.tenants;
        std::erase_if(tenants, [&](const ApiConfig* api) { return api->tenant != bucket; });
        if (tenants.empty()) return problem(404, "Bucket not found.");
        const bool reads = request.method == "GET";
        if (!reads && request.method != (route.one ? "DELETE" : "POST")) {
            Reply refused = problem(405, "This method is not allowed here.");
            refused.fields.push_back({"Allow", route.one ? "GET, HEAD, DELETE" : "GET, HEAD, POST"});
            return refused;
        }
        const Result<Json> body = reads ? Result<Json>(Json(json_object())) : object_of(request);
        if (!body) return problem(body.fault().code == Code::full ? 413 : 400, body.fault().text);
        const json_t* asked = body.value().get();

        const Grant grant = grant_of(tenants, shown_by(request, asked));
        if (grant.api == nullptr) return problem(401, "Unauthorized: your access key is missing or incorrect.");
        if (!(reads ? grant.read : grant.write)) return problem(403, "Forbidden: your access key does not allow this.");
        if (!route.one) return reads ? list(request, *grant.api, world) : add(asked, *grant.api, world);

        const std::string id = lower(percent_decode(route.id, false));
        const Result<ManagedRow> managed =
            is_id(id) ? world.registry.find(grant.api->name, id) : Result<ManagedRow>(Fault{Code::not_found, ""});
        if (!managed) return store_problem(managed.fault());
        return reads ? one(managed.value()) : remove(managed.value(), world);
    }
};

}  // namespace
}  // namespace cosmic

ApiHandler& cosmic_api() {
    static cosmic::CosmicApi api;
    return api;
}

}  // namespace trot
