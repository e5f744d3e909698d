#include "manage/shareactor/page.h"

#include <fmt/format.h>

#include <charconv>

#include "manage/times.h"

namespace trot::shareactor {
namespace {

constexpr size_t most_pages = 10000000;
constexpr int64_t first_ms = 100000000000;  // as seconds this is the year 5138

template <class Number>
bool read_number(std::string_view text, Number& out) {
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), out);
    return fault == std::errc() && end == text.data() + text.size();
}

void read_bounded(const Fields& query, std::string_view name, size_t least, size_t most, size_t& out, Fields& wrong) {
    const std::string* text = parameter(query, name);
    if (text == nullptr) return;
    size_t number = 0;
    if (read_number(*text, number) && number >= least && number <= most)
        out = number;
    else
        wrong.push_back({std::string(name), fmt::format("must be a number from {} to {}", least, most)});
}

}  // namespace

const std::string* parameter(const Fields& query, std::string_view name) {
    const std::string* found = nullptr;
    for (const Field& field : query)
        if (field.name == name) found = &field.value;
    return found;
}

Page read_page(const Fields& query, std::string_view sort, size_t most, Fields& wrong) {
    Page page;
    read_bounded(query, "size", 1, most, page.size, wrong);
    read_bounded(query, "page", 0, most_pages, page.number, wrong);
    const std::string* asked = parameter(query, "sort");
    page.sort = asked != nullptr && !asked->empty() ? *asked : sort;
    page.ascending = page.sort.front() != '-';
    // A '+' in a query is a blank.
    if (page.sort.front() == '-' || page.sort.front() == ' ' || page.sort.front() == '+') page.sort.erase(0, 1);
    return page;
}

int64_t read_date(const Fields& query, std::string_view name, Fields& wrong) {
    const std::string* text = parameter(query, name);
    if (text == nullptr || text->empty()) return 0;
    int64_t number = 0;
    if (read_number(*text, number) && number > 0 && number < INT64_MAX / 1000)
        return number < first_ms ? number * 1000 : number;
    if (const std::optional<int64_t> ms = read_time(*text); ms && *ms > 0) return *ms;
    wrong.push_back(
        {std::string(name), "must be a timestamp: seconds or milliseconds since 1970, or 2019-08-15T12:00:00Z"});
    return 0;
}

}  // namespace trot::shareactor
