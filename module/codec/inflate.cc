#include "codec/inflate.h"

#include <zlib.h>

#include <array>
#include <vector>

#include "base/text.h"
#include "codec/brotli.h"

namespace trot {
namespace {

constexpr size_t max_codings = 4;  // servers use one, proxies in front of servers two

enum class Wrap { gzip, deflate };

class Inflater {
  public:
    explicit Inflater(int window_bits) { good_ = inflateInit2(&stream_, window_bits) == Z_OK; }
    ~Inflater() {
        if (good_) inflateEnd(&stream_);
    }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;
    bool good() const { return good_; }
    z_stream& stream() { return stream_; }

  private:
    z_stream stream_{};
    bool good_ = false;
};

Result<Decoded> run_inflate(std::string_view body, size_t cap, int window_bits, bool members) {
    Inflater inflater(window_bits);
    if (!inflater.good()) return Fault{Code::no_memory, "no memory for a deflate decoder"};
    z_stream& z = inflater.stream();
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));  // zlib only reads it
    z.avail_in = static_cast<uInt>(body.size());

    Decoded out;
    std::array<Bytef, 16384> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): written before read
    while (true) {
        z.next_out = buffer.data();
        z.avail_out = static_cast<uInt>(buffer.size());
        const int result = inflate(&z, Z_NO_FLUSH);
        const size_t made = buffer.size() - z.avail_out;
        if (made > cap - out.bytes.size()) {
            out.bytes.append(reinterpret_cast<const char*>(buffer.data()), cap - out.bytes.size());
            out.truncated = true;
            return out;
        }
        out.bytes.append(reinterpret_cast<const char*>(buffer.data()), made);
        if (result == Z_STREAM_END) {
            // RFC 1952: members may follow one another; anything else behind the last one is padding (as gzip does).
            const bool more = members && z.avail_in >= 2 && z.next_in[0] == 0x1f && z.next_in[1] == 0x8b;
            if (!more || inflateReset(&z) != Z_OK) return out;
        } else if (result == Z_BUF_ERROR) {
            out.truncated = true;
            return out;
        } else if (result == Z_MEM_ERROR) {
            return Fault{Code::no_memory, "no memory for a deflate decoder"};
        } else if (result != Z_OK) {
            return Fault{Code::usage,
                         std::string("the body is not the compressed stream its Content-Encoding promises: ") +
                             (z.msg != nullptr ? z.msg : "broken data")};
        }
    }
}

Result<Decoded> decode_zlib(Wrap wrap, std::string_view body, size_t cap) {
    if (body.size() > UINT32_MAX) return Fault{Code::usage, "a compressed body of more than 4 GiB is not decoded"};
    if (body.empty()) return Decoded{{}, true};
    if (wrap == Wrap::gzip) return run_inflate(body, cap, 16 + MAX_WBITS, true);
    // "deflate" means the zlib format (RFC 9110 8.4.1.2), but servers have sent the bare stream for decades.
    const auto first = static_cast<unsigned char>(body[0]);
    const auto second = static_cast<unsigned char>(body.size() > 1 ? body[1] : 0);
    const bool zlib_header = (first & 0x0fU) == 8 && (first * 256U + second) % 31 == 0;
    if (zlib_header) {
        Result<Decoded> out = run_inflate(body, cap, MAX_WBITS, false);
        if (out || out.fault().code != Code::usage) return out;
    }
    return run_inflate(body, cap, -MAX_WBITS, false);
}

std::vector<std::string_view> codings_of(std::string_view header) {
    std::vector<std::string_view> out;
    while (!header.empty()) {
        const size_t comma = header.find(',');
        const std::string_view coding = trim(header.substr(0, comma));
        if (!coding.empty() && !equal_nocase(coding, "identity")) out.push_back(coding);
        header = comma == std::string_view::npos ? std::string_view() : header.substr(comma + 1);
    }
    return out;
}

Result<Decoded> decode_one(std::string_view coding, std::string_view body, size_t cap) {
    if (equal_nocase(coding, "gzip") || equal_nocase(coding, "x-gzip")) return decode_zlib(Wrap::gzip, body, cap);
    if (equal_nocase(coding, "deflate")) return decode_zlib(Wrap::deflate, body, cap);
    if (equal_nocase(coding, "br")) return body.empty() ? Decoded{{}, true} : decode_brotli(body, cap);
    return Fault{Code::usage, "the content coding '" + std::string(coding.substr(0, 40)) +
                                  "' is not known: gzip, deflate, br and identity are"};
}

}  // namespace

Result<Decoded> decode_content(std::string_view content_encoding, std::string_view body, size_t cap) {
    const std::vector<std::string_view> codings = codings_of(content_encoding);
    if (codings.size() > max_codings) return Fault{Code::usage, "more than 4 content codings on one body"};
    Decoded out;
    if (codings.empty()) {
        out.bytes.assign(body.substr(0, cap));
        out.truncated = body.size() > cap;
        return out;
    }
    // They are listed in the order they were applied: undo the last one first.
    for (size_t i = codings.size(); i-- > 0;) {
        Result<Decoded> step =
            decode_one(codings[i], i + 1 == codings.size() ? body : std::string_view(out.bytes), cap);
        if (!step) return step;
        const bool cut_before = out.truncated;
        out = std::move(step).value();
        out.truncated = out.truncated || cut_before;
    }
    return out;
}

}  // namespace trot
