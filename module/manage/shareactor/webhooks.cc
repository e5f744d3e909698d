#include "manage/shareactor/webhooks.h"

#include "crypto/hmac.h"
#include "manage/intake.h"
#include "manage/registry.h"
#include "manage/sent.h"
#include "manage/shareactor/errors.h"
#include "manage/shareactor/ids.h"
#include "manage/shareactor/messages.h"
#include "manage/shareactor/page.h"
#include "manage/shareactor/webhook.h"
#include "manage/shareactor/webhook_input.h"

namespace trot::shareactor {
namespace {

constexpr size_t most_webhooks = 500;
constexpr size_t secret_bytes = 30;  // 60 hex digits, as the documentation shows them

Reply shown(const ManagedRow& managed, const ApiConfig& api, bool deleted = false) {
    const Json object = show(managed, api, deleted);
    return json_reply(200, spell_json(object.get()));
}

bool read_order(const Page& page, ManagedQuery& query) {
    if (page.sort == "modified" || page.sort == "updated")
        query.order = ManagedQuery::Order::changed;
    else if (page.sort == "created" || page.sort == "_id" || page.sort == "id")
        query.order = ManagedQuery::Order::number;
    else if (page.sort == "event_type")
        query.order = ManagedQuery::Order::title;
    else if (page.sort == "endpoint")
        query.order = ManagedQuery::Order::url;
    else
        return false;
    query.ascending = page.ascending;
    return true;
}

}  // namespace

Reply Webhooks::create() {
    Asked asked;
    if (std::optional<Reply> wrong = read_asked(request_, world_, api_, true, asked)) return *wrong;
    if (const Result<void> room = check_room(api_, world_.registry); !room)
        return room.fault().code == Code::full ? problem(409, room.fault().text) : store_problem(room.fault());
    const int64_t now_ms = world_.clock.wall_ms();
    Subscription settings = new_settings(api_, "shareactor");
    settings.url = std::move(*asked.endpoint);
    settings.topics = {asked.topic};
    settings.secrets = {Secret(hex(random_bytes(secret_bytes)))};
    Change change;
    change.kind = Change::Kind::add;
    change.managed.row.name = new_id(now_ms);
    change.managed.title = *asked.event_type;
    set_more(change.managed, asked.more.get());
    set_standing(change.managed, {false, asked.active.value_or(true)}, wants_handshake(api_));
    describe(change.managed, settings, api_);
    if (is_unconfirmed(change.managed)) change.one_off = confirmation(change.managed.row.name, now_ms);
    if (const Result<void> done = world_.registry.apply(change); !done) return store_problem(done.fault());
    return shown(change.managed, api_);
}

Reply Webhooks::list() { return list(""); }

Reply Webhooks::search() {
    const std::string* query = parameter(request_.query, "query");
    return list(query != nullptr ? *query : "");
}

Reply Webhooks::list(const std::string& search) {
    Fields wrong;
    const Page page = read_page(request_.query, "-modified", most_webhooks, wrong);
    ManagedQuery query;
    if (!read_order(page, query))
        wrong.push_back(
            {"sort", "must be created, modified, event_type or endpoint, with a - before it for the last first"});
    if (!wrong.empty()) return problem(400, "the list cannot be made so", wrong);
    query.api = api_.name;
    if (is_id(search))
        query.ids = {search};
    else
        query.search = search;
    query.offset = page.offset();
    query.limit = page.size;
    const Result<ManagedPage> found = world_.registry.list(query);
    if (!found) return store_problem(found.fault());
    const Json all(json_array());
    for (const ManagedRow& managed : found.value().rows)
        json_array_append_new(all.get(), show(managed, api_).release());
    Reply reply = json_reply(200, spell_json(all.get()));
    reply.fields.push_back({"X-Pagination-Total", std::to_string(found.value().total)});
    return reply;
}

Reply Webhooks::get(const std::string& id) {
    const Result<ManagedRow> found = world_.registry.find(api_.name, id);
    return found ? shown(found.value(), api_) : store_problem(found.fault());
}

Reply Webhooks::update(const std::string& id) {
    Result<ManagedRow> found = world_.registry.find(api_.name, id);
    if (!found) return store_problem(found.fault());
    Asked asked;
    if (std::optional<Reply> wrong = read_asked(request_, world_, api_, false, asked)) return *wrong;
    Change change;
    change.kind = Change::Kind::change;
    change.managed = std::move(found).value();
    Result<Subscription> kept = settings_of(change.managed, world_.plan);
    if (!kept && !asked.endpoint)
        return problem(400, "the webhook is not right", {{"endpoint", "is not allowed any more, send another"}});
    Subscription settings = kept ? std::move(kept).value() : new_settings(api_, "shareactor");
    if (settings.secrets.empty()) settings.secrets = {Secret(secret_of(change.managed))};
    Standing standing = standing_of(change.managed);
    if (asked.endpoint && asked.endpoint->text != settings.url.text) {
        settings.url = std::move(*asked.endpoint);
        standing.verified = false;  // another endpoint has not confirmed yet
    }
    if (asked.event_type) {
        settings.topics = {asked.topic};
        change.managed.title = *asked.event_type;
    }
    if (asked.active) standing.active = *asked.active;
    const Json more = more_of(change.managed);
    json_object_update(more.get(), asked.more.get());
    if (spell_json(more.get()).size() > most_document)
        return problem(400, "the webhook is not right", {{"body", too_much}});
    set_more(change.managed, more.get());
    set_standing(change.managed, standing, wants_handshake(api_));
    describe(change.managed, settings, api_);
    // Asked again with every change until it has confirmed: the answer to an earlier question could have come between
    // our reading of the row and this writing, and would be lost.
    if (is_unconfirmed(change.managed)) change.one_off = confirmation(id, world_.clock.wall_ms());
    if (const Result<void> done = world_.registry.apply(change); !done) return store_problem(done.fault());
    return shown(change.managed, api_);
}

Reply Webhooks::remove(const std::string& id) {
    Result<ManagedRow> found = world_.registry.find(api_.name, id);
    if (!found) return store_problem(found.fault());
    Change change;
    change.kind = Change::Kind::remove;
    change.managed = std::move(found).value();
    if (const Result<void> done = world_.registry.apply(change); !done) return store_problem(done.fault());
    return shown(change.managed, api_, true);
}

Reply Webhooks::verify(const std::string& id) {
    Result<ManagedRow> found = world_.registry.find(api_.name, id);
    if (!found) return store_problem(found.fault());
    Change change;
    change.managed = std::move(found).value();
    const Standing standing = standing_of(change.managed);
    if (standing.verified) return shown(change.managed, api_);
    if (!standing.active) return problem(409, "the webhook is not active: it is verified when it becomes so");
    if (wants_handshake(api_)) {
        change.kind = Change::Kind::send;
        change.one_off = confirmation(id, world_.clock.wall_ms());
    } else {  // made when there was a handshake
        change.kind = Change::Kind::change;
        set_standing(change.managed, standing, false);
    }
    if (const Result<void> done = world_.registry.apply(change); !done) return store_problem(done.fault());
    return shown(change.managed, api_);
}

Reply Webhooks::simulate(const std::string& id) {
    Result<ManagedRow> found = world_.registry.find(api_.name, id);
    if (!found) return store_problem(found.fault());
    Change change;
    change.kind = Change::Kind::send;
    change.managed = std::move(found).value();
    // A 204 would promise a message that does not go out.
    const Standing standing = standing_of(change.managed);
    if (!standing.active) return problem(409, "the webhook is not active");
    if (!standing.verified) return problem(409, "the webhook's endpoint is not verified");
    change.one_off = simulation(change.managed.row.topics, api_, world_.clock.wall_ms());
    if (const Result<void> done = world_.registry.apply(change); !done) return store_problem(done.fault());
    return {204, {}, {}};
}

}  // namespace trot::shareactor
