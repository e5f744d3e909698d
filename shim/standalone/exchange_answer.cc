// The answer's half: interim answers, head → judged again → held or streamed, body with back-pressure, end → commit →
// release.
#include "shim/standalone/exchange.h"
#include "shim/standalone/flow.h"
#include "shim/standalone/http_text.h"

namespace trot::host {
namespace {

constexpr int kMostInterims = 32;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

// ---- reading ----

void Exchange::upstream_readable() {
    while (upstream_ != nullptr && upstream_->stream().reading()) {
        const std::string_view bytes = upstream_->stream().peek();
        if (bytes.empty()) return;
        if (phase_ != Phase::tunnel || client_end_ || upstream_end_)
            upstream_->expect(plan_->settings.upstream_timeout_ms);
        if (phase_ == Phase::head)
            read_answer_head(bytes);
        else
            read_answer_body(bytes);
    }
}

void Exchange::read_answer_head(std::string_view bytes) {
    size_t used = 0;
    answer_started_ = true;
    const http::Progress progress = answer_.feed(bytes, used, request_.method);
    upstream_->stream().drain(used);
    if (progress == http::Progress::bad) {
        worker_.log.say(TROT_LOG_WARNING,
                        "upstream's answer to " + request_.method + " " + request_.target + ": " + answer_.refusal.why);
        return fail(502, "the upstream's answer is malformed");
    }
    if (progress == http::Progress::done) answer_head();
}

void Exchange::answer_head() {
    if (answer_.head.status == 101) {
        if (!request_.upgrade) return fail(502, "the upstream switched protocols unasked");
        return begin_tunnel();
    }
    if (answer_.head.status < 200) return interim();
    status_ = answer_.head.status;
    phase_ = Phase::body;
    expects_continue_ = false;
    timer_.clear();
    judge_answer();
    AnswerShape shape;
    shape_answer(shape);
    std::string& head = worker_.scratch;
    head.clear();
    append_answer_head(head, answer_.head, shape);
    send(head);
    answer_body_.start(answer_.head.framing, answer_.head.length, http::Limits{});
    if (answer_body_.complete()) answer_end();
}

void Exchange::interim() {
    if (++interims_ > kMostInterims) return fail(502, "the upstream sent too many interim answers");
    const bool awaited = answer_.head.status == 100 && expects_continue_;
    if (client_ != nullptr && request_.minor > 0 && (awaited || answer_.head.status != 100)) {
        std::string& head = worker_.scratch;
        head.clear();
        append_answer_head(head, answer_.head, AnswerShape{});
        client_->write(head);
    }
    if (awaited) {
        expects_continue_ = false;
        timer_.clear();
        if (client_ != nullptr) client_->continue_sent();
    }
    answer_.reset();
}

void Exchange::judge_answer() {
    if (capture_ == nullptr) return;
    std::vector<trot_field>& fields = worker_.fields;
    fields.clear();
    for (const http::Field& one : answer_.head.fields) fields.push_back({to_text(one.name), to_text(one.value)});
    trot_response response{};
    response.size = sizeof response;
    response.status = static_cast<uint32_t>(status_);
    response.fields = fields.data();
    response.nfields = fields.size();
    trot_verdict revised = verdict_;
    if (trot_capture_response(capture_, &response, &revised) != TROT_OK || revised.action == TROT_IGNORE)
        return abandon();
    if (verdict_.action != TROT_HOLD || client_ == nullptr) return;
    hold_.begin(now_ms());
    timer_.set(verdict_.hold_ms);
}

// How the answer's end is marked depends on both sides: chunks where the client knows them, else the connection's end.
void Exchange::shape_answer(AnswerShape& shape) {
    const http::Framing framing = answer_.head.framing;
    const bool open_end = framing == http::Framing::chunked || framing == http::Framing::close;
    const bool announced = request_.method == "HEAD" && answer_.head.find("transfer-encoding") != nullptr;
    chunk_answer_ = open_end && request_.minor > 0;
    keep_alive_ = client_ != nullptr && client_->may_keep_alive() && (!open_end || chunk_answer_);
    shape.chunked = chunk_answer_ || (announced && request_.minor > 0);
    shape.close = !keep_alive_;
    shape.keep_alive_10 = request_.minor == 0;
}

void Exchange::read_answer_body(std::string_view bytes) {
    size_t used = 0;
    pieces_.clear();
    const http::Progress progress = answer_body_.feed(bytes, used, pieces_);
    for (const std::string_view piece : pieces_) answer_piece(piece);
    upstream_->stream().drain(used);
    if (progress == http::Progress::bad) {
        worker_.log.say(TROT_LOG_WARNING, "upstream's answer to " + request_.method + " " + request_.target + ": " +
                                              answer_body_.refusal.why);
        drop_upstream();
        return answer_broken();
    }
    if (progress == http::Progress::done) return answer_end();
    limit_flow();
}

void Exchange::answer_piece(std::string_view piece) {
    if (capture_ != nullptr) {
        trot_capture_body(capture_, to_text(piece));
        captured_ += piece.size();
    }
    sent_body_ += piece.size();
    if (!chunk_answer_) return send(piece);
    char room[20];
    send(chunk_head(piece.size(), room));
    send(piece);
    send(kChunkEnd);
}

void Exchange::send(std::string_view bytes) {
    if (client_ == nullptr) return;
    if (hold_.active())
        hold_.add(bytes);
    else
        client_->write(bytes);
}

void Exchange::limit_flow() {
    if (hold_.active() && capture_ != nullptr && captured_ > verdict_.response_cap) {
        // No more of it is kept; what is known is recorded now, and the answer waits where it is.
        commit(request_done_ ? TROT_PART_REQUEST : 0);
        if (token_ == nullptr) return release();
    }
    if (hold_.active() && token_ != nullptr) {
        upstream_->want_read(false);
        upstream_->forget();
    } else if (client_ != nullptr && client_->unsent() > kHigh) {
        upstream_->want_read(false);
        upstream_->forget();
        client_->notify_low();
    }
}

void Exchange::resume_answer() {
    if (upstream_ == nullptr) return;
    if (client_ != nullptr && client_->unsent() > kHigh) return client_->notify_low();
    upstream_->want_read(true);
    if (phase_ != Phase::tunnel) upstream_->expect(plan_->settings.upstream_timeout_ms);
}

void Exchange::client_writable() {
    if (!hold_.active() || token_ == nullptr) resume_answer();
}

// ---- the end ----

void Exchange::answer_end() {
    if (chunk_answer_) send(kLastChunk);
    const bool clean = answer_.head.keep_alive && request_done_ && !upstream_deaf_ && !answer_body_.until_end() &&
                       upstream_->stream().reading() && evbuffer_get_length(upstream_->stream().input()) == 0;
    if (clean) {
        upstream_->give_back(plan_->settings.upstream_connections);
        upstream_ = nullptr;
    } else {
        drop_upstream();
    }
    settle((request_done_ ? TROT_PART_REQUEST : 0) | TROT_PART_RESPONSE);
}

// The body broke off: the client gets the bytes that came and then sees its connection cut.
void Exchange::answer_broken() {
    keep_alive_ = false;
    settle((request_done_ ? TROT_PART_REQUEST : 0) | TROT_ENDED_EARLY);
}

void Exchange::settle(uint32_t parts) {
    answer_read_ = true;
    commit(parts);
    if (hold_.active() && token_ != nullptr) return;  // recorded() or the deadline goes on
    release();
}

void Exchange::commit(uint32_t parts) {
    if (capture_ == nullptr) return;
    auto* token = new Token(worker_, *this);
    const int code = trot_capture_commit(capture_, parts, token);
    capture_ = nullptr;
    if (code == TROT_OK) {
        token_ = token;
        return;
    }
    delete token;
    worker_.log.say(TROT_LOG_ALARM, "the change by " + request_.method + " " + request_.target +
                                        " could not be handed to the recorder (code " + std::to_string(code) + ")");
}

void Exchange::recorded(const trot_done& result) {
    token_ = nullptr;
    events_ = result.ids;
    if (hold_.active()) release();
}

void Exchange::release() {
    timer_.clear();
    if (hold_.active() && client_ != nullptr) hold_.release(*client_, now_ms());
    hold_.forget();
    if (answer_read_)
        complete();
    else
        resume_answer();
}

void Exchange::timer_fired(void* self) {
    auto& exchange = *static_cast<Exchange*>(self);
    if (exchange.phase_ == Phase::head) {
        if (!exchange.expects_continue_ || exchange.client_ == nullptr) return;
        exchange.expects_continue_ = false;
        exchange.client_->continue_sent();
        exchange.client_->write(kContinue);
        return;
    }
    if (!exchange.hold_.active()) return;
    exchange.worker_.log.say(TROT_LOG_WARNING, "the answer to " + exchange.request_.method + " " +
                                                   exchange.request_.target +
                                                   " was let go before its record was durable: the store is slow");
    exchange.release();
}

void Exchange::complete() {
    phase_ = Phase::over;
    drop_upstream();
    abandon();
    timer_.clear();
    if (token_ != nullptr) {
        token_->detach(worker_.access.enabled() ? log_line() : std::string());
        token_ = nullptr;
    } else if (worker_.access.enabled()) {
        worker_.access.finish(log_line(), events_);
    }
    worker_.exchanges.erase(place_);
    worker_.bury(this);
    if (client_ != nullptr) client_->finish(keep_alive_ && request_done_);
    client_ = nullptr;
}

std::string Exchange::log_line() const {
    AccessEntry entry;
    entry.peer = peer_;
    entry.method = request_.method;
    entry.target = request_.target;
    entry.minor = request_.minor;
    entry.status = status_ != 0 ? status_ : 499;
    entry.bytes = sent_body_;
    entry.request_ms = now_ms() - began_ms_;
    entry.hold_ms = hold_.lasted_ms();
    if (const std::string* referer = request_.find("referer")) entry.referer = *referer;
    if (const std::string* agent = request_.find("user-agent")) entry.agent = *agent;
    return worker_.access.format(entry);
}

void Exchange::stop_now() {
    if (capture_ != nullptr && phase_ == Phase::body)
        commit((request_done_ ? TROT_PART_REQUEST : 0) | TROT_ENDED_EARLY);
}

void Exchange::discard() {
    client_ = nullptr;
    complete();
}

// ---- what goes wrong ----

void Exchange::upstream_failed(int status, const std::string& why) {
    worker_.log.say(TROT_LOG_ERROR, "upstream " + plan_->upstream->authority() + ": " + why);
    fail(status, status == 504 ? "the upstream did not answer in time" : "the upstream cannot be reached");
}

void Exchange::upstream_timeout() {
    if (phase_ == Phase::head && !request_done_ && upstream_->unsent() == 0)
        return upstream_->expect(plan_->settings.upstream_timeout_ms);  // it waits for the client as we do
    if (phase_ == Phase::head) return fail(504, "the upstream did not answer in time");
    if (phase_ == Phase::tunnel) return end_tunnel();
    drop_upstream();
    answer_broken();
}

void Exchange::upstream_ended(End how) {
    if (phase_ == Phase::tunnel) {
        if (how == End::eof) return end_tunnel_side(upstream_end_);
        return end_tunnel();
    }
    if (how == End::write_error) {
        // It may have answered before it stopped reading.
        upstream_deaf_ = true;
        if (client_ != nullptr) client_->pause_body(false);
        return;
    }
    if (phase_ == Phase::head) {
        if (!retry()) fail(502, "the upstream closed the connection without an answer");
        return;
    }
    if (answer_body_.until_end() && how == End::eof) return answer_end();
    drop_upstream();
    answer_broken();
}

// ---- tunnels ----

void Exchange::begin_tunnel() {
    status_ = 101;
    phase_ = Phase::tunnel;
    abandon();
    if (client_ == nullptr) return complete();
    AnswerShape shape;
    shape.upgrade = true;
    std::string& head = worker_.scratch;
    head.clear();
    append_answer_head(head, answer_.head, shape);
    client_->write(head);
    upstream_->forget();
    answer_body_.start(http::Framing::close, 0, http::Limits{});
    chunk_answer_ = false;
    client_->tunnel();
}

void Exchange::end_tunnel_side(bool& side) {
    side = true;
    if (client_end_ && upstream_end_) return end_tunnel();
    if (client_end_)
        upstream_->stream().shutdown_write();
    else
        client_->shutdown_write();
    upstream_->expect(plan_->settings.upstream_timeout_ms);  // what is half closed does not stay for ever
}

void Exchange::end_tunnel() {
    keep_alive_ = false;
    complete();
}

}  // namespace trot::host
