// The strict HTTP/1.1 front of the standalone host: heads, framing and bodies of requests and of upstream answers. Parsers only: no
// sockets, no allocation beyond the head's copy, linear time. RFC 9110 and 9112; where they leave room we refuse (the corpus in
// tests/cases/smuggling says what and why). Callers: the proxy (client and upstream side), `trotline listen`, `trotline explain`, the fuzz
// targets. Threads: values, one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace trot::http {

struct Field {
    std::string name;  // as sent
    std::string value; // trimmed of surrounding SP and TAB
};

struct Limits {
    size_t head_bytes = 32768;
    size_t field_count = 100;
    size_t target_bytes = 8192;
    uint64_t body_bytes = 0;      // 0: no limit
    size_t chunk_line_bytes = 256;  // size and extensions of one chunk
    size_t trailer_bytes = 8192;
};

enum class Framing { none, length, chunked, close };  // close: answers only

struct RequestHead {
    std::string method;
    std::string target;  // as sent
    std::string host;    // from the Host field, or from an absolute-form target
    int minor = 1;       // HTTP/1.minor
    std::vector<Field> fields;
    Framing framing = Framing::none;
    uint64_t length = 0;
    bool keep_alive = true;
    bool expect_continue = false;
    bool upgrade = false;  // Connection: upgrade and an Upgrade field (h2c is never passed on)
    const std::string* find(std::string_view name) const;
};

struct ResponseHead {
    int status = 0;
    std::string reason;
    int minor = 1;
    std::vector<Field> fields;
    Framing framing = Framing::close;
    uint64_t length = 0;
    bool keep_alive = true;
    const std::string* find(std::string_view name) const;
};

enum class Progress { more, done, bad };

// What to answer a bad request with (400, 405, 413, 414, 417, 431, 501, 505) and why; for answers, status is 502.
struct Refusal {
    int status = 400;
    std::string why;
};

// Feed bytes until done or bad. `used` says how many were consumed: after `done`, the rest belongs to the body or the next message.
class RequestParser {
  public:
    explicit RequestParser(const Limits& limits) : limits_(limits) {}
    Progress feed(std::string_view bytes, size_t& used);
    RequestHead head;
    Refusal refusal;
    bool started() const;  // a byte of the head has been seen (leading CRLFs do not count)
    void reset();

  private:
    Limits limits_;
    std::string buffer_;
    size_t scanned_ = 0;
    bool lead_done_ = false;
};

class ResponseParser {
  public:
    explicit ResponseParser(const Limits& limits) : limits_(limits) {}
    // request_method decides framing (HEAD and 2xx to CONNECT have no body). 1xx heads are reported like others; the caller goes on
    // with reset() (at most 32 of them) unless it is 101.
    Progress feed(std::string_view bytes, size_t& used, std::string_view request_method);
    ResponseHead head;
    Refusal refusal;
    void reset();

  private:
    Limits limits_;
    std::string buffer_;
    size_t scanned_ = 0;
};

// Chunked coding (RFC 9112 7.1), strict: CRLF only, no signs, spaces or underscores in sizes, extensions tolerated and dropped,
// trailers checked and dropped. Gives the data pieces as views into the fed bytes.
class ChunkDecoder {
  public:
    explicit ChunkDecoder(const Limits& limits) : limits_(limits) {}
    // Consumes from the front of `bytes`; each piece of data is appended to `data` (views). `used` as above.
    Progress feed(std::string_view bytes, size_t& used, std::vector<std::string_view>& data);
    Refusal refusal;
    uint64_t total() const { return total_; }

  private:
    enum class State { size, extension, size_lf, data, data_cr, data_lf, trailer, done, bad };
    Limits limits_;
    State state_ = State::size;
    uint64_t remaining_ = 0, total_ = 0;
    size_t line_ = 0;
    std::string trailer_;
    int digits_ = 0;
};

// Connection, the fields it names, and the others of RFC 9110 7.6.1 that end at each hop.
bool hop_by_hop(std::string_view name, const std::vector<Field>& fields);

}  // namespace trot::http
