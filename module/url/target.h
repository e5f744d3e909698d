// What a request target means for matching: one decoding, no allocation. A hook that matched the server's normalised
// path could be dodged or forged (reliability.md 3.4), so we match what is sent upstream, percent-decoded once, and say
// when the spelling is ambiguous. Callers: plan (judge, on the host's loop), capture. Threads: pure; views point into
// the caller's target or into the NormalPath itself.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/text.h"

namespace trot {

// Percent-decoded once, at most this long; a longer path is `too_long` and matches nothing but is counted.
inline constexpr size_t max_path = 8192;
inline constexpr size_t max_segments = 128;

// A path cut into decoded segments. `flags` says what made the spelling ambiguous.
struct NormalPath {
    enum Flag : uint32_t {
        encoded_slash = 1,   // %2f, %5c or a bare backslash inside a segment: kept inside it, not a separator
        dot_segments = 2,    // "." or ".." (also %2e): resolved as RFC 3986 5.2.4 does
        bad_percent = 4,     // % without two hex digits: kept as it is
        too_long = 8,        // the path has no segments then
        empty_segment = 16,  // "//" inside: kept as an empty segment
        trailing_slash = 32,
    };
    std::array<char, max_path> bytes;  // decoded, lower case when folded; NOLINT: left uninitialised on purpose
    std::array<std::string_view, max_segments> segments;
    size_t count = 0;
    uint32_t flags = 0;
};

// target: origin form ("/a/b?x=1"), absolute form or "*". fold: ASCII lower case (WordPress matches routes without
// case). split_encoded_slash: the other reading, where those of flag encoded_slash are separators. Never fails:
// nonsense has flags.
void normalise_path(std::string_view target, bool fold, bool split_encoded_slash, NormalPath& out);

std::string_view path_of(std::string_view target);   // without scheme, authority and query
std::string_view query_of(std::string_view target);  // without '?', empty when none

// The last value of a query parameter (duplicate keys: last wins, dialects.md 0.3), raw; found=false when absent.
// Compares percent-decoded names without allocating. raw_value points into the query.
bool find_query(std::string_view query, std::string_view name, std::string_view& raw_value);

// Does a raw query name or value stand for `text`? ('+' is a blank.) Does not allocate.
bool query_equals(std::string_view raw, std::string_view text);

std::string percent_decode(std::string_view text, bool plus_is_space);
Fields parse_query(std::string_view query);  // decoded pairs in order; "a" gives {"a",""}

}  // namespace trot
