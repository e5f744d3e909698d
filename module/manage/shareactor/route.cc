#include "manage/shareactor/route.h"

#include "url/target.h"

namespace trot::shareactor {
namespace {

using Place = Route::Place;

// Takes "/name" off the front; empty when there is none.
std::string_view take_segment(std::string_view& path) {
    if (path.empty() || path.front() != '/') return {};
    const std::string_view segment = path.substr(1, path.find('/', 1) - 1);
    path.remove_prefix(1 + segment.size());
    return segment;
}

Place last_place(std::string_view segment) {
    if (segment == "verify") return Place::verify;
    return segment == "simulate" ? Place::simulate : Place::none;
}

}  // namespace

Route find_route(std::string_view path) {
    const std::string_view what = take_segment(path);
    const bool webhooks = what == "webhooks";
    if (!webhooks && what != "events") return {};
    if (path.empty()) return {webhooks ? Place::webhooks : Place::events, ""};
    const std::string_view id = take_segment(path);
    if (id.empty()) return {};
    if (path.empty()) {
        if (id == "search") return {webhooks ? Place::webhook_search : Place::event_search, ""};
        return {webhooks ? Place::webhook : Place::event, std::string(id)};
    }
    const std::string_view last = take_segment(path);
    if (!path.empty()) return {};
    if (webhooks) return {last_place(last), std::string(id)};
    // The documentation's example of a search: GET /events/search/query=order
    constexpr std::string_view asks = "query=";
    if (id == "search" && last.size() > asks.size() && last.substr(0, asks.size()) == asks)
        return {Place::event_search, percent_decode(last.substr(asks.size()), true)};
    return {};
}

const char* methods_of(Route::Place place) {
    switch (place) {
        case Place::webhooks:
            return "GET, POST";
        case Place::webhook:
            return "GET, PUT, DELETE";
        case Place::verify:
        case Place::simulate:
            return "POST";
        default:
            return "GET";
    }
}

}  // namespace trot::shareactor
