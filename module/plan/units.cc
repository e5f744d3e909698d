#include "plan/units.h"

#include <array>
#include <charconv>
#include <chrono>
#include <limits>

namespace trot {
namespace {

struct Unit {
    std::string_view name;
    int64_t worth;
};

constexpr std::array<Unit, 5> time_units{{{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}}};
constexpr std::array<Unit, 4> size_units{{{"GiB", 1LL << 30}, {"MiB", 1LL << 20}, {"KiB", 1LL << 10}, {"B", 1}}};

// The number and unit at the front of `text`, multiplied; -1 when there is none or it does not fit.
template <size_t n>
int64_t take(std::string_view& text, const std::array<Unit, n>& units) {
    int64_t number = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (fault != std::errc() || number < 0) return -1;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    const std::string_view word = text.substr(0, text.find_first_of("0123456789"));
    for (const Unit& unit : units) {
        if (word != unit.name) continue;
        if (number > std::numeric_limits<int64_t>::max() / unit.worth) return -1;
        text.remove_prefix(word.size());
        return number * unit.worth;
    }
    return -1;
}

template <size_t n>
std::string spell(int64_t value, const std::array<Unit, n>& units) {
    for (const Unit& unit : units)
        if (value != 0 && value % unit.worth == 0) return std::to_string(value / unit.worth) + std::string(unit.name);
    return "0" + std::string(units[n == 5 ? 3 : n - 1].name);
}

}  // namespace

std::optional<int64_t> parse_duration(std::string_view text) {
    int64_t sum = 0;
    do {
        const int64_t part = take(text, time_units);
        if (part < 0 || part > std::numeric_limits<int64_t>::max() - sum) return std::nullopt;
        sum += part;
    } while (!text.empty());
    return sum;
}

std::optional<uint64_t> parse_size(std::string_view text) {
    const int64_t bytes = take(text, size_units);
    if (bytes < 0 || !text.empty()) return std::nullopt;
    return static_cast<uint64_t>(bytes);
}

std::optional<int64_t> unix_seconds(std::string_view text) {
    namespace chrono = std::chrono;
    // Digits at a fixed place; -1 when there are none.
    const auto number = [&text](size_t at, size_t count) {
        int out = -1;
        if (at + count > text.size()) return -1;
        const auto [end, fault] = std::from_chars(text.data() + at, text.data() + at + count, out);
        return fault == std::errc() && end == text.data() + at + count ? out : -1;
    };
    constexpr size_t bare = 19;  // 2026-12-01T00:00:00
    if (text.size() <= bare) return std::nullopt;
    const int parts[] = {number(0, 4), number(5, 2), number(8, 2), number(11, 2), number(14, 2), number(17, 2)};
    for (const int part : parts)
        if (part < 0) return std::nullopt;
    const chrono::year_month_day day(chrono::year(parts[0]), chrono::month(static_cast<unsigned>(parts[1])),
                                     chrono::day(static_cast<unsigned>(parts[2])));
    if (!day.ok() || parts[3] > 23 || parts[4] > 59 || parts[5] > 60) return std::nullopt;
    const int64_t local = chrono::duration_cast<chrono::seconds>(chrono::sys_days(day).time_since_epoch()).count() +
                          parts[3] * 3600 + parts[4] * 60 + parts[5];
    const size_t zone = text.find_first_of("Zz+-", bare);
    if (zone == std::string_view::npos) return std::nullopt;
    if (text[zone] == 'Z' || text[zone] == 'z') return zone + 1 == text.size() ? std::optional(local) : std::nullopt;
    const int hours = number(zone + 1, 2);
    const int minutes = number(zone + 4, 2);
    if (hours < 0 || minutes < 0 || text.size() != zone + 6) return std::nullopt;
    const int64_t offset = hours * 3600 + minutes * 60;
    return text[zone] == '+' ? local - offset : local + offset;
}

std::string spell_duration(int64_t ms) { return spell(ms, time_units); }

std::string spell_size(uint64_t bytes) { return spell(static_cast<int64_t>(bytes), size_units); }

}  // namespace trot
