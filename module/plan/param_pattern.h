// ParamPattern: what a path parameter may be, "{id:int}", "{version:v[1-3]}", "{kind:order|product}s". A small language
// that is matched without allocation and in linear time, because the judge runs it on the host's loop (std::regex would
// allocate). Callers: route templates, the route tree. Threads: immutable.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace trot {

class ParamPattern {
  public:
    // A type (int, hex, uuid) or alternatives separated by '|', each a run of characters, classes ([a-z0-9_], [^.]),
    // '.' for any byte, \d, \w or an escaped byte, each with ?, *, +, {n}, {n,} or {n,m} behind it. The whole value
    // must fit. The fault says what is wrong and what would be right.
    static Result<ParamPattern> parse(std::string_view text);

    bool fits(std::string_view value, bool fold) const;  // fold: without ASCII case

    // The alternatives when all of them are plain texts ("order", "product"), else empty.
    const std::vector<std::string>& plain() const { return plain_; }

  private:
    // One position of an alternative, as a bit in a word: all alternatives are run at once.
    static constexpr size_t most = 63;
    using Set = std::array<uint64_t, 4>;  // of bytes

    Result<void> parse_alternative(std::string_view& text);  // up to a '|' or the end
    Result<void> add(const Set& bytes, std::string_view& rest, bool& plain);
    uint64_t skip(uint64_t at) const;  // what can be reached without a byte

    uint64_t starts_ = 0, ends_ = 0, optional_ = 0, repeated_ = 0;
    std::array<uint64_t, 256> takes_{};  // by byte: the positions that take it
    size_t count_ = 0;                   // positions used; each alternative has one more for its end
    std::vector<std::string> plain_;
};

}  // namespace trot
