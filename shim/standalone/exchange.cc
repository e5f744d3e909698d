// The request's half: judge → open → send up with back-pressure.
#include "shim/standalone/exchange.h"

#include "shim/standalone/flow.h"

namespace trot::host {
namespace {

constexpr int64_t kContinueMs = 1000;  // an upstream that knows no 100 (Continue) waits for the body

bool safe_method(std::string_view method) { return method == "GET" || method == "HEAD" || method == "OPTIONS"; }

}  // namespace

Exchange::Exchange(Worker& worker, Client& client, http::RequestHead&& head)
    : worker_(worker),
      plan_(worker.now),
      peer_(client.peer()),
      client_(&client),
      request_(std::move(head)),
      answer_(plan_->settings.answer_limits),
      timer_(worker.base, timer_fired, this),
      began_ms_(now_ms()) {
    worker.exchanges.push_back(this);
    place_ = std::prev(worker.exchanges.end());
}

Exchange::~Exchange() {
    if (token_ != nullptr) token_->detach({});
    trot_capture_abandon(capture_);
}

void Exchange::start() {
    strip_internal_fields(request_);
    expects_continue_ = request_.expect_continue;
    if (!open_capture()) return;
    send_up(false);
    if (expects_continue_) timer_.set(kContinueMs);
}

bool Exchange::open_capture() {
    std::vector<trot_field>& fields = worker_.fields;
    fields.clear();
    for (const http::Field& one : request_.fields) fields.push_back({to_text(one.name), to_text(one.value)});
    trot_request request{};
    request.size = sizeof request;
    request.method = to_text(request_.method);
    request.target = to_text(request_.target);
    request.host = to_text(request_.host);
    request.fields = fields.data();
    request.nfields = fields.size();
    verdict_.size = sizeof verdict_;
    if (trot_plan_judge(plan_->plan.get(), &request, &verdict_) != TROT_OK) verdict_.action = TROT_IGNORE;
    if (verdict_.action == TROT_IGNORE) return true;
    if (trot_capture_open(worker_.engine, plan_->plan.get(), &request, &verdict_, &capture_) != TROT_OK)
        capture_ = nullptr;
    if (verdict_.action != TROT_REJECT) return true;
    fail(503, "changes cannot be recorded at the moment; nothing has been changed");
    return false;
}

void Exchange::send_up(bool fresh) {
    upstream_ = plan_->upstream->lend(*this, plan_->settings, fresh);
    std::string& head = worker_.scratch;
    head.clear();
    RequestShape shape;
    if (peer_ != "unix") shape.peer = peer_;
    shape.fallback_host = plan_->upstream->authority();
    shape.trust_forwarded = plan_->settings.trust_forwarded;
    shape.decodable_only = capture_ != nullptr;
    append_request_head(head, request_, shape);
    upstream_->write(head);
    if (upstream_->established()) upstream_->expect(plan_->settings.upstream_timeout_ms);
}

// Only over a connection that had been idle, which its owner may close at any time, only before a byte of an answer,
// and only when the request cannot have been acted upon twice.
bool Exchange::retry() {
    if (upstream_ == nullptr || !upstream_->reused() || phase_ != Phase::head || answer_started_) return false;
    const bool bodyless = request_.framing != http::Framing::chunked && request_.length == 0;
    const bool again = safe_method(request_.method) && bodyless;
    const bool untouched = upstream_->nothing_sent() && bodyless;
    if (!again && !untouched) return false;
    drop_upstream();
    send_up(true);
    return true;
}

void Exchange::body(std::string_view piece) {
    if (capture_ != nullptr) trot_capture_request(capture_, to_text(piece));
    if (upstream_ == nullptr || upstream_deaf_) return;
    if (request_.framing == http::Framing::chunked && phase_ != Phase::tunnel) {
        char room[20];
        upstream_->write(chunk_head(piece.size(), room));
        upstream_->write(piece);
        upstream_->write(kChunkEnd);
    } else {
        upstream_->write(piece);
    }
    if (upstream_->established() && phase_ != Phase::tunnel) upstream_->expect(plan_->settings.upstream_timeout_ms);
    if (upstream_->unsent() > kHigh) {
        client_->pause_body(true);
        upstream_->notify_at(kLow);
    }
}

void Exchange::body_end() {
    if (phase_ == Phase::tunnel) return end_tunnel_side(client_end_);
    request_done_ = true;
    if (upstream_ == nullptr || upstream_deaf_) return;
    if (request_.framing == http::Framing::chunked) upstream_->write(kLastChunk);
    if (upstream_->established()) upstream_->expect(plan_->settings.upstream_timeout_ms);
}

void Exchange::upstream_writable() {
    if (upstream_ == nullptr) return;
    if (phase_ != Phase::tunnel) upstream_->expect(plan_->settings.upstream_timeout_ms);
    if (upstream_->unsent() > kHigh)
        upstream_->notify_at(kLow);
    else if (client_ != nullptr)
        client_->pause_body(false);
}

void Exchange::body_refused(int status, const std::string& why) {
    if (phase_ == Phase::head) return fail(status, why);
    // The answer is on its way already; all that is left is to end it.
    keep_alive_ = false;
    drop_upstream();
    answer_broken();
}

void Exchange::drop_upstream() {
    if (upstream_ != nullptr) upstream_->drop();
    upstream_ = nullptr;
}

void Exchange::abandon() {
    trot_capture_abandon(capture_);
    capture_ = nullptr;
}

// An answer of our own instead of the upstream's, of which no byte has gone out.
void Exchange::fail(int status, const std::string& why) {
    drop_upstream();
    abandon();
    status_ = status;
    phase_ = Phase::over;
    const std::string line = worker_.access.enabled() ? log_line() : std::string();
    if (!line.empty()) worker_.access.finish(line, {});
    if (client_ != nullptr) {
        Client* client = client_;
        client_ = nullptr;
        client->finish_with(status, why, request_.method == "HEAD", status == 503 ? "Retry-After: 5\r\n" : "");
    }
    timer_.clear();
    worker_.exchanges.erase(place_);
    worker_.bury(this);
}

// The client is away. A captured change goes on to its answer and is recorded; anything else has lost its reader.
void Exchange::client_gone() {
    client_ = nullptr;
    hold_.forget();
    if (phase_ == Phase::over) return;
    if (answer_read_) return complete();
    if (capture_ != nullptr && request_done_ && upstream_ != nullptr && phase_ != Phase::tunnel) {
        upstream_->want_read(true);
        upstream_->expect(plan_->settings.upstream_timeout_ms);
        return;
    }
    drop_upstream();
    if (phase_ == Phase::body) {
        answer_broken();
    } else {
        abandon();
        complete();
    }
}

}  // namespace trot::host
