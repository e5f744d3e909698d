// The strict HTTP/1.1 front of the standalone host: heads, framing and bodies of requests and of upstream answers.
// Parsers only: no sockets, no allocation beyond the head's copy, linear time. RFC 9110 and 9112; where they leave room
// we refuse (the corpus in tests/cases/smuggling says what and why). Callers: the proxy (client and upstream side),
// `trotline listen`, `trotline explain`, the fuzz targets. Threads: values, one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shim/standalone/http_line.h"

namespace trot::http {

struct Field {
    std::string name;   // as sent
    std::string value;  // trimmed of surrounding SP and TAB
};

struct Limits {
    size_t head_bytes = 32768;
    size_t field_count = 100;
    size_t target_bytes = 8192;
    uint64_t body_bytes = 0;        // 0: no limit
    size_t chunk_line_bytes = 256;  // size and extensions of one chunk
    size_t trailer_bytes = 8192;
};

enum class Framing { none, length, chunked, close };  // close: answers only

struct RequestHead {
    std::string method;
    std::string target;  // origin form or "*", as sent; of an absolute-form target its path and query
    std::string host;  // of an absolute-form target, which then also replaces the Host field (RFC 9112 3.2.2); else the
                       // Host field
    int minor = 1;     // HTTP/1.minor
    std::vector<Field> fields;
    Framing framing = Framing::none;  // `length` also for Content-Length: 0
    uint64_t length = 0;  // the Content-Length field is rewritten to it (010 and 10 must not be two lengths upstream)
    bool keep_alive = true;
    bool expect_continue = false;  // and a body is declared
    bool upgrade =
        false;  // Connection: upgrade and an Upgrade field, no body, and not to h2c, which is never passed on
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

// What both head parsers share: lines, limits, fields.
class HeadReader {
  public:
    Refusal refusal;

  protected:
    explicit HeadReader(const Limits& limits) : limits_(limits) {}
    Progress refuse(int status, std::string why);
    Progress refuse_line(LineReader::Step step, int too_long_status);
    Progress add_field(std::string_view line, std::vector<Field>& fields);
    void restart();

    enum class State { start, fields, done, bad };
    Limits limits_;
    LineReader lines_;
    State state_ = State::start;
    size_t taken_ = 0;  // bytes of the head so far, complete lines only
    size_t line_ = 0;   // lines so far
};

// Feed bytes until done or bad. `used` says how many were consumed: after `done`, the rest belongs to the body or the
// next message. After `bad` the connection cannot go on: nobody knows where the next message starts.
class RequestParser : public HeadReader {
  public:
    explicit RequestParser(const Limits& limits) : HeadReader(limits) {}
    Progress feed(std::string_view bytes, size_t& used);
    RequestHead head;
    bool started() const;  // a byte of the head has been seen (leading CRLFs do not count)
    void reset();

  private:
    Progress request_line(std::string_view line);
    Progress target(std::string_view text);
    Progress finish();
    Progress frame();
    size_t empty_lines_ = 0;
    bool absolute_ = false;
};

class ResponseParser : public HeadReader {
  public:
    explicit ResponseParser(const Limits& limits) : HeadReader(limits) {}
    // request_method decides framing (HEAD and 2xx to CONNECT have no body). 1xx heads are reported like others; the
    // caller goes on with reset() (at most 32 of them) unless it is 101.
    Progress feed(std::string_view bytes, size_t& used, std::string_view request_method);
    ResponseHead head;
    void reset();

  private:
    Progress status_line(std::string_view line);
    Progress finish(std::string_view request_method);
};

// Chunked coding (RFC 9112 7.1), strict: CRLF only, no signs, spaces or underscores in sizes, extensions tolerated and
// dropped, trailers checked and dropped. Gives the data pieces as views into the fed bytes.
class ChunkDecoder {
  public:
    explicit ChunkDecoder(const Limits& limits) : limits_(limits) {}
    // Consumes from the front of `bytes`; each piece of data is appended to `data` (views). `used` as above.
    Progress feed(std::string_view bytes, size_t& used, std::vector<std::string_view>& data);
    Refusal refusal;
    uint64_t total() const { return total_; }

  private:
    enum class State { size, extension, size_lf, data, data_cr, data_lf, trailer, done, bad };
    Progress refuse(int status, std::string why);
    bool size_digit(char c);
    void follow_quotes(char c);
    Progress size_line(char c);
    Progress trailer(std::string_view line);
    Limits limits_;
    LineReader lines_;
    State state_ = State::size;
    uint64_t size_ = 0, remaining_ = 0, total_ = 0;
    uint64_t waste_ = 0;  // bytes of size lines beyond what sizes need
    size_t line_ = 0;     // bytes of this size line
    size_t digits_ = 0;
    size_t trailer_bytes_ = 0, trailer_count_ = 0;
    enum class Quote { none, open, escape } quote_ = Quote::none;
};

// Connection, the fields it names, and the others of RFC 9110 7.6.1 that end at each hop; also in the spelling that a
// CGI-style application reads as the same name (Transfer_Encoding). Fields that say what the message is cannot be
// dropped by naming them in Connection.
bool hop_by_hop(std::string_view name, const std::vector<Field>& fields);

}  // namespace trot::http
