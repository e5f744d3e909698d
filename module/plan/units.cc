#include "plan/units.h"

#include <array>
#include <charconv>
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

std::string spell_duration(int64_t ms) { return spell(ms, time_units); }

std::string spell_size(uint64_t bytes) { return spell(static_cast<int64_t>(bytes), size_units); }

}  // namespace trot
