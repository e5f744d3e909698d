// Bodies on their way: BodyReader takes one off a connection whatever its framing; append_chunk() frames a piece anew.
// Callers: the client's side and the exchange. Threads: values, one owner.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shim/standalone/http.h"

namespace trot::host {

class BodyReader {
  public:
    void start(http::Framing framing, uint64_t length, const http::Limits& limits);
    // Consumes from the front of `bytes`; `pieces` gets the data as views into it. done: the body is complete.
    http::Progress feed(std::string_view bytes, size_t& used, std::vector<std::string_view>& pieces);
    bool complete() const { return complete_; }
    bool until_end() const { return framing_ == http::Framing::close; }  // only the connection's end ends it
    http::Refusal refusal;

  private:
    http::Framing framing_ = http::Framing::none;
    uint64_t left_ = 0;
    bool complete_ = true;
    std::optional<http::ChunkDecoder> chunks_;
};

// The size line before a piece's data; "\r\n" follows the data and "0\r\n\r\n" the last.
std::string_view chunk_head(size_t size, char (&room)[20]);
inline constexpr std::string_view kChunkEnd = "\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace trot::host
