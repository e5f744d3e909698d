// Pages of a list: their number, and links to the others. Callers: legacy, rest. Threads: pure.
#pragma once

#include <cstdint>
#include <string>

#include "base/text.h"

namespace trot::woo {

struct Paging {
    int64_t page = 1, size = 10;
    uint64_t total = 0;

    int64_t pages() const { return (static_cast<int64_t>(total) + size - 1) / size; }
};

// "<URL?…&page=N>; rel="next"". query: the request's own; the page's number and everything that proves who asks stay
// out: a link is logged and passed on.
std::string page_link(const std::string& url, const Fields& query, int64_t page, std::string_view rel);

}  // namespace trot::woo
