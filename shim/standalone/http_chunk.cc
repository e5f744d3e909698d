// The chunked transfer coding, RFC 9112 7.1, read strictly (errata 7633: CRLF only).
#include <algorithm>

#include "shim/standalone/http.h"
#include "shim/standalone/http_text.h"

namespace trot::http {

namespace {
constexpr size_t kPlainLine = 20;  // sixteen digits and CRLF need no more
}

Progress ChunkDecoder::refuse(int status, std::string why) {
    state_ = State::bad;
    refusal.status = status;
    refusal.why = std::move(why);
    return Progress::bad;
}

bool ChunkDecoder::size_digit(char c) {
    const int value = hex(c);
    if (value < 0) return false;
    ++digits_;
    size_ = size_ << 4 | static_cast<uint64_t>(value);
    return true;
}

void ChunkDecoder::follow_quotes(char c) {
    switch (quote_) {
        case Quote::none:
            quote_ = c == '"' ? Quote::open : Quote::none;
            break;
        case Quote::open:
            quote_ = c == '"' ? Quote::none : c == '\\' ? Quote::escape : Quote::open;
            break;
        case Quote::escape:
            quote_ = Quote::open;
            break;
    }
}

// One byte of a size line. Bytes and not lines, so that a wrong size is refused before anything after it can be taken
// for data.
Progress ChunkDecoder::size_line(char c) {
    if (++line_ > limits_.chunk_line_bytes) return refuse(400, "the size line of a chunk is too long");
    // Extensions and leading zeros that outweigh the data are an attack on our time, not a message.
    if (line_ > kPlainLine && ++waste_ > limits_.trailer_bytes + total_)
        return refuse(400, "more chunk extensions than data");
    switch (state_) {
        case State::size:
            if (size_ >> 59 != 0 && hex(c) >= 0) return refuse(400, "the size of a chunk is no number that can be");
            if (size_digit(c)) return Progress::more;
            if (digits_ == 0) return refuse(400, "a chunk without a size");
            if (c == '\r') {
                state_ = State::size_lf;
            } else if (c == ';') {
                state_ = State::extension;
            } else {
                return refuse(400, "the size of a chunk is not hexadecimal digits only");
            }
            return Progress::more;
        case State::extension:
            if (c == '\r') {
                if (quote_ != Quote::none)
                    return refuse(400, "a chunk extension's quoted string does not end in its line");
                state_ = State::size_lf;
            } else if (!text_char(c)) {
                return refuse(400, "control character in a chunk extension");
            } else {
                follow_quotes(c);
            }
            return Progress::more;
        default:
            if (c != '\n') return refuse(400, "CR without LF after a chunk's size");
            if (limits_.body_bytes > 0 && (size_ > limits_.body_bytes || total_ > limits_.body_bytes - size_))
                return refuse(413, "the body is larger than " + std::to_string(limits_.body_bytes) + " bytes");
            state_ = size_ == 0 ? State::trailer : State::data;
            remaining_ = size_;
            size_ = 0;
            line_ = digits_ = 0;
            return Progress::more;
    }
}

Progress ChunkDecoder::trailer(std::string_view line) {
    if (line.empty()) {
        state_ = State::done;
        return Progress::done;
    }
    std::string_view name;
    std::string_view value;
    if (const char* wrong = split_field(line, name, value)) return refuse(400, std::string("a trailer line ") + wrong);
    if (++trailer_count_ > limits_.field_count) return refuse(431, "too many trailer fields");
    return Progress::more;
}

Progress ChunkDecoder::feed(std::string_view bytes, size_t& used, std::vector<std::string_view>& data) {
    used = 0;
    if (state_ == State::done) return Progress::done;
    if (state_ == State::bad) return Progress::bad;
    while (used < bytes.size()) {
        switch (state_) {
            case State::data: {
                const std::string_view piece =
                    bytes.substr(used, static_cast<size_t>(std::min<uint64_t>(remaining_, bytes.size() - used)));
                data.push_back(piece);
                used += piece.size();
                total_ += piece.size();
                remaining_ -= piece.size();
                if (remaining_ == 0) state_ = State::data_cr;
                break;
            }
            case State::data_cr:
            case State::data_lf:
                if (bytes[used++] != (state_ == State::data_cr ? '\r' : '\n'))
                    return refuse(400, "no CR LF after the data of a chunk");
                state_ = state_ == State::data_cr ? State::data_lf : State::size;
                break;
            case State::trailer: {
                const size_t before = lines_.pending();
                size_t taken = 0;
                std::string_view line;
                const LineReader::Step step =
                    lines_.next(bytes.substr(used), taken, limits_.trailer_bytes - trailer_bytes_, line);
                used += taken;
                if (step == LineReader::Step::more) return Progress::more;
                if (step == LineReader::Step::too_long) return refuse(431, "the trailer section is too long");
                if (step != LineReader::Step::line) return refuse(400, "a trailer line does not end with CR LF");
                trailer_bytes_ += before + taken;
                if (const Progress progress = trailer(line); progress != Progress::more) return progress;
                break;
            }
            default:
                if (size_line(bytes[used++]) == Progress::bad) return Progress::bad;
        }
    }
    return Progress::more;
}

}  // namespace trot::http
