// The door's engine: start, fd, reap, swap, stop, log. See trotline.h for what each call promises.
#include <cstdio>

#include "objects.h"
#include "sealed.h"

using namespace trot;
using namespace trot::abi;

namespace {

trot_done done_of(Completion& completion) {
    trot_done done{};
    done.code = static_cast<int32_t>(completion.code);
    done.user = completion.user;
    done.spilled = completion.spilled ? 1 : 0;
    done.events = completion.events;
    static_assert(sizeof done.ids == sizeof completion.ids && sizeof done.topics == sizeof completion.topics);
    std::memcpy(done.ids, completion.ids, sizeof done.ids);
    std::memcpy(done.topics, completion.topics, sizeof done.topics);
    if (completion.answer != nullptr) {
        auto reply = std::make_unique<trot_reply>();
        reply->status = completion.answer->status;
        reply->fields = std::move(completion.answer->fields);
        reply->body = std::move(completion.answer->body);
        for (const auto& field : reply->fields) reply->views.push_back({text_of(field.first), text_of(field.second)});
        done.reply = reply.release();
    }
    return done;
}

int reply_text(trot_reply** out, std::string text, std::string_view type) {
    *out = reply_of(std::move(text), type);
    return TROT_OK;
}

}  // namespace

extern "C" {

int trot_engine_start(trot_plan* plan, const trot_options* options, trot_engine** out, trot_fault* fault) noexcept {
    if (plan == nullptr || options == nullptr || out == nullptr)
        return tell(fault, Code::usage, "trot_engine_start needs a plan, options and a place for the engine");
    *out = nullptr;
    return sealed(fault, [&] {
        const trot_options wanted = read_struct(*options);
        if (wanted.abi >> 16 != TROT_ABI_MAJOR || (wanted.abi & 0xffff) > TROT_ABI_MINOR) {
            char text[160];
            snprintf(text, sizeof text,
                     "the host was compiled for ABI %u.%u, this library has %u.%u: install the matching libtrotline",
                     wanted.abi >> 16, wanted.abi & 0xffff, TROT_ABI_MAJOR, TROT_ABI_MINOR);
            return tell(fault, Code::abi, text);
        }
        EngineOptions engine_options;
        engine_options.dispatch = wanted.dispatch != 0;
        engine_options.host = view(wanted.host_name);
        auto handle = std::make_unique<trot_engine>();
        Result<std::unique_ptr<Engine>> engine = Engine::start(plan->plan, engine_options);
        if (!engine) return tell(fault, engine.fault());
        handle->engine = std::move(engine.value());
        *out = handle.release();
        return static_cast<int>(TROT_OK);
    });
}

int trot_engine_fd(const trot_engine* engine) noexcept {
    return engine == nullptr ? -1 : engine->engine->completions().fd();
}

size_t trot_engine_reap(trot_engine* engine, trot_done* into, size_t max) noexcept {
    if (engine == nullptr || into == nullptr || max == 0 || into[0].size == 0) return 0;
    // Strides by the caller's size: its array holds structs of its own header's making.
    const uint32_t stride = into[0].size;
    size_t given = 0;
    (void)sealed(nullptr, [&] {
        std::vector<Completion>& reaped = engine->reaped;
        if (reaped.empty()) engine->engine->completions().take(reaped, max);
        // One at a time, so that a failed allocation loses none: what is left is given by the next call.
        while (given < reaped.size() && given < max) {
            const trot_done done = done_of(reaped[given]);
            auto* place = reinterpret_cast<trot_done*>(reinterpret_cast<char*>(into) + given * stride);
            place->size = stride;
            write_struct(*place, done);
            ++given;
        }
        return static_cast<int>(TROT_OK);
    });
    engine->reaped.erase(engine->reaped.begin(), engine->reaped.begin() + static_cast<std::ptrdiff_t>(given));
    if (!engine->reaped.empty()) engine->engine->completions().announce();
    return given;
}

int trot_engine_swap(trot_engine* engine, trot_plan* plan, trot_fault* fault) noexcept {
    if (engine == nullptr || plan == nullptr)
        return tell(fault, Code::usage, "trot_engine_swap needs an engine and a plan");
    if (engine->engine->stopped()) return tell(fault, Code::stopped, "the engine has stopped");
    return sealed(fault, [&] {
        engine->engine->swap(plan->plan);
        return static_cast<int>(TROT_OK);
    });
}

void trot_engine_quiesce(trot_engine* engine) noexcept {
    if (engine == nullptr || engine->engine->stopped()) return;
    (void)sealed(nullptr, [&] {
        engine->engine->quiesce();
        return static_cast<int>(TROT_OK);
    });
}

int trot_engine_stop(trot_engine* engine, uint32_t drain_ms) noexcept {
    if (engine == nullptr) return TROT_EUSAGE;
    if (engine->engine->stopped()) return TROT_ESTOPPED;
    return sealed(nullptr, [&] {
        engine->engine->stop(drain_ms);
        return static_cast<int>(TROT_OK);
    });
}

void trot_engine_drop(trot_engine* engine) noexcept {
    if (engine == nullptr) return;
    (void)sealed(nullptr, [&] {
        engine->engine->close();
        return static_cast<int>(TROT_OK);
    });
    delete engine;
}

int trot_engine_status(trot_engine* engine, trot_reply** out) noexcept {
    if (engine == nullptr || out == nullptr) return TROT_EUSAGE;
    *out = nullptr;
    return sealed(nullptr, [&] { return reply_text(out, engine->engine->status_json(), "application/json"); });
}

int trot_engine_metrics(trot_engine* engine, trot_reply** out) noexcept {
    if (engine == nullptr || out == nullptr) return TROT_EUSAGE;
    *out = nullptr;
    return sealed(nullptr, [&] { return reply_text(out, engine->engine->metrics(), "text/plain; version=0.0.4"); });
}

size_t trot_log_drain(trot_engine* engine, char* into, size_t room, int* level) noexcept {
    if (engine == nullptr || into == nullptr || room == 0) return 0;
    size_t length = 0;
    (void)sealed(nullptr, [&] {
        Level of{};
        std::string line;
        if (!engine->engine->log().drain(of, line)) return static_cast<int>(TROT_OK);
        length = std::min(line.size(), room - 1);
        std::memcpy(into, line.data(), length);
        into[length] = '\0';
        if (level != nullptr) *level = static_cast<int>(of);
        return static_cast<int>(TROT_OK);
    });
    return length;
}

}  // extern "C"
