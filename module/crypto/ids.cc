#include "crypto/ids.h"

#include <algorithm>
#include <limits>

#include "base/text.h"

namespace trot {
namespace {

constexpr int64_t epoch_ms = 1735689600000;  // 2025-01-01T00:00:00Z
constexpr int counter_bits = 20;
constexpr int short_bits = 14;  // of the counter, in short ids
constexpr size_t letters = 13;  // 65 bits: a 64-bit number with one to spare
constexpr char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

// The value of a letter, or -1. As Crockford's alphabet is meant to be read: any case, I and L are 1, O is 0.
int letter_value(char c) {
    const char low = ascii_lower(c);
    if (low == 'i' || low == 'l') return 1;
    if (low == 'o') return 0;
    for (int value = 0; value < 32; ++value)
        if (ascii_lower(alphabet[value]) == low) return value;
    return -1;
}

}  // namespace

int64_t id_floor(int64_t wall_ms) {
    constexpr int64_t most = std::numeric_limits<int64_t>::max() >> counter_bits;
    return (std::clamp<int64_t>(wall_ms, epoch_ms, epoch_ms + most) - epoch_ms) << counter_bits;
}

int64_t id_wall_ms(int64_t number) { return (number >> counter_bits) + epoch_ms; }

int64_t short_id(int64_t number) {
    return number >> counter_bits << short_bits | (number & ((int64_t{1} << short_bits) - 1));
}

std::vector<int64_t> of_short_id(int64_t id) {
    if (id <= 0 || id >= int64_t{1} << 53) return {};
    const int64_t first = id >> short_bits << counter_bits | (id & ((int64_t{1} << short_bits) - 1));
    std::vector<int64_t> out;
    for (int64_t more = 0; more < int64_t{1} << (counter_bits - short_bits); ++more)
        out.push_back(first + (more << short_bits));
    return out;
}

std::string spell_id(std::string_view prefix, int64_t number) {
    std::string out(prefix);
    out.resize(prefix.size() + letters);
    auto bits = static_cast<uint64_t>(number);
    for (size_t at = letters; at-- > 0; bits >>= 5) out[prefix.size() + at] = alphabet[bits & 31];
    return out;
}

Result<int64_t> read_id(std::string_view prefix, std::string_view text) {
    const auto wrong = [&](const char* why) {
        return Fault{Code::usage, "'" + std::string(text) + "' is not an id: " + why + "; an id looks like " +
                                      spell_id(prefix, id_floor(epoch_ms))};
    };
    if (text.substr(0, prefix.size()) != prefix) return wrong("it begins otherwise");
    text.remove_prefix(prefix.size());
    if (text.size() != letters) return wrong("its length is wrong");
    uint64_t bits = 0;
    for (size_t at = 0; at < letters; ++at) {
        const int value = letter_value(text[at]);
        if (value < 0) return wrong("it holds a letter that ids never have");
        if (at == 0 && value > 7) return wrong("the number is too large");
        bits = bits << 5 | static_cast<uint64_t>(value);
    }
    return static_cast<int64_t>(bits);
}

}  // namespace trot
