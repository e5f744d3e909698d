#include "shim/standalone/body.h"

#include <algorithm>

namespace trot::host {

using http::Framing;
using http::Progress;

void BodyReader::start(Framing framing, uint64_t length, const http::Limits& limits) {
    framing_ = framing;
    left_ = length;
    chunks_.reset();
    if (framing == Framing::chunked) chunks_.emplace(limits);
    complete_ = framing == Framing::none || (framing == Framing::length && length == 0);
}

Progress BodyReader::feed(std::string_view bytes, size_t& used, std::vector<std::string_view>& pieces) {
    used = 0;
    if (complete_) return Progress::done;
    if (framing_ == Framing::chunked) {
        const Progress progress = chunks_->feed(bytes, used, pieces);
        complete_ = progress == Progress::done;
        if (progress == Progress::bad) refusal = chunks_->refusal;
        return progress;
    }
    used = framing_ == Framing::close ? bytes.size() : static_cast<size_t>(std::min<uint64_t>(left_, bytes.size()));
    if (used > 0) pieces.push_back(bytes.substr(0, used));
    if (framing_ == Framing::close) return Progress::more;
    left_ -= used;
    complete_ = left_ == 0;
    return complete_ ? Progress::done : Progress::more;
}

std::string_view chunk_head(size_t size, char (&room)[20]) {
    char* at = room + sizeof room;
    *--at = '\n';
    *--at = '\r';
    do *--at = "0123456789abcdef"[size & 15];
    while ((size >>= 4) != 0);
    return {at, static_cast<size_t>(room + sizeof room - at)};
}

}  // namespace trot::host
