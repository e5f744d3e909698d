// The door's capture: an exchange gathered from the host's buffers. See trotline.h for what each call promises.
#include "capture/credential.h"
#include "objects.h"
#include "sealed.h"

using namespace trot;
using namespace trot::abi;

namespace {

void append(std::string& to, std::string_view more, uint64_t cap, bool& truncated) {
    const uint64_t room = cap > to.size() ? cap - to.size() : 0;
    if (more.size() > room) truncated = true;
    to.append(more.substr(0, static_cast<size_t>(std::min<uint64_t>(room, more.size()))));
}

struct CaptureDrop {
    void operator()(trot_capture* capture) const {
        trot_plan_drop(capture->plan);
        delete capture;
    }
};
using CaptureHold = std::unique_ptr<trot_capture, CaptureDrop>;

// The exchange, with what the host knows of its ends.
Exchange& finished(trot_capture* capture, uint32_t parts) {
    Exchange& exchange = *capture->exchange;
    exchange.ended_early = (parts & TROT_ENDED_EARLY) != 0;
    if ((parts & TROT_PART_REQUEST) == 0) exchange.request_truncated = true;
    if ((parts & TROT_PART_RESPONSE) == 0 && !exchange.ended_early) exchange.response_truncated = true;
    return exchange;
}

}  // namespace

extern "C" {

int trot_capture_open(trot_engine* engine, const trot_plan* plan, const trot_request* request, trot_verdict* verdict,
                      trot_capture** out) noexcept {
    if (engine == nullptr || plan == nullptr || request == nullptr || verdict == nullptr || out == nullptr)
        return TROT_EUSAGE;
    *out = nullptr;
    if (engine->engine->stopped()) return TROT_ESTOPPED;
    return sealed(nullptr, [&] {
        trot_verdict decided = read_struct(*verdict);
        if (!engine->engine->ready()) {
            engine->engine->counters().refused.fetch_add(1, std::memory_order_relaxed);
            decided.action = decided.on_fault == 1 ? TROT_REJECT : TROT_IGNORE;
            write_struct(*verdict, decided);
            return static_cast<int>(TROT_OK);
        }
        std::optional<trot_request> room;
        const trot_request& asked = see_struct(*request, room);
        ExchangePtr exchange = engine->engine->blank();
        if (exchange->plan != plan->plan) exchange->plan = plan->plan;
        engine->engine->name_capture(exchange->capture);
        exchange->method = view(asked.method);
        exchange->target = view(asked.target);
        exchange->host = view(asked.host);
        exchange->zone = view(asked.zone);
        exchange->awaited = decided.action == TROT_HOLD;
        for (size_t i = 0; i < asked.nfields; ++i) {
            const trot_field& field = asked.fields[i];
            if (plan->needs.wants_request_field(view(field.name)))
                exchange->add(exchange->request_fields, view(field.name), view(field.value));
            if (proves_sender(view(field.name)) && exchange->credential.value.empty()) {
                exchange->credential.name = view(field.name);
                exchange->credential.value = view(field.value);
            }
        }
        auto* shared = const_cast<trot_plan*>(plan);  // counting is not a change that a reader could see
        auto capture = std::make_unique<trot_capture>();
        capture->engine = engine->engine;
        capture->exchange = std::move(exchange);
        capture->request_cap = decided.request_cap;
        capture->response_cap = decided.response_cap;
        trot_plan_keep(shared);
        capture->plan = shared;
        *out = capture.release();
        return static_cast<int>(TROT_OK);
    });
}

int trot_capture_request(trot_capture* capture, trot_text more) noexcept {
    if (capture == nullptr) return TROT_EUSAGE;
    return sealed(nullptr, [&] {
        append(capture->exchange->request_body, view(more), capture->request_cap, capture->exchange->request_truncated);
        return static_cast<int>(TROT_OK);
    });
}

int trot_capture_response(trot_capture* capture, const trot_response* response, trot_verdict* revised) noexcept {
    if (capture == nullptr || response == nullptr || response->size == 0) return TROT_EUSAGE;
    return sealed(nullptr, [&] {
        std::optional<trot_response> room;
        const trot_response& given = see_struct(*response, room);
        const Needs& needs = capture->plan->needs;
        Exchange& exchange = *capture->exchange;
        exchange.status = static_cast<int>(given.status);
        exchange.at_ms = system_clock().wall_ms();
        exchange.response_fields.clear();
        for (size_t i = 0; i < given.nfields; ++i) {
            const trot_field& field = given.fields[i];
            if (needs.wants_response_field(view(field.name)))
                exchange.add(exchange.response_fields, view(field.name), view(field.value));
        }
        capture->answered = true;
        if (revised != nullptr && !needs.wants_status(exchange.status)) {
            trot_verdict verdict = read_struct(*revised);
            verdict.action = TROT_IGNORE;
            write_struct(*revised, verdict);
        }
        return static_cast<int>(TROT_OK);
    });
}

int trot_capture_body(trot_capture* capture, trot_text more) noexcept {
    if (capture == nullptr) return TROT_EUSAGE;
    return sealed(nullptr, [&] {
        append(capture->exchange->response_body, view(more), capture->response_cap,
               capture->exchange->response_truncated);
        return static_cast<int>(TROT_OK);
    });
}

int trot_capture_commit(trot_capture* capture, uint32_t parts, void* user) noexcept {
    if (capture == nullptr) return TROT_EUSAGE;
    const CaptureHold hold(capture);
    if (!capture->answered) return TROT_EUSAGE;
    return sealed(nullptr, [&] {
        finished(capture, parts);
        return static_cast<int>(capture->engine->commit(std::move(capture->exchange), user).fault().code);
    });
}

int trot_capture_wait(trot_capture* capture, uint32_t parts, uint32_t ms) noexcept {
    if (capture == nullptr) return TROT_EUSAGE;
    const CaptureHold hold(capture);
    if (!capture->answered) return TROT_EUSAGE;
    return sealed(nullptr, [&] {
        finished(capture, parts).awaited = true;
        return static_cast<int>(capture->engine->commit_wait(std::move(capture->exchange), ms).fault().code);
    });
}

void trot_capture_abandon(trot_capture* capture) noexcept {
    if (capture == nullptr) return;
    const CaptureHold hold(capture);
    capture->engine->counters().abandoned.fetch_add(1, std::memory_order_relaxed);
}

}  // extern "C"
