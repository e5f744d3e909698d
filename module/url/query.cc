#include "url/percent.h"
#include "url/target.h"

namespace trot {
namespace {

struct Pair {
    std::string_view name, value;
};

// The pair at the front of a query, which loses it.
Pair next_pair(std::string_view& query) {
    const size_t end = query.find('&');
    const std::string_view piece = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    const size_t equals = piece.find('=');
    if (equals == std::string_view::npos) return {piece, {}};
    return {piece.substr(0, equals), piece.substr(equals + 1)};
}

}  // namespace

bool query_equals(std::string_view raw, std::string_view text) {
    while (!raw.empty()) {
        if (text.empty() || take_decoded(raw, true) != text.front()) return false;
        text.remove_prefix(1);
    }
    return text.empty();
}

bool find_query(std::string_view query, std::string_view name, std::string_view& raw_value) {
    bool found = false;
    while (!query.empty()) {
        const Pair pair = next_pair(query);
        if (!query_equals(pair.name, name)) continue;
        raw_value = pair.value;
        found = true;
    }
    return found;
}

std::string percent_decode(std::string_view text, bool plus_is_space) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) out += take_decoded(text, plus_is_space);
    return out;
}

Fields parse_query(std::string_view query) {
    Fields out;
    while (!query.empty()) {
        const Pair pair = next_pair(query);
        if (pair.name.empty() && pair.value.empty()) continue;
        out.push_back({percent_decode(pair.name, true), percent_decode(pair.value, true)});
    }
    return out;
}

}  // namespace trot
