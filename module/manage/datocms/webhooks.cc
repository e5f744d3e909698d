#include "manage/datocms/webhooks.h"

#include "manage/datocms/answer.h"
#include "manage/datocms/body.h"
#include "manage/datocms/webhook.h"
#include "manage/registry.h"

namespace trot::datocms {
namespace {

constexpr size_t rows_a_page = 500;

Reply one(const Visit& visit, const ManagedRow& row) {
    Result<Json> shown = show_webhook(row, visit.world.plan, visit.version);
    if (!shown) return unavailable();
    const Json body(json_object());
    json_object_set_new(body.get(), "data", shown.value().release());
    return document(body);
}

Result<ManagedRow> row_of(const Visit& visit, const std::string& id) {
    return visit.world.registry.find(visit.api.name, id);
}

// A name is its site's own [S]. Two processes that create at the same time may both find it free.
Result<bool> is_taken(const Visit& visit, const ManagedRow& row) {
    ManagedQuery query;
    query.api = visit.api.name;
    query.search = row.title;
    query.limit = rows_a_page;
    for (;; query.offset += rows_a_page) {
        const Result<ManagedPage> page = visit.world.registry.list(query);
        if (!page) return page.fault();
        for (const ManagedRow& other : page.value().rows)
            if (other.title == row.title && other.row.number != row.row.number) return true;
        if (page.value().rows.size() < rows_a_page) return false;
    }
}

// Takes what the client wants and writes it. created: a new one.
Reply write(const Visit& visit, const json_t* attributes, ManagedRow row, Change::Kind kind) {
    const std::string before = row.title;
    Problems problems;
    if (const Result<void> taken = take_attributes(visit, attributes, row, problems); !taken) return unavailable();
    if (!row.title.empty() && row.title != before) {
        const Result<bool> known = is_taken(visit, row);
        if (!known) return of_fault(known.fault());
        if (known.value()) problems.push_back(invalid_field("name", "VALIDATION_UNIQUE", "another webhook has it"));
    }
    if (!problems.empty()) return refusal(422, problems);
    Change change;
    change.kind = kind;
    change.managed = std::move(row);
    if (const Result<void> done = visit.world.registry.apply(change); !done) return of_fault(done.fault());
    return one(visit, change.managed);
}

}  // namespace

// All of them, oldest first: the API knows no pages here [S].
Reply list_webhooks(const Visit& visit) {
    const Json body(json_object());
    json_t* data = json_array();
    json_object_set_new(body.get(), "data", data);
    ManagedQuery query;
    query.api = visit.api.name;
    query.ascending = true;
    query.limit = rows_a_page;
    for (;; query.offset += rows_a_page) {
        const Result<ManagedPage> page = visit.world.registry.list(query);
        if (!page) return of_fault(page.fault());
        for (const ManagedRow& row : page.value().rows) {
            Result<Json> shown = show_webhook(row, visit.world.plan, visit.version);
            if (!shown) return unavailable();
            json_array_append_new(data, shown.value().release());
        }
        if (page.value().rows.size() < rows_a_page) return document(body);
    }
}

Reply create_webhook(const Visit& visit) {
    Reply refused;
    const std::optional<Body> body = read_body(visit.request, "", refused);
    if (!body) return refused;
    ManagedQuery count;
    count.api = visit.api.name;
    count.limit = 1;
    const Result<ManagedPage> known = visit.world.registry.list(count);
    if (!known) return of_fault(known.fault());
    if (known.value().total >= visit.api.most) return refusal(403, "PLAN_UPGRADE_REQUIRED");
    return write(visit, body->attributes, ManagedRow(), Change::Kind::add);
}

Reply find_webhook(const Visit& visit, const std::string& id) {
    const Result<ManagedRow> row = row_of(visit, id);
    return row ? one(visit, row.value()) : of_fault(row.fault());
}

Reply update_webhook(const Visit& visit, const std::string& id) {
    const Result<ManagedRow> row = row_of(visit, id);
    if (!row) return of_fault(row.fault());
    Reply refused;
    const std::optional<Body> body = read_body(visit.request, id, refused);
    if (!body) return refused;
    return write(visit, body->attributes, row.value(), Change::Kind::change);
}

// Answered with what it was [S].
Reply destroy_webhook(const Visit& visit, const std::string& id) {
    const Result<ManagedRow> row = row_of(visit, id);
    if (!row) return of_fault(row.fault());
    Reply shown = one(visit, row.value());
    Change change;
    change.kind = Change::Kind::remove;
    change.managed.row.number = row.value().row.number;
    if (const Result<void> done = visit.world.registry.apply(change); !done) return of_fault(done.fault());
    return shown;
}

}  // namespace trot::datocms
