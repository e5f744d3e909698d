#include "manage/shareactor/events.h"

#include "dialect/shareactor.h"
#include "dialect/view.h"
#include "json/tree.h"
#include "manage/registry.h"
#include "manage/shareactor/errors.h"
#include "manage/shareactor/ids.h"
#include "manage/shareactor/page.h"

namespace trot::shareactor {
namespace {

constexpr size_t most_events = 100;
constexpr std::string_view context_mark = "context:";

}  // namespace

EventQuery Events::of_tenant() const {
    EventQuery query;
    for (const FilterTerm& term : api_.only)
        if (term.what.substr(0, context_mark.size()) == context_mark)
            query.context.push_back({term.what.substr(context_mark.size()), term.values, term.or_absent});
    return query;
}

Reply Events::list() { return search(nullptr); }

Reply Events::search(const std::string* query) {
    Fields wrong;
    const Page page = read_page(request_.query, "-created", most_events, wrong);
    if (page.sort != "created" && page.sort != "_id" && page.sort != "id")
        wrong.push_back({"sort", "must be created, or -created for the last first"});
    EventQuery asked = of_tenant();
    asked.from_ms = read_date(request_.query, "from_date", wrong);
    asked.to_ms = read_date(request_.query, "to_date", wrong);
    if (!wrong.empty()) return problem(400, "the list cannot be made so", wrong);
    if (query != nullptr) asked.number = event_number(*query).value_or(0);
    if (query != nullptr && asked.number == 0) asked.search = *query;
    asked.ascending = page.ascending;
    asked.offset = page.offset();
    asked.limit = page.size;
    const Result<EventPage> found = world_.registry.events(asked);
    if (!found) return store_problem(found.fault());
    std::string out = "[";
    for (const Event& event : found.value().events) {
        if (out.size() > 1) out += ',';
        out += spell(event);
    }
    Reply reply = json_reply(200, out + ']');
    reply.fields.push_back({"X-Pagination-Total", std::to_string(found.value().total)});
    return reply;
}

Reply Events::get(const std::string& id) {
    EventQuery asked = of_tenant();
    asked.number = event_number(id).value_or(0);
    asked.limit = 1;
    if (asked.number == 0) return problem(404, "there is no such object");
    const Result<EventPage> found = world_.registry.events(asked);
    if (!found) return store_problem(found.fault());
    if (found.value().events.empty()) return problem(404, "there is no such object");
    return json_reply(200, spell(found.value().events.front()));
}

// The object's own bytes go in as they were recorded, so the text is put together instead of a tree. Who caused an
// event is not seen: author is null.
std::string Events::spell(const Event& event) const {
    const std::string id = event_id(event.number);
    const Json head(json_object());
    put_own_id(head.get(), id, api_);
    json_object_set_new(head.get(), "kind", json_of(event.topic));
    put_date(head.get(), "created", event.at_ms, api_);
    put_id(head.get(), "company", api_.tenant, api_);
    std::string out = spell_json(head.get());
    out.back() = ',';
    out += "\"data\":{";
    ShareactorData().append(out, view_of(event, id, event_opaque));
    return out + "},\"author\":null}";
}

}  // namespace trot::shareactor
