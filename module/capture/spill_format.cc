#include "capture/spill_format.h"

#include <zlib.h>

#include <array>

#include "capture/credential.h"

namespace trot {
namespace {

constexpr uint32_t payload_version = 1;
constexpr std::string_view head_magic = "TROTSPL1";

enum Bit : uint32_t { request_truncated = 1, response_truncated = 2, ended_early = 4 };

template <class T>
void put(std::string& out, T value) {
    auto rest = static_cast<uint64_t>(value);
    for (size_t i = 0; i < sizeof(T); ++i, rest >>= 8) out += static_cast<char>(rest & 0xff);
}

void put_text(std::string& out, std::string_view text) {
    put(out, static_cast<uint32_t>(text.size()));
    out += text;
}

void put_fields(std::string& out, const Fields& fields) {
    put(out, static_cast<uint32_t>(fields.size()));
    for (const Field& field : fields) {
        put_text(out, field.name);
        put_text(out, field.value);
    }
}

// The credential itself is not written, only whose it is.
void put_request_fields(std::string& out, const Exchange& exchange) {
    const std::string actor = actor_of(exchange);
    if (actor.empty()) return put_fields(out, exchange.request_fields);
    Fields fields = exchange.request_fields;
    std::erase_if(fields, [](const Field& field) { return field.name == kept_actor; });
    fields.push_back({std::string(kept_actor), actor});
    put_fields(out, fields);
}

// Reads on while all is well; once the bytes run out `good` stays false and everything reads as zero.
class Cursor {
  public:
    explicit Cursor(std::string_view bytes) : left_(bytes) {}
    bool good() const { return good_; }
    bool at_end() const { return good_ && left_.empty(); }

    template <class T>
    T number() {
        uint64_t value = 0;
        const std::string_view bytes = take(sizeof(T));
        for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
        return static_cast<T>(value);
    }

    std::string text() { return std::string(take(number<uint32_t>())); }

    Fields fields() {
        Fields out;
        const auto count = number<uint32_t>();
        for (uint32_t i = 0; i < count && good_; ++i) {
            Field field;
            field.name = text();
            field.value = text();
            if (good_) out.push_back(std::move(field));
        }
        return out;
    }

  private:
    std::string_view take(size_t size) {
        if (!good_ || size > left_.size()) {
            good_ = false;
            return {};
        }
        const std::string_view out = left_.substr(0, size);
        left_.remove_prefix(size);
        return out;
    }

    std::string_view left_;
    bool good_ = true;
};

uint32_t crc_of(uint32_t length, uint64_t generation, std::string_view payload) {
    std::string head;
    put(head, length);
    put(head, generation);
    uLong crc = crc32_z(0, reinterpret_cast<const Bytef*>(head.data()), head.size());
    crc = crc32_z(crc, reinterpret_cast<const Bytef*>(payload.data()), payload.size());
    return static_cast<uint32_t>(crc);
}

}  // namespace

std::string encode_exchange(const Exchange& exchange, int64_t doubt_since) {
    std::string out;
    out.reserve(exchange.bytes() + 256);
    put(out, payload_version);
    uint32_t bits = 0;
    if (exchange.request_truncated) bits |= request_truncated;
    if (exchange.response_truncated) bits |= response_truncated;
    if (exchange.ended_early) bits |= ended_early;
    put(out, bits);
    put(out, static_cast<int32_t>(exchange.status));
    put(out, exchange.at_ms);
    put(out, doubt_since);
    for (const std::string* text : {&exchange.capture, &exchange.method, &exchange.target, &exchange.host,
                                    &exchange.zone, &exchange.request_body, &exchange.response_body})
        put_text(out, *text);
    put_request_fields(out, exchange);
    put_fields(out, exchange.response_fields);
    return out;
}

Result<SpilledExchange> decode_exchange(std::string_view payload) {
    SpilledExchange out;
    Exchange& exchange = out.exchange;
    Cursor cursor(payload);
    if (cursor.number<uint32_t>() != payload_version)
        return Fault{Code::damaged, "a spilled exchange of an unknown version"};
    const auto bits = cursor.number<uint32_t>();
    exchange.request_truncated = (bits & request_truncated) != 0;
    exchange.response_truncated = (bits & response_truncated) != 0;
    exchange.ended_early = (bits & ended_early) != 0;
    exchange.status = cursor.number<int32_t>();
    exchange.at_ms = cursor.number<int64_t>();
    out.doubt_since = cursor.number<int64_t>();
    for (std::string* text : {&exchange.capture, &exchange.method, &exchange.target, &exchange.host, &exchange.zone,
                              &exchange.request_body, &exchange.response_body})
        *text = cursor.text();
    exchange.request_fields = cursor.fields();
    exchange.response_fields = cursor.fields();
    if (!cursor.at_end()) return Fault{Code::damaged, "a spilled exchange whose parts do not fit its length"};
    exchange.replayed = true;
    return out;
}

std::string make_frame(uint64_t generation, std::string_view payload) {
    const auto length = static_cast<uint32_t>(payload.size());
    std::string out;
    out.reserve(frame_head_bytes + payload.size());
    out += frame_magic;
    put(out, length);
    put(out, generation);
    put(out, crc_of(length, generation, payload));
    put(out, uint32_t{0});
    out += payload;
    return out;
}

bool read_frame_head(std::string_view bytes, FrameHead& head) {
    if (bytes.size() < frame_head_bytes || bytes.substr(0, frame_magic.size()) != frame_magic) return false;
    Cursor cursor(bytes.substr(frame_magic.size()));
    head.length = cursor.number<uint32_t>();
    head.generation = cursor.number<uint64_t>();
    head.crc = cursor.number<uint32_t>();
    return head.length <= max_frame_payload;
}

bool frame_is_sound(const FrameHead& head, std::string_view payload) {
    return payload.size() == head.length && crc_of(head.length, head.generation, payload) == head.crc;
}

std::string encode_spill_head(const SpillHead& head) {
    std::string out(head_magic);
    put(out, head.generation);
    put(out, head.first);
    put(out, head.last_event);
    put(out, static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(out.data()), out.size())));
    out.resize(spill_head_bytes, '\0');
    return out;
}

bool decode_spill_head(std::string_view bytes, SpillHead& head) {
    constexpr size_t covered = 32;
    if (bytes.size() < spill_head_bytes || bytes.substr(0, head_magic.size()) != head_magic) return false;
    Cursor cursor(bytes.substr(head_magic.size()));
    head.generation = cursor.number<uint64_t>();
    head.first = cursor.number<uint64_t>();
    head.last_event = cursor.number<int64_t>();
    return cursor.number<uint32_t>() == crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), covered);
}

}  // namespace trot
