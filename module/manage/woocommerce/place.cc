#include "manage/woocommerce/place.h"

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "url/target.h"

namespace trot::woo {
namespace {

using Segments = std::vector<std::string>;

// A slash that was escaped stays inside its segment, and so matches nothing.
Segments segments_of(std::string_view path, bool decode) {
    Segments out;
    while (!path.empty() && path.front() == '/') path.remove_prefix(1);
    while (!path.empty() && path.back() == '/') path.remove_suffix(1);
    while (!path.empty()) {
        const size_t end = std::min(path.find('/'), path.size());
        const std::string_view segment = path.substr(0, end);
        out.push_back(decode ? percent_decode(segment, false) : std::string(segment));
        path.remove_prefix(std::min(path.size(), end + 1));
    }
    return out;
}

// "v2" → 2; bare: "2" as well.
int version_of(std::string_view text, bool bare) {
    if (!text.empty() && ascii_lower(text.front()) == 'v')
        text.remove_prefix(1);
    else if (!bare)
        return 0;
    return text.size() == 1 && text.front() >= '1' && text.front() <= '3' ? text.front() - '0' : 0;
}

bool is_number(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string without_zeros(std::string_view digits) {
    while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
    return std::string(digits);
}

// What stands behind the version.
std::optional<Place> read_resource(Family family, int version, const Segments& all, size_t at) {
    if (version == 0 || at >= all.size()) return std::nullopt;
    // The documents spell one webhook's path in the singular, the code in the plural: both are taken.
    const bool one = equal_nocase(all[at], "webhook");
    if (!one && !equal_nocase(all[at], "webhooks")) return std::nullopt;
    Place place;
    place.family = family;
    place.version = version;
    const Segments rest(all.begin() + static_cast<std::ptrdiff_t>(at) + 1, all.end());
    if (rest.empty()) {
        if (!one) place.what = Place::What::collection;
        return place;
    }
    if (rest.size() == 1 && !one && equal_nocase(rest[0], "count")) place.what = Place::What::count;
    if (rest.size() == 1 && !one && equal_nocase(rest[0], "batch")) place.what = Place::What::batch;
    if (!is_number(rest[0])) return place;
    place.id = without_zeros(rest[0]);
    if (rest.size() == 1) place.what = Place::What::item;
    if (rest.size() == 1 || !equal_nocase(rest[1], "deliveries")) return place;
    if (rest.size() == 2) place.what = Place::What::deliveries;
    if (rest.size() != 3 || !is_number(rest[2])) return place;
    place.what = Place::What::delivery;
    place.delivery = without_zeros(rest[2]);
    return place;
}

std::optional<std::string> query_value(std::string_view raw_query, std::string_view name) {
    std::string_view raw;
    if (raw_query.empty() || !find_query(raw_query, name, raw)) return std::nullopt;
    return percent_decode(raw, true);
}

std::optional<Place> read_rest(const Segments& all, size_t at) {
    if (all.size() < at + 3 || !equal_nocase(all[at], "wc")) return std::nullopt;
    return read_resource(Family::rest, version_of(all[at + 1], false), all, at + 2);
}

}  // namespace

std::optional<Place> read_place(std::string_view path, std::string_view raw_query) {
    if (const std::optional<std::string> route = query_value(raw_query, "rest_route"))
        return read_rest(segments_of(*route, false), 0);
    if (const std::optional<std::string> route = query_value(raw_query, "wc-api-route")) {
        const std::optional<std::string> version = query_value(raw_query, "wc-api-version");
        return read_resource(Family::legacy, version_of(version.value_or(""), true), segments_of(*route, false), 0);
    }
    const Segments all = segments_of(path, true);
    const size_t at = !all.empty() && all[0] == "index.php" ? 1 : 0;
    if (all.size() < at + 3) return std::nullopt;
    if (all[at] == "wc-api") return read_resource(Family::legacy, version_of(all[at + 1], false), all, at + 2);
    return all[at] == "wp-json" ? read_rest(all, at + 1) : std::nullopt;
}

}  // namespace trot::woo
