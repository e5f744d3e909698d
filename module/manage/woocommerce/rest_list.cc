#include "manage/woocommerce/rest_list.h"

#include <fmt/format.h>

#include <algorithm>

#include "manage/times.h"
#include "manage/woocommerce/paging.h"
#include "manage/woocommerce/params.h"
#include "manage/woocommerce/rest.h"
#include "manage/woocommerce/views.h"

namespace trot::woo {
namespace {

constexpr int64_t most_a_page = 100;
constexpr int64_t farthest = 1000000000;  // pages and offsets beyond are as good as this one

// "a, b, and c", as WordPress says it.
std::string spoken(const std::vector<std::string_view>& words) {
    std::string out;
    for (size_t at = 0; at < words.size(); ++at) {
        const bool last = at + 1 == words.size();
        if (at > 0) out += last ? (words.size() > 2 ? ", and " : " and ") : ", ";
        out += words[at];
    }
    return out;
}

class ListParams {
  public:
    explicit ListParams(const Params& params) : params_(params) {}

    std::string choice(const std::string& name, const std::vector<std::string_view>& words) {
        const std::string* given = params_.find(name);
        if (given == nullptr) return std::string(words.front());
        if (std::find(words.begin(), words.end(), *given) == words.end())
            wrong(name, fmt::format("{} is not one of {}.", name, spoken(words)), "rest_not_in_enum");
        return *given;
    }

    int64_t number(const std::string& name, int64_t low, int64_t high, int64_t otherwise) {
        const std::string* given = params_.find(name);
        if (given == nullptr) return otherwise;
        const std::optional<int64_t> value = read_number(*given);
        if (!value) {
            wrong(name, name + " is not of type integer.", "rest_invalid_type");
        } else if (*value < low || (high > 0 && *value > high)) {
            wrong(name,
                  high > 0 ? fmt::format("{} must be between {} (inclusive) and {} (inclusive)", name, low, high)
                           : fmt::format("{} must be greater than or equal to {}", name, low),
                  "rest_out_of_bounds");
        }
        return std::clamp(value.value_or(otherwise), low, farthest);
    }

    // Milliseconds since 1970; 0: none.
    int64_t date(const std::string& name) {
        const std::string* given = params_.find(name);
        if (given == nullptr) return 0;
        const std::optional<int64_t> value = read_time(*given);
        if (!value) wrong(name, "Invalid date.", "rest_invalid_date");
        return std::max<int64_t>(1, value.value_or(0));
    }

    std::optional<Refusal> refusal() {
        if (wrong_.empty()) return std::nullopt;
        return invalid_params(std::move(wrong_));
    }

  private:
    void wrong(const std::string& name, std::string message, const char* code) {
        wrong_.push_back({name, std::move(message), code});
    }

    const Params& params_;
    std::vector<Refusal::Param> wrong_;
};

std::optional<Refusal> read_query(const Ask& ask, ManagedQuery& query, Paging& paging) {
    const Params params(ask.request.query);
    ListParams list(params);
    query.api = ask.caller.api->name;
    list.choice("context", {"view", "edit", "embed"});
    paging.page = list.number("page", 1, 0, 1);
    paging.size = list.number("per_page", 1, most_a_page, 10);
    query.ascending = list.choice("order", {"desc", "asc"}) == "asc";
    if (list.choice("orderby", {"date", "id", "title"}) == "title") query.order = ManagedQuery::Order::title;
    const std::string status = list.choice("status", {"all", "active", "paused", "disabled"});
    if (status == "active") query.state = SubscriptionState::active;
    if (status == "paused") query.state = SubscriptionState::paused;
    if (status == "disabled") query.state = SubscriptionState::disabled;
    // Whole seconds are compared there: "after" is after that second's end.
    const int64_t after = list.date("after");
    query.created_after = after > 0 ? after + 999 : 0;
    query.created_before = list.date("before");
    query.search = params.text("search");
    query.ids = params.ids("include");
    query.not_ids = params.ids("exclude");
    const int64_t offset = list.number("offset", 0, 0, 0);
    query.limit = static_cast<size_t>(paging.size);
    query.offset = static_cast<size_t>(offset > 0 ? offset : (paging.page - 1) * paging.size);
    if (offset > 0) paging.page = offset / std::max<int64_t>(1, paging.size) + 1;
    return list.refusal();
}

Fields paging_fields(const Ask& ask, const Paging& paging) {
    Fields out{{"X-WP-Total", std::to_string(paging.total)}, {"X-WP-TotalPages", std::to_string(paging.pages())}};
    std::string links;
    if (paging.page > 1 && paging.pages() > 0)
        links = page_link(rest_base(ask), ask.request.query, std::min(paging.page - 1, paging.pages()), "prev");
    if (paging.page < paging.pages())
        links += (links.empty() ? "" : ", ") + page_link(rest_base(ask), ask.request.query, paging.page + 1, "next");
    if (!links.empty()) out.push_back({"Link", std::move(links)});
    return out;
}

}  // namespace

std::optional<Refusal> check_context(const Ask& ask) {
    const Params params(ask.request.query);
    ListParams list(params);
    list.choice("context", {"view", "edit", "embed"});
    return list.refusal();
}

Reply list_rest(const Ask& ask) {
    ManagedQuery query;
    Paging paging;
    if (const auto refusal = read_query(ask, query, paging)) return reply_of(Family::rest, *refusal);
    const Result<ManagedPage> page = ask.world.registry.list(query);
    if (!page) return reply_of(Family::rest, store_refusal(Family::rest, page.fault()));
    paging.total = page.value().total;
    const View view{ask.world.plan, *ask.caller.api, Family::rest, ask.place.version, rest_base(ask)};
    Json list(json_array());
    for (const ManagedRow& managed : page.value().rows)
        json_array_append_new(list.get(), view_webhook(managed, view).release());
    return rest_reply(ask, 200, list, paging_fields(ask, paging));
}

}  // namespace trot::woo
