// Lines of an HTTP head or trailer section, cut at CRLF and nothing else: a bare CR or LF is an error, because two
// parsers that disagree about where a line ends disagree about what a message is. Every byte is looked at once, however
// the bytes arrive, and every answer depends on the position in the stream only, never on how it was split. Callers:
// the parsers of http.h. Threads: a value, one owner.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace trot::http {

class LineReader {
  public:
    enum class Step { more, line, bare_cr, bare_lf, too_long };
    // Takes bytes from the front of `bytes` (`used` says how many) until a line is complete. `limit` counts the whole
    // line with its CRLF. `line` has no CRLF and is valid until the next call.
    Step next(std::string_view bytes, size_t& used, size_t limit, std::string_view& line);
    size_t pending() const { return ready_ ? 0 : pending_.size(); }
    void reset();

  private:
    std::string pending_;  // the part of a line that came in earlier calls; empty when a line arrives whole
    bool ready_ = false;   // pending_ is the line handed out last
};

}  // namespace trot::http
