#include "codec/brotli.h"

#include <brotli/decode.h>

#include <array>
#include <memory>

namespace trot {

Result<Decoded> decode_brotli(std::string_view body, size_t cap) {
    struct Free {
        void operator()(BrotliDecoderState* state) const { BrotliDecoderDestroyInstance(state); }
    };
    const std::unique_ptr<BrotliDecoderState, Free> state(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr));
    if (!state) return Fault{Code::no_memory, "no memory for a brotli decoder"};

    Decoded out;
    std::array<uint8_t, 16384> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): written before read
    const auto* in = reinterpret_cast<const uint8_t*>(body.data());
    size_t left = body.size();
    while (true) {
        uint8_t* to = buffer.data();
        size_t room = buffer.size();
        const BrotliDecoderResult result = BrotliDecoderDecompressStream(state.get(), &left, &in, &room, &to, nullptr);
        const size_t made = buffer.size() - room;
        if (made > cap - out.bytes.size()) {
            out.bytes.append(reinterpret_cast<const char*>(buffer.data()), cap - out.bytes.size());
            out.truncated = true;
            return out;
        }
        out.bytes.append(reinterpret_cast<const char*>(buffer.data()), made);
        switch (result) {
            case BROTLI_DECODER_RESULT_SUCCESS:
                return out;
            case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT:
                break;
            case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT:
                out.truncated = true;
                return out;
            default:
                return Fault{Code::usage, "the body is not the brotli stream its Content-Encoding promises"};
        }
    }
}

}  // namespace trot
