// A connection as the proxy sees it, without sockets: feeds bytes through the parsers, answers every request with 200,
// counts what it saw. For the tests of the parsers and their fuzz targets.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shim/standalone/http.h"

namespace trot::http {

struct Exchange {
    std::string line;  // method, target, host
    std::string body;
    bool operator==(const Exchange&) const = default;
};

class ClientConnection {
  public:
    explicit ClientConnection(const Limits& limits) : limits_(limits), head_(limits), chunks_(limits) {}

    // False once nothing more will be read: refused, or the last request of the connection is complete.
    bool feed(std::string_view bytes) {
        while (!bytes.empty() && open_) {
            size_t used = 0;
            if (!in_body_) {
                const Progress progress = head_.feed(bytes, used);
                if (progress == Progress::bad) return refuse(head_.refusal);
                if (progress == Progress::done) begin_body();
            } else if (head_.head.framing == Framing::chunked) {
                pieces_.clear();
                const Progress progress = chunks_.feed(bytes, used, pieces_);
                for (const std::string_view piece : pieces_) exchange_.body += piece;
                if (progress == Progress::bad) return refuse(chunks_.refusal);
                if (progress == Progress::done) complete();
            } else {
                used = std::min<uint64_t>(left_, bytes.size());
                exchange_.body += bytes.substr(0, used);
                left_ -= used;
                if (left_ == 0) complete();
            }
            bytes.remove_prefix(used);
        }
        return open_;
    }

    std::vector<Exchange> exchanges;  // complete ones
    std::vector<std::string> heads;   // every accepted head, serialised
    int refused = 0;                  // the status of the refusal, 0 when there was none
    std::string why;
    // Silent in the middle of a message: a server would wait, and time out.
    bool waits() const { return open_ && (in_body_ || head_.started()); }

    // "200 200", "400", "200 400", "wait"
    std::string verdict() const {
        std::string text;
        for (size_t i = 0; i < exchanges.size(); ++i) text += "200 ";
        if (refused != 0) text += std::to_string(refused) + " ";
        if (waits()) text += "wait ";
        if (!text.empty()) text.pop_back();
        return text;
    }

  private:
    bool refuse(const Refusal& refusal) {
        refused = refusal.status;
        why = refusal.why;
        open_ = false;
        return false;
    }
    void begin_body() {
        const RequestHead& head = head_.head;
        exchange_ = Exchange{head.method + " " + head.target + " " + head.host, ""};
        heads.push_back(serialise(head));
        chunks_ = ChunkDecoder(limits_);
        left_ = head.length;
        in_body_ = true;
        if (head.framing == Framing::none || (head.framing == Framing::length && left_ == 0)) complete();
    }
    void complete() {
        exchanges.push_back(exchange_);
        open_ = head_.head.keep_alive;
        in_body_ = false;
        head_.reset();
    }
    static std::string serialise(const RequestHead& head) {
        std::string text = head.method + " " + head.target + " HTTP/1." + std::to_string(head.minor) + "\r\n";
        for (const Field& field : head.fields) text += field.name + ": " + field.value + "\r\n";
        return text + "\r\n";
    }

    Limits limits_;
    RequestParser head_;
    ChunkDecoder chunks_;
    Exchange exchange_;
    std::vector<std::string_view> pieces_;
    uint64_t left_ = 0;
    bool in_body_ = false, open_ = true;
};

// What became of an upstream's answer to one request.
class UpstreamConnection {
  public:
    UpstreamConnection(const Limits& limits, std::string method)
        : limits_(limits), method_(std::move(method)), head_(limits), chunks_(limits) {}

    bool feed(std::string_view bytes) {
        while (!bytes.empty() && state_ != State::over) {
            size_t used = 0;
            if (state_ == State::head) {
                const Progress progress = head_.feed(bytes, used, method_);
                if (progress == Progress::bad) return refuse(head_.refusal);
                if (progress == Progress::done && !begin_body()) return false;
            } else if (head_.head.framing == Framing::chunked) {
                pieces_.clear();
                const Progress progress = chunks_.feed(bytes, used, pieces_);
                for (const std::string_view piece : pieces_) body += piece;
                if (progress == Progress::bad) return refuse(chunks_.refusal);
                if (progress == Progress::done) end(true);
            } else if (head_.head.framing == Framing::length) {
                used = std::min<uint64_t>(left_, bytes.size());
                body += bytes.substr(0, used);
                left_ -= used;
                if (left_ == 0) end(true);
            } else {
                used = bytes.size();
                body += bytes;
            }
            bytes.remove_prefix(used);
        }
        surplus += bytes.size();
        return state_ != State::over;
    }
    // The upstream closed: the end of a close-delimited answer, or a cut one.
    void close() {
        if (state_ == State::over) return;
        if (state_ == State::body && head_.head.framing == Framing::close) return end(true);
        if (state_ == State::head) {
            refused = 502;
            why = "closed before the head was complete";
        }
        end(false);
    }

    int status = 0;         // of the final head, once it is there
    int interim = 0;        // 1xx heads before it
    int refused = 0;        // 502, also in the middle of a body
    bool complete = false;  // the whole body came
    size_t surplus = 0;     // bytes after the answer's end: the connection cannot be used again
    bool reusable = false;
    std::string body, why, head;

    // "502"; "200 short" when the head went out before the fault; "200 closes" or "200" for a connection that lives on.
    std::string verdict() const {
        if (status == 0) return "502";
        return std::to_string(status) + (!complete ? " short" : reusable && surplus == 0 ? "" : " closes");
    }

  private:
    enum class State { head, body, over };
    bool refuse(const Refusal& refusal) {
        refused = refusal.status;
        why = refusal.why;
        end(false);
        return false;
    }
    void end(bool whole) {
        state_ = State::over;
        complete = whole;
        reusable = whole && head_.head.keep_alive;
    }
    bool begin_body() {
        const ResponseHead& got = head_.head;
        if (got.status < 200 && got.status != 101) {
            if (++interim > 32) return refuse(Refusal{502, "more than 32 interim answers"});
            head_.reset();
            return true;
        }
        if (got.status == 101) return refuse(Refusal{502, "101 without having asked for an upgrade"});
        status = got.status;
        head = "HTTP/1." + std::to_string(got.minor) + " " + std::to_string(got.status) + " " + got.reason + "\r\n";
        for (const Field& field : got.fields) head += field.name + ": " + field.value + "\r\n";
        head += "\r\n";
        left_ = got.length;
        state_ = State::body;
        if (got.framing == Framing::none || (got.framing == Framing::length && left_ == 0)) end(true);
        return true;
    }

    Limits limits_;
    std::string method_;
    ResponseParser head_;
    ChunkDecoder chunks_;
    std::vector<std::string_view> pieces_;
    uint64_t left_ = 0;
    State state_ = State::head;
};

}  // namespace trot::http
