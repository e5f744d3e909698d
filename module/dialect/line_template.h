// LineTemplate: text with {{name}} in it, for what is signed and for the header that carries it. Not Mustache: a body
// of any bytes must go in as it is, and the header must be read back. {{signatures}} stands for all of them, with ","
// between, or what is behind a bar: "{{signatures|,v1=}}". Callers: plain. Threads: immutable.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace trot {

class LineTemplate {
  public:
    // names: those that may stand in braces. Fault{Code::config}.
    static Result<LineTemplate> read(std::string_view text, const std::vector<std::string_view>& names);

    struct Piece {
        std::string text;  // a name where it is one
        bool is_name = false;
        std::string between;  // behind a bar; "," without one
    };
    const std::vector<Piece>& pieces() const { return pieces_; }
    bool has(std::string_view name) const;

    std::string render(const std::function<std::string(const Piece&)>& value) const;
    // What each name became in `line`, in their order: the shortest that lets the text behind it fit. Nothing when the
    // line is no such line.
    std::optional<std::vector<std::pair<const Piece*, std::string_view>>> match(std::string_view line) const;

  private:
    std::vector<Piece> pieces_;
};

}  // namespace trot
