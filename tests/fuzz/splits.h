// For fuzz targets of parsers that are fed: cuts an input into pieces, the same way each time (the corpora stay plain
// messages, so the cuts come from a hash of the bytes), each piece in a buffer of exactly its size so that
// AddressSanitizer sees a read beyond it.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>

namespace trot::fuzz {

inline uint32_t hash(std::string_view bytes) {
    uint32_t value = 2166136261u;
    for (const char c : bytes) value = (value ^ static_cast<unsigned char>(c)) * 16777619u;
    return value;
}

// sink(piece) → go on?
template <class Sink>
void in_pieces(std::string_view bytes, uint32_t seed, Sink sink) {
    std::minstd_rand random(seed | 1u);
    while (!bytes.empty()) {
        const size_t most = seed % 3 == 0 ? 1 : seed % 3 == 1 ? 4 : 64;
        const std::string piece(bytes.substr(0, 1 + random() % most));
        if (!sink(std::string_view(piece))) return;
        bytes.remove_prefix(piece.size());
    }
}

// A broken property is a finding, in every build.
inline void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace trot::fuzz
