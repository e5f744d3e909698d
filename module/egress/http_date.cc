#include "egress/http_date.h"

#include <array>
#include <chrono>

namespace trot {
namespace {

constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
constexpr std::array<std::string_view, 7> days = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                  "Friday", "Saturday", "Sunday"};

// Reads a date piece by piece; after the first mistake everything is one.
class Reader {
  public:
    explicit Reader(std::string_view text) : rest_(text) {}

    bool ok() const { return ok_ && rest_.empty(); }

    void skip(std::string_view text) {
        if (rest_.substr(0, text.size()) == text)
            rest_.remove_prefix(text.size());
        else
            ok_ = false;
    }

    void weekday(bool whole) {
        for (std::string_view day : days) {
            const std::string_view name = whole ? day : day.substr(0, 3);
            if (rest_.substr(0, name.size()) == name) return rest_.remove_prefix(name.size());
        }
        ok_ = false;
    }

    unsigned number(size_t digits, bool blank = false) {
        unsigned out = 0;
        for (size_t i = 0; i < digits; ++i) {
            const char c = rest_.size() > i ? rest_[i] : 'x';
            if (i == 0 && blank && c == ' ') continue;
            if (c < '0' || c > '9') ok_ = false;
            out = out * 10 + static_cast<unsigned>(c - '0');
        }
        rest_.remove_prefix(rest_.size() < digits ? rest_.size() : digits);
        return out;
    }

    unsigned month() {
        const size_t at = rest_.size() < 3 ? std::string_view::npos : months.find(rest_.substr(0, 3));
        if (at == std::string_view::npos || at % 3 != 0) {
            ok_ = false;
            return 1;
        }
        rest_.remove_prefix(3);
        return static_cast<unsigned>(at / 3 + 1);
    }

    std::chrono::seconds clock() {
        const unsigned hour = number(2);
        skip(":");
        const unsigned minute = number(2);
        skip(":");
        const unsigned second = number(2);
        if (hour > 23 || minute > 59 || second > 60) ok_ = false;  // 60: a leap second
        return std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second);
    }

  private:
    std::string_view rest_;
    bool ok_ = true;
};

struct Parts {
    unsigned year = 0, month = 1, day = 1;
    std::chrono::seconds time{0};
};

std::optional<int64_t> seconds_of(const Reader& reader, const Parts& parts) {
    const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(parts.year)),
                                           std::chrono::month(parts.month), std::chrono::day(parts.day)};
    if (!reader.ok() || !date.ok()) return std::nullopt;
    return (std::chrono::sys_days(date).time_since_epoch() + parts.time) / std::chrono::seconds(1);
}

std::optional<int64_t> imf_fixdate(std::string_view text) {  // Sun, 06 Nov 1994 08:49:37 GMT
    Reader in(text);
    Parts out;
    in.weekday(false);
    in.skip(", ");
    out.day = in.number(2);
    in.skip(" ");
    out.month = in.month();
    in.skip(" ");
    out.year = in.number(4);
    in.skip(" ");
    out.time = in.clock();
    in.skip(" GMT");
    return seconds_of(in, out);
}

std::optional<int64_t> rfc850(std::string_view text) {  // Sunday, 06-Nov-94 08:49:37 GMT
    Reader in(text);
    Parts out;
    in.weekday(true);
    in.skip(", ");
    out.day = in.number(2);
    in.skip("-");
    out.month = in.month();
    in.skip("-");
    const unsigned year = in.number(2);
    out.year = year + (year < 70 ? 2000 : 1900);
    in.skip(" ");
    out.time = in.clock();
    in.skip(" GMT");
    return seconds_of(in, out);
}

std::optional<int64_t> asctime_date(std::string_view text) {  // Sun Nov  6 08:49:37 1994
    Reader in(text);
    Parts out;
    in.weekday(false);
    in.skip(" ");
    out.month = in.month();
    in.skip(" ");
    out.day = in.number(2, true);
    in.skip(" ");
    out.time = in.clock();
    in.skip(" ");
    out.year = in.number(4);
    return seconds_of(in, out);
}

}  // namespace

std::optional<int64_t> parse_http_date(std::string_view text) {
    for (auto* spelling : {imf_fixdate, rfc850, asctime_date})
        if (std::optional<int64_t> date = spelling(text)) return date;
    return std::nullopt;
}

}  // namespace trot
