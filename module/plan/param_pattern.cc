#include "plan/param_pattern.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "plan/section.h"
#include "plan/wrong.h"

namespace trot {
namespace {

using Set = std::array<uint64_t, 4>;

void put(Set& set, unsigned char byte) { set[byte / 64] |= uint64_t{1} << (byte % 64); }
bool has(const Set& set, unsigned char byte) { return (set[byte / 64] >> (byte % 64) & 1) != 0; }

void put_range(Set& set, unsigned from, unsigned to) {
    for (unsigned byte = from; byte <= to; ++byte) put(set, static_cast<unsigned char>(byte));
}

void invert(Set& set) {
    for (uint64_t& word : set) word = ~word;
}

std::string_view type_of(std::string_view text) {
    if (text == "int") return "[0-9]+";
    if (text == "hex") return "[0-9a-fA-F]+";
    if (text == "uuid") return "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}";
    return text;
}

// What stands behind a backslash.
Set escaped(char c) {
    Set set{};
    if (c == 'd' || c == 'w') put_range(set, '0', '9');
    if (c == 'w') {
        put_range(set, 'a', 'z');
        put_range(set, 'A', 'Z');
        put(set, '_');
    }
    if (c != 'd' && c != 'w') put(set, static_cast<unsigned char>(c));
    return set;
}

// "[a-z0-9_]", from behind its '['; false when it does not end.
bool take_class(std::string_view& text, Set& set) {
    const bool inverted = !text.empty() && text.front() == '^';
    if (inverted) text.remove_prefix(1);
    bool some = false;
    while (!text.empty() && (text.front() != ']' || !some)) {
        some = true;
        if (text.front() == '\\' && text.size() > 1) {
            const Set more = escaped(text[1]);
            for (size_t i = 0; i < set.size(); ++i) set[i] |= more[i];
            text.remove_prefix(2);
            continue;
        }
        const auto from = static_cast<unsigned char>(text.front());
        const bool range = text.size() > 2 && text[1] == '-' && text[2] != ']';
        put_range(set, from, range ? static_cast<unsigned char>(text[2]) : from);
        text.remove_prefix(range ? 3 : 1);
    }
    if (text.empty()) return false;
    text.remove_prefix(1);
    if (inverted) invert(set);
    return true;
}

struct Times {
    unsigned low = 1, high = 1;
    bool endless = false;
};

bool take_number(std::string_view& text, unsigned& out) {
    size_t digits = 0;
    out = 0;
    while (digits < text.size() && digits < 3 && text[digits] >= '0' && text[digits] <= '9')
        out = out * 10 + static_cast<unsigned>(text[digits++] - '0');
    text.remove_prefix(digits);
    return digits > 0;
}

// ?, *, +, {n}, {n,}, {n,m}; false when it is broken.
bool take_times(std::string_view& text, Times& out) {
    const char c = text.empty() ? '\0' : text.front();
    if (c == '?' || c == '*' || c == '+') {
        text.remove_prefix(1);
        out = {c == '+' ? 1U : 0U, 1, c != '?'};
        return true;
    }
    if (c != '{') return true;
    text.remove_prefix(1);
    if (!take_number(text, out.low)) return false;
    out.high = out.low;
    if (!text.empty() && text.front() == ',') {
        text.remove_prefix(1);
        out.endless = !take_number(text, out.high);
        if (out.endless) out.high = std::max(1U, out.low);
    }
    if (text.empty() || text.front() != '}') return false;
    text.remove_prefix(1);
    return out.low <= out.high && out.high > 0;
}

}  // namespace

Result<void> ParamPattern::add(const Set& bytes, std::string_view& rest, bool& plain) {
    Times times;
    const size_t before = rest.size();
    if (!take_times(rest, times)) return wrong("a repetition is broken, write it like {2}, {2,} or {2,8}");
    plain = plain && rest.size() == before;
    if (count_ + times.high >= most) return wrong(fmt::format("it is longer than {} characters", most - 1));
    for (unsigned i = 0; i < times.high; ++i) {
        const uint64_t bit = uint64_t{1} << count_++;
        if (i >= times.low) optional_ |= bit;
        if (times.endless && i + 1 == times.high) repeated_ |= bit;
        for (unsigned byte = 0; byte < 256; ++byte)
            if (has(bytes, static_cast<unsigned char>(byte))) takes_[byte] |= bit;
    }
    return {};
}

Result<void> ParamPattern::parse_alternative(std::string_view& text) {
    starts_ |= uint64_t{1} << count_;
    std::string literal;
    bool plain = true;
    while (!text.empty() && text.front() != '|') {
        const char c = text.front();
        if (c == '(' || c == ')' || c == '?' || c == '*' || c == '+' || c == '{')
            return wrong(
                fmt::format("{} cannot stand there: it knows alternatives (a|b), classes ([a-z]), \\d, \\w, "
                            "'.', and ?, *, +, {{n,m}} behind one of them, but no groups",
                            quoted(text.substr(0, 1))));
        Set set{};
        text.remove_prefix(1);
        if (c == '[') {
            plain = false;
            if (!take_class(text, set)) return wrong("a class has no end, write it like [a-z]");
        } else if (c == '\\' && !text.empty()) {
            plain = plain && text.front() != 'd' && text.front() != 'w';
            literal += text.front();
            set = escaped(text.front());
            text.remove_prefix(1);
        } else if (c == '.') {
            plain = false;
            put_range(set, 0, 255);
        } else {
            literal += c;
            put(set, static_cast<unsigned char>(c));
        }
        if (Result<void> added = add(set, text, plain); !added) return added;
    }
    if (count_ >= most) return wrong(fmt::format("it is longer than {} characters", most - 1));
    ends_ |= uint64_t{1} << count_++;
    if (plain) plain_.push_back(literal);
    return {};
}

Result<ParamPattern> ParamPattern::parse(std::string_view text) {
    if (text.empty()) return wrong("it is empty, write a type like int or a pattern like [a-z]+");
    text = type_of(text);
    ParamPattern out;
    size_t alternatives = 0;
    for (bool more = true; more; ++alternatives) {
        if (const Result<void> one = out.parse_alternative(text); !one) return one.fault();
        more = !text.empty();
        if (more) text.remove_prefix(1);
    }
    if (out.plain_.size() != alternatives) out.plain_.clear();
    return out;
}

uint64_t ParamPattern::skip(uint64_t at) const {
    for (;;) {
        const uint64_t more = at | (at & optional_) << 1;
        if (more == at) return at;
        at = more;
    }
}

bool ParamPattern::fits(std::string_view value, bool fold) const {
    uint64_t at = skip(starts_);
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        uint64_t takes = takes_[byte];
        if (fold && std::isalpha(byte)) takes |= takes_[byte ^ 0x20];
        const uint64_t taken = at & takes;
        if (taken == 0) return false;
        at = skip(taken << 1 | (taken & repeated_));
    }
    return (at & ends_) != 0;
}

}  // namespace trot
