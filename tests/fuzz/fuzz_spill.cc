// The spill file's records and heads: no crash, and what is read is written the same.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "capture/spill_format.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace trot;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    FrameHead head;
    if (read_frame_head(bytes, head) && head.length <= size - frame_head_bytes)
        (void)frame_is_sound(head, bytes.substr(frame_head_bytes, head.length));
    SpillHead file;
    (void)decode_spill_head(bytes, file);
    const Result<SpilledExchange> record = decode_exchange(bytes);
    if (!record) return 0;
    const std::string again = encode_exchange(record.value().exchange, record.value().doubt_since);
    const Result<SpilledExchange> same = decode_exchange(again);
    if (!same || encode_exchange(same.value().exchange, same.value().doubt_since) != again) abort();
    const std::string frame = make_frame(7, again);
    if (!read_frame_head(frame, head) || !frame_is_sound(head, std::string_view(frame).substr(frame_head_bytes)))
        abort();
    return 0;
}
