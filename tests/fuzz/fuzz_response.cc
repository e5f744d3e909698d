// Any bytes as an upstream's answer. Holds: no read out of bounds; however the bytes are split, the same answer, body
// and refusal come out; an accepted head written out and read again is the same head.
#include <algorithm>

#include "tests/fuzz/splits.h"
#include "tests/unit/standalone/connection.h"

using namespace trot::http;
using trot::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string bytes(reinterpret_cast<const char*>(data), size);
    const uint32_t seed = trot::fuzz::hash(bytes);
    Limits limits;
    if (seed % 2 == 0) {
        limits.head_bytes = 128;
        limits.field_count = 4;
        limits.body_bytes = 40;
        limits.chunk_line_bytes = 16;
        limits.trailer_bytes = 32;
    }
    const std::string method = seed / 2 % 4 == 0 ? "HEAD" : "POST";
    UpstreamConnection whole(limits, method);
    whole.feed(bytes);
    UpstreamConnection split(limits, method);
    trot::fuzz::in_pieces(bytes, seed / 8, [&](std::string_view piece) {
        split.feed(piece);
        return true;
    });
    whole.close();
    split.close();
    require(whole.verdict() == split.verdict() && whole.head == split.head && whole.body == split.body);
    require(whole.refused == split.refused && whole.why == split.why && whole.interim == split.interim);
    require(whole.refused != 0 || whole.complete || whole.status != 0);
    if (whole.complete) require(whole.surplus == split.surplus);

    if (!whole.head.empty()) {
        Limits wide;
        wide.head_bytes = whole.head.size() + 64;
        UpstreamConnection again(wide, method);
        again.feed(whole.head);
        require(again.head == whole.head && again.refused == 0);
    }
    return 0;
}
