// Any bytes as a client's connection. Holds: no read out of bounds; however the bytes are split, the same requests,
// bodies and refusal come out; an accepted head written out and read again is the same head.
#include <algorithm>

#include "tests/fuzz/splits.h"
#include "tests/unit/standalone/connection.h"

using namespace trot::http;
using trot::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string bytes(reinterpret_cast<const char*>(data), size);
    const uint32_t seed = trot::fuzz::hash(bytes);
    Limits limits;
    if (seed % 2 == 0) {  // edges within the reach of short inputs
        limits.head_bytes = 128;
        limits.field_count = 4;
        limits.target_bytes = 32;
        limits.body_bytes = 40;
        limits.chunk_line_bytes = 16;
        limits.trailer_bytes = 32;
    }
    ClientConnection whole(limits);
    whole.feed(bytes);
    ClientConnection split(limits);
    trot::fuzz::in_pieces(bytes, seed / 2, [&](std::string_view piece) { return split.feed(piece); });
    require(whole.exchanges == split.exchanges && whole.heads == split.heads);
    require(whole.refused == split.refused && whole.why == split.why && whole.verdict() == split.verdict());
    require((whole.refused == 0) == whole.why.empty());

    for (const std::string& head : whole.heads) {
        Limits wide;
        wide.head_bytes = head.size() + 64;
        wide.target_bytes = head.size() + 64;
        ClientConnection again(wide);
        again.feed(head);
        require(again.heads.size() == 1 && again.heads.front() == head && again.refused == 0);
    }
    return 0;
}
