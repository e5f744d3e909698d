// size, page and sort of a list. Callers: webhooks, events. Threads: pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "manage/api.h"

namespace trot::shareactor {

struct Page {
    size_t size = 10;
    size_t number = 0;  // the first is 0
    std::string sort;   // without its sign
    bool ascending = false;
    size_t offset() const { return size * number; }
};

// The last one of that name, as ShareActor's neighbours read them; null: there is none.
const std::string* parameter(const Fields& query, std::string_view name);

// sort: what it is when nobody says. What is wrong is added to `wrong`. A size beyond `most` is refused, not cut down:
// pages would begin elsewhere than the client thinks.
Page read_page(const Fields& query, std::string_view sort, size_t most, Fields& wrong);

// A number of seconds or milliseconds since 1970, or RFC 3339, as from_date and to_date are. 0 and a word in `wrong`
// when it is neither; 0 when it is not there.
int64_t read_date(const Fields& query, std::string_view name, Fields& wrong);

}  // namespace trot::shareactor
