#include "manage/woocommerce/legacy_list.h"

#include <algorithm>

#include "manage/times.h"
#include "manage/woocommerce/paging.h"
#include "manage/woocommerce/params.h"
#include "manage/woocommerce/views.h"
#include "url/target.h"

namespace trot::woo {
namespace {

constexpr int64_t most_a_legacy_page = 1000;  // also of filter[limit]=-1, "all": an answer is made in memory

// "filter[limit]", or `status` where the API takes it beside the filter as well.
std::string_view filter(const Params& params, std::string_view name) {
    return params.text("filter[" + std::string(name) + "]");
}

// A date that cannot be read counts as 1970, as there.
int64_t date_of(std::string_view text) { return read_time(text).value_or(0); }

// Both ends are included there, at seconds' grain; here they are excluded, in milliseconds.
void read_dates(const Params& params, std::string_view column, int64_t& after, int64_t& before) {
    const std::string name(column);
    if (const std::string_view text = filter(params, name + "_min"); !text.empty())
        after = std::max<int64_t>(1, date_of(text) - 1);
    if (const std::string_view text = filter(params, name + "_max"); !text.empty()) before = date_of(text) + 1000;
}

void read_state(const Params& params, ManagedQuery& query) {
    std::string_view status = params.text("status");
    if (status.empty()) status = filter(params, "status");
    if (status.empty()) return;
    // An unknown word stands for "active".
    query.state = status == "paused"     ? SubscriptionState::paused
                  : status == "disabled" ? SubscriptionState::disabled
                                         : SubscriptionState::active;
}

ManagedQuery read_query(const Ask& ask, Paging& paging) {
    const Params params(ask.request.query);
    ManagedQuery query;
    query.api = ask.caller.api->name;
    read_state(params, query);
    query.search = filter(params, "q");
    read_dates(params, "created_at", query.created_after, query.created_before);
    read_dates(params, "updated_at", query.changed_after, query.changed_before);
    query.ids = params.ids("filter[in]");
    query.not_ids = params.ids("filter[not_in]");
    if (!filter(params, "in").empty() && query.ids.empty()) query.ids = {"0"};
    const std::string_view by = filter(params, "orderby");
    if (by == "title" || by == "name") query.order = ManagedQuery::Order::title;
    if (by == "modified") query.order = ManagedQuery::Order::changed;
    query.ascending = equal_nocase(filter(params, "order"), "asc");
    const int64_t limit = read_number(filter(params, "limit")).value_or(10);
    paging.size = limit == 0 ? 10 : limit < 0 ? most_a_legacy_page : std::min(limit, most_a_legacy_page);
    paging.page = std::clamp<int64_t>(read_number(params.text("page")).value_or(1), 1, 1000000000);
    const int64_t offset = read_number(filter(params, "offset")).value_or(0);
    query.limit = static_cast<size_t>(paging.size);
    query.offset = static_cast<size_t>(offset > 0 ? offset : (paging.page - 1) * paging.size);
    return query;
}

Fields legacy_paging(const Ask& ask, const Paging& paging) {
    Fields out;
    const std::string url = origin_of(ask.request) + std::string(path_of(ask.request.target));
    const auto link = [&](int64_t page, std::string_view rel) {
        out.push_back({"Link", page_link(url, ask.request.query, page, rel)});
    };
    const int64_t pages = paging.pages();
    if (static_cast<uint64_t>(paging.size) <= paging.total) {
        if (paging.page > 1) {
            link(1, "first");
            link(paging.page - 1, "prev");
        }
        if (paging.page < pages) link(paging.page + 1, "next");
        if (paging.page != pages) link(pages, "last");
    }
    out.push_back({"X-WC-Total", std::to_string(paging.total)});
    out.push_back({"X-WC-TotalPages", std::to_string(pages)});
    return out;
}

}  // namespace

Reply list_legacy(const Ask& ask) {
    Paging paging;
    const Result<ManagedPage> page = ask.world.registry.list(read_query(ask, paging));
    if (!page) return reply_of(Family::legacy, store_refusal(Family::legacy, page.fault()));
    paging.total = page.value().total;
    const View view{ask.world.plan, *ask.caller.api, Family::legacy, ask.place.version, ""};
    Json list(json_array());
    for (const ManagedRow& managed : page.value().rows)
        json_array_append_new(list.get(), view_webhook(managed, view).release());
    const Json kept = keep_fields(list.get(), Params(ask.request.query).list("fields"));
    Json body(json_object());
    json_object_set(body.get(), "webhooks", kept.get());
    return reply_of(Family::legacy, 200, body.get(), legacy_paging(ask, paging));
}

Reply count_legacy(const Ask& ask) {
    Paging paging;
    ManagedQuery query = read_query(ask, paging);
    query.offset = query.limit = 0;
    const Result<ManagedPage> page = ask.world.registry.list(query);
    if (!page) return reply_of(Family::legacy, store_refusal(Family::legacy, page.fault()));
    Json body(json_object());
    json_object_set_new(body.get(), "count", json_integer(static_cast<json_int_t>(page.value().total)));
    return reply_of(Family::legacy, 200, body.get());
}

}  // namespace trot::woo
