#include "manage/cockpit/cockpit_api.h"

#include "manage/cockpit/cockpit_reply.h"
#include "manage/cockpit/cockpit_webhook.h"
#include "manage/grant.h"
#include "manage/intake.h"
#include "manage/registry.h"
#include "url/target.h"

namespace trot {
namespace cockpit {
namespace {

// The pages of Cockpit's backend that have to do with webhooks, and the same under /api, where Cockpit's REST clients
// look. The original's list and single page are HTML, of which no program could make use: here they are JSON.
struct Route {
    enum class Kind { none, list, one, blank, save, remove };
    Kind kind = Kind::none;
    std::string_view id;
};

Route route_of(std::string_view path) {
    constexpr std::string_view rest = "/api";
    constexpr std::string_view page = "/webhooks";
    constexpr std::string_view form = "/webhook";
    if (path.substr(0, rest.size()) == rest) path.remove_prefix(rest.size());
    if (path.substr(0, page.size()) != page) return {};
    path.remove_prefix(page.size());
    if (path.empty()) return {Route::Kind::list, {}};
    if (path == "/save") return {Route::Kind::save, {}};
    if (path == "/remove") return {Route::Kind::remove, {}};
    if (path.substr(0, form.size()) != form) return {};
    path.remove_prefix(form.size());
    if (path.empty()) return {Route::Kind::blank, {}};
    if (path.size() < 2 || path.front() != '/' || path.find('/', 1) != std::string_view::npos) return {};
    return {Route::Kind::one, path.substr(1)};
}

// Where Cockpit's REST API looks for a token. There are no sessions here: what has none is nobody's.
std::vector<std::string_view> shown_by(const ApiRequest& request, const json_t* body) {
    std::vector<std::string_view> shown{text_of(body, "token"), token_of(request.fields)};
    if (const std::string* token = find_field(request.fields, "Cockpit-Token")) shown.emplace_back(*token);
    for (const Field& field : request.query)
        if (field.name == "token") shown.emplace_back(field.value);
    std::erase_if(shown, [](std::string_view one) { return one.empty(); });
    return shown;
}

Result<ManagedRow> find(std::string_view id, const ApiConfig& api, ApiWorld& world) {
    const std::string name = lower(id);
    return is_id(name) ? world.registry.find(api.name, name) : Result<ManagedRow>(Fault{Code::not_found, ""});
}

Reply list(const ApiRequest& request, const ApiConfig& api, ApiWorld& world) {
    const Result<Window> window = window_of(request.query);
    if (!window) return problem(412, window.fault().text);
    ManagedQuery query;
    query.api = api.name;
    query.order = ManagedQuery::Order::title;
    query.ascending = true;
    query.offset = window.value().skip;
    query.limit = window.value().limit;
    const Result<ManagedPage> page = world.registry.list(query);
    if (!page) return store_problem(page.fault());
    const Json webhooks(json_array());
    for (const ManagedRow& managed : page.value().rows)
        json_array_append_new(webhooks.get(), show_webhook(managed).release());
    return reply(webhooks.get());
}

Reply one(std::string_view id, const ApiConfig& api, ApiWorld& world) {
    const Result<ManagedRow> managed = find(id, api, world);
    return managed ? reply(show_webhook(managed.value()).get()) : store_problem(managed.fault());
}

// With an _id the webhook is changed, without one it is made. Cockpit answers success to an _id that there is not, and
// keeps nothing: that is 404 here.
Reply save(const json_t* webhook, const ApiConfig& api, ApiWorld& world) {
    const std::string_view id = text_of(webhook, "_id");
    const json_t* given = json_object_get(webhook, "_id");
    if (given != nullptr && !json_is_null(given) && !json_is_string(given)) return problem(412, "_id must be a string");
    Change change;
    if (!id.empty()) {
        Result<ManagedRow> known = find(id, api, world);
        if (!known) return store_problem(known.fault());
        change.kind = Change::Kind::change;
        change.managed = std::move(known).value();
    } else if (const Result<void> room = check_room(api, world.registry); !room) {
        return room.fault().code == Code::full ? problem(412, room.fault().text) : store_problem(room.fault());
    }
    Result<ManagedRow> saved = save_webhook(change.managed, webhook, api, world);
    if (!saved) return problem(412, saved.fault().text);
    change.managed = std::move(saved).value();
    if (const Result<void> done = world.registry.apply(change); !done) return store_problem(done.fault());
    return reply(show_webhook(change.managed).get());
}

// "1" also when there is none: so the original, and it is gone either way.
Reply remove(const json_t* webhook, const ApiConfig& api, ApiWorld& world) {
    const std::string_view id = text_of(webhook, "_id");
    if (id.empty()) return problem(412, "webhook._id is missing");
    Result<ManagedRow> managed = find(id, api, world);
    if (managed) {
        Change change{Change::Kind::remove, std::move(managed).value(), {}, 0};
        const Result<void> done = world.registry.apply(change);
        if (!done && done.fault().code != Code::not_found) return store_problem(done.fault());
    } else if (managed.fault().code != Code::not_found) {
        return store_problem(managed.fault());
    }
    const Json yes(json_integer(1));
    return reply(yes.get());
}

class CockpitApi final : public ApiHandler {
  public:
    std::string_view dialect() const override { return "cockpit"; }

    bool owns(std::string_view path, std::string_view /*raw_query*/) const override {
        return route_of(path).kind != Route::Kind::none;
    }

    Reply answer(const ApiRequest& request, ApiWorld& world) override {
        const Route route = route_of(request.path);
        const bool writes = route.kind == Route::Kind::save || route.kind == Route::Kind::remove;
        if (request.method != (writes ? "POST" : "GET")) {
            Reply refused = problem(405, "Method not allowed");
            refused.fields.push_back({"Allow", writes ? "POST" : "GET, HEAD"});
            return refused;
        }
        const Result<Json> body = writes ? object_of(request) : Result<Json>(Json(json_object()));
        if (!body) return problem(body.fault().code == Code::full ? 413 : 400, body.fault().text);
        // A key whose rules do not allow a route gets the answer that a wrong one gets, as in Cockpit.
        const Grant grant = grant_of(world.tenants, shown_by(request, body.value().get()));
        if (grant.api == nullptr || !(writes ? grant.write : grant.read)) return problem(401, "Unauthorized");
        const ApiConfig& api = *grant.api;
        if (route.kind == Route::Kind::list) return list(request, api, world);
        if (route.kind == Route::Kind::blank) return reply(blank_webhook().get());
        if (route.kind == Route::Kind::one) return one(percent_decode(route.id, false), api, world);
        const json_t* webhook = json_object_get(body.value().get(), "webhook");
        if (!json_is_object(webhook) || json_object_size(webhook) == 0)
            return problem(412, "webhook is missing or no object");
        return route.kind == Route::Kind::save ? save(webhook, api, world) : remove(webhook, api, world);
    }
};

}  // namespace
}  // namespace cockpit

ApiHandler& cockpit_api() {
    static cockpit::CockpitApi api;
    return api;
}

}  // namespace trot
