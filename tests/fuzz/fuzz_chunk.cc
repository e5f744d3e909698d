// Any bytes as a chunked body. Holds: no read out of bounds; data lies within what was fed and is counted; however the
// bytes are split, the same data, end and refusal come out; after the end or a refusal nothing is consumed.
#include <algorithm>

#include "shim/standalone/http.h"
#include "tests/fuzz/splits.h"

using namespace trot::http;
using trot::fuzz::require;

namespace {

struct Decoded {
    std::string body;
    size_t used = 0;
    Progress progress = Progress::more;
    std::string why;
    int status = 0;
    bool operator==(const Decoded&) const = default;
};

void feed(ChunkDecoder& decoder, std::string_view bytes, Decoded& decoded) {
    std::vector<std::string_view> pieces;
    size_t used = 0;
    decoded.progress = decoder.feed(bytes, used, pieces);
    require(used <= bytes.size() && (decoded.progress != Progress::more || used == bytes.size()));
    decoded.used += used;
    for (const std::string_view piece : pieces) {
        require(!piece.empty() && piece.data() >= bytes.data() && piece.data() + piece.size() <= bytes.data() + used);
        decoded.body += piece;
    }
    require(decoder.total() == decoded.body.size());
    if (decoded.progress != Progress::bad) return;
    decoded.why = decoder.refusal.why;
    decoded.status = decoder.refusal.status;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string bytes(reinterpret_cast<const char*>(data), size);
    const uint32_t seed = trot::fuzz::hash(bytes);
    Limits limits;
    if (seed % 2 == 0) {
        limits.body_bytes = 40;
        limits.chunk_line_bytes = 24;
        limits.trailer_bytes = 32;
        limits.field_count = 2;
    }
    ChunkDecoder one(limits);
    Decoded whole;
    feed(one, bytes, whole);
    ChunkDecoder other(limits);
    Decoded split;
    trot::fuzz::in_pieces(bytes, seed / 2, [&](std::string_view piece) {
        feed(other, piece, split);
        return split.progress == Progress::more;
    });
    if (whole.progress == Progress::bad)
        split.used = whole.used;  // how far a refusal looked ahead is nobody's business
    require(whole == split);
    if (whole.progress != Progress::more) {
        const size_t before = whole.used;
        feed(one, "5\r\nhello\r\n", whole);
        require(whole.used == before);
    }
    return 0;
}
