#include "manage/times.h"

#include <fmt/format.h>

#include <charconv>
#include <ctime>

#include "plan/units.h"

namespace trot {
namespace {

class Digits {
  public:
    explicit Digits(std::string_view text) : text_(text) {}
    bool number(size_t width, int low, int high, int& into) {
        if (text_.size() < width) return false;
        const char* end = text_.data() + width;
        const std::from_chars_result read = std::from_chars(text_.data(), end, into);
        if (text_.front() == '-' || read.ec != std::errc() || read.ptr != end || into < low || into > high)
            return false;
        text_.remove_prefix(width);
        return true;
    }
    bool take(char c) {
        if (text_.empty() || text_.front() != c) return false;
        text_.remove_prefix(1);
        return true;
    }
    bool fraction(int& ms) {
        int scale = 100;
        const size_t before = text_.size();
        for (; !text_.empty() && text_.front() >= '0' && text_.front() <= '9'; text_.remove_prefix(1), scale /= 10)
            ms += (text_.front() - '0') * scale;
        return text_.size() < before;
    }
    bool end() const { return text_.empty(); }

  private:
    std::string_view text_;
};

bool read_zone(Digits& at, int& minutes) {
    minutes = 0;
    if (at.end() || at.take('Z') || at.take('z')) return true;
    const int sign = at.take('-') ? -1 : at.take('+') ? 1 : 0;
    int hours = 0;
    int rest = 0;
    if (sign == 0 || !at.number(2, 0, 23, hours)) return false;
    at.take(':');
    if (!at.number(2, 0, 59, rest)) return false;
    minutes = sign * (hours * 60 + rest);
    return true;
}

}  // namespace

std::optional<int64_t> read_time(std::string_view text) {
    Digits at(text);
    tm parts{};
    int ms = 0;
    int zone = 0;
    if (!at.number(4, 1970, 9999, parts.tm_year) || !at.take('-') || !at.number(2, 1, 12, parts.tm_mon) ||
        !at.take('-') || !at.number(2, 1, 31, parts.tm_mday))
        return std::nullopt;
    if (!at.end()) {
        if (!at.take('T') && !at.take('t') && !at.take(' ')) return std::nullopt;
        if (!at.number(2, 0, 23, parts.tm_hour) || !at.take(':') || !at.number(2, 0, 59, parts.tm_min))
            return std::nullopt;
        if (at.take(':') && !at.number(2, 0, 60, parts.tm_sec)) return std::nullopt;
        if (at.take('.') && !at.fraction(ms)) return std::nullopt;
        if (!read_zone(at, zone) || !at.end()) return std::nullopt;
    }
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    return (static_cast<int64_t>(timegm(&parts)) - zone * 60) * 1000 + ms;
}

Result<int64_t> read_when(std::string_view name, std::string_view text, int64_t now_ms) {
    if (const std::optional<int64_t> at = read_time(text)) return *at;
    if (const std::optional<int64_t> ago = parse_duration(text)) return now_ms - *ago;
    return Fault{Code::usage,
                 fmt::format("\"{}\" is {}, it must be a time like \"2026-11-27T06:00:00Z\", or how long ago: \"24h\"",
                             name, text)};
}

}  // namespace trot
