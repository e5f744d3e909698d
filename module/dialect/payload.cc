#include "dialect/payload.h"

#include <algorithm>

#include "dialect/quote.h"

namespace trot {
namespace {

bool all_digits(std::string_view text) {
    return !text.empty() && text.size() < 19 && (text.front() != '0' || text.size() == 1) &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string bare_payload(const EventView& event) {
    if (!event.payload.empty() && event.payload_json) return std::string(event.payload);
    std::string out = "{";
    if (is_opaque(event)) {
        out += "\"data\":";
        append_payload(out, event);
        append_opaque_mark(out, event);
        return out + '}';
    }
    out += "\"id\":";
    if (event.resource_id.empty())
        out += "null";
    else if (all_digits(event.resource_id))
        out += event.resource_id;
    else
        append_quoted(out, event.resource_id);
    return out + '}';
}

}  // namespace trot
