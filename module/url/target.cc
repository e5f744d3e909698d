#include "url/target.h"

#include "url/percent.h"

namespace trot {
namespace {

// Collects decoded bytes into segments; "." and ".." act when their segment closes, so an encoded dot is no way round
// them.
class Cutter {
  public:
    explicit Cutter(NormalPath& out) : out_(out) {}

    bool put(char c) {
        if (end_ == max_path) return false;
        out_.bytes[end_++] = c;
        return true;
    }

    // Ends a segment; `last` is the one that no separator follows.
    bool close(bool last) {
        const std::string_view segment(out_.bytes.data() + begin_, end_ - begin_);
        if (segment == "." || segment == "..") {
            out_.flags |= NormalPath::dot_segments;
            end_ = begin_;
            if (segment.size() == 2 && out_.count > 0) {
                --out_.count;
                begin_ = end_ = static_cast<size_t>(out_.segments[out_.count].data() - out_.bytes.data());
            }
            if (last && out_.count > 0) out_.flags |= NormalPath::trailing_slash;  // RFC 3986: "/a/b/.." is "/a/"
            return true;
        }
        if (segment.empty() && last) {
            if (out_.count > 0) out_.flags |= NormalPath::trailing_slash;
            return true;
        }
        if (segment.empty()) out_.flags |= NormalPath::empty_segment;
        if (out_.count == max_segments) return false;
        out_.segments[out_.count++] = segment;
        begin_ = end_;
        return true;
    }

  private:
    NormalPath& out_;
    size_t begin_ = 0, end_ = 0;
};

bool cut(std::string_view path, bool fold, bool split, NormalPath& out) {
    Cutter cutter(out);
    if (!path.empty() && path.front() == '/') path.remove_prefix(1);
    for (size_t i = 0; i < path.size(); ++i) {
        char c = path[i];
        if (c == '/') {
            if (!cutter.close(false)) return false;
            continue;
        }
        bool hidden = c == '\\';
        if (c == '%') {
            const int byte = escaped_byte(path, i);
            if (byte < 0) {
                out.flags |= NormalPath::bad_percent;
            } else {
                c = static_cast<char>(byte);
                hidden = c == '/' || c == '\\';
                i += 2;
            }
        }
        if (hidden) out.flags |= NormalPath::encoded_slash;
        const bool fits = hidden && split ? cutter.close(false) : cutter.put(fold ? ascii_lower(c) : c);
        if (!fits) return false;
    }
    return cutter.close(true);
}

}  // namespace

std::string_view path_of(std::string_view target) {
    if (target.empty() || target.front() != '/') {
        const size_t scheme = target.find("://");
        if (scheme != std::string_view::npos &&
            target.substr(0, scheme).find_first_of("/?#") == std::string_view::npos) {
            const size_t path = target.find_first_of("/?", scheme + 3);
            target = path == std::string_view::npos ? std::string_view("/") : target.substr(path);
            if (target.front() == '?') return "/";
        }
    }
    return target.substr(0, target.find('?'));
}

std::string_view query_of(std::string_view target) {
    const size_t mark = target.find('?');
    return mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
}

void normalise_path(std::string_view target, bool fold, bool split_encoded_slash, NormalPath& out) {
    out.count = 0;
    out.flags = 0;
    if (!cut(path_of(target), fold, split_encoded_slash, out)) {
        out.count = 0;
        out.flags |= NormalPath::too_long;
    }
}

}  // namespace trot
