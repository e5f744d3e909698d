// Whole HTTP messages over the strict parsers of the standalone host. Callers: explain (files), listen (connections).
// Threads: values, one owner.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shim/standalone/http.h"

namespace trot::cli {

// A message's body, whatever its framing, gathered up to a limit.
class BodyReader {
  public:
    BodyReader(http::Framing framing, uint64_t length, const http::Limits& limits);
    // Consumes from the front of `bytes`; `used` says how many. A body that ends with the connection is never `done`.
    http::Progress feed(std::string_view bytes, size_t& used);
    std::string body;
    http::Refusal refusal;

  private:
    http::Progress take(std::string_view piece, bool last);
    http::Framing framing_;
    uint64_t remaining_;
    uint64_t most_;
    http::ChunkDecoder chunks_;
};

// One exchange as explain looks at it.
struct Exchange {
    std::string method, target, host;
    std::vector<http::Field> request_fields;
    std::string request_body;
    int status = 0;  // 0: there was no answer
    std::vector<http::Field> response_fields;
    std::string response_body;
};

// Reads a raw request and its answer; the names are for messages. Throws Failure when the text is no such message.
Exchange read_exchange(std::string_view request, const std::string& request_name, std::string_view response,
                       const std::string& response_name);

// The entries of an HTTP Archive (HAR 1.2), in order. Throws Failure.
std::vector<Exchange> read_har(const std::string& text, const std::string& name);

}  // namespace trot::cli
