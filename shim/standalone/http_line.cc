#include "shim/standalone/http_line.h"

namespace trot::http {

void LineReader::reset() {
    pending_.clear();
    ready_ = false;
}

LineReader::Step LineReader::next(std::string_view bytes, size_t& used, size_t limit, std::string_view& line) {
    used = 0;
    if (ready_) reset();
    if (bytes.empty()) return Step::more;
    if (pending_.size() >= limit) return Step::too_long;
    const std::string_view part = bytes.substr(0, limit - pending_.size());
    const size_t newline = part.find('\n');
    const std::string_view content = part.substr(0, newline);

    const bool after_cr = !pending_.empty() && pending_.back() == '\r';
    const bool ends_with_cr = content.empty() ? after_cr : content.back() == '\r';
    const size_t cr = content.find('\r');
    if ((after_cr && !content.empty()) || (cr != std::string_view::npos && cr + 1 < content.size()))
        return Step::bare_cr;

    if (newline == std::string_view::npos) {
        pending_ += part;
        used = part.size();
        return pending_.size() >= limit ? Step::too_long : Step::more;
    }
    if (!ends_with_cr) return Step::bare_lf;
    used = newline + 1;
    if (pending_.empty()) {
        line = content.substr(0, content.size() - 1);
    } else {
        pending_ += content;
        pending_.pop_back();
        ready_ = true;
        line = pending_;
    }
    return Step::line;
}

}  // namespace trot::http
