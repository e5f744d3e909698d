#include "plan/readings.h"

#include <algorithm>

#include "plan/route_template.h"
#include "url/percent.h"

namespace trot {

Readings::Readings(const RoutingContext& config) : fold_(config.ignore_case) {
    for (const std::string& prefix : config.strip_prefix) {
        const Result<std::vector<TemplateSegment>> segments = parse_path_template(prefix);
        if (!segments || segments.value().empty()) continue;
        std::vector<std::string>& texts = prefixes_.emplace_back();
        for (const TemplateSegment& segment : segments.value()) texts.push_back(segment.text);
    }
    std::stable_sort(prefixes_.begin(), prefixes_.end(),
                     [](const auto& a, const auto& b) { return a.size() > b.size(); });
    for (const std::string& text : config.query_route) {
        const size_t equals = text.find('=');
        QueryRoute& route = routes_.emplace_back();
        route.name = text.substr(0, equals);
        std::string_view prefix = text;
        prefix.remove_prefix(equals == std::string::npos ? text.size() : equals + 1);
        while (!prefix.empty()) {
            const bool parameter = prefix.front() == '{';
            const size_t end = parameter ? prefix.find('}') : std::min(prefix.find('{'), prefix.size());
            if (end == std::string_view::npos) break;
            route.prefix.push_back({std::string(prefix.substr(parameter, end - parameter)), parameter});
            prefix.remove_prefix(end + parameter);
        }
    }
}

void Readings::Routed::put(char c) {
    too_long = too_long || count == bytes.size();
    if (!too_long) bytes[count++] = c;
}

void Readings::Routed::put_value(std::string_view raw) {
    while (!raw.empty()) {
        const char c = take_decoded(raw, true);
        // The value was decoded here once; these would be read a second time.
        if (c == '%' || c == '?') {
            put('%');
            put(c == '%' ? '2' : '3');
            put(c == '%' ? '5' : 'F');
        } else {
            put(c);
        }
    }
}

std::string_view Readings::route(std::string_view target, Routed& routed) const {
    if (!routes_.empty()) {
        const std::string_view query = query_of(target);
        for (const QueryRoute& route : routes_) {
            std::string_view value;
            if (!find_query(query, route.name, value) || value.empty()) continue;
            for (const Piece& piece : route.prefix) {
                std::string_view other = piece.text;
                if (piece.parameter && !find_query(query, piece.text, other)) other = {};
                routed.put_value(other);
            }
            routed.put_value(value);
            return routed.too_long ? std::string_view() : std::string_view(routed.bytes.data(), routed.count);
        }
    }
    return path_of(target);
}

size_t Readings::prefix_at(const NormalPath& path, size_t first) const {
    const auto same = [this](std::string_view a, std::string_view b) { return fold_ ? equal_nocase(a, b) : a == b; };
    for (const std::vector<std::string>& prefix : prefixes_)
        if (prefix.size() <= path.count - first &&
            std::equal(prefix.begin(), prefix.end(), path.segments.begin() + static_cast<std::ptrdiff_t>(first), same))
            return prefix.size();
    return 0;
}

}  // namespace trot
