#include "engine/engine.h"

#include <fmt/format.h>

#include <atomic>
#include <exception>

#include "crypto/hmac.h"
#include "engine/root.h"
#include "engine/sole.h"
#include "engine/works.h"

namespace trot {

struct Engine::Impl {
    Common common;
    Root root;
    Sole sole;
    std::unique_ptr<Works> works;  // made, closed and destroyed on the root thread
    std::atomic<bool> stopping{false};
    const std::string capture_prefix = random_bytes(8);
    std::atomic<uint64_t> captures{0};

    Result<void> build();
};

Result<void> Engine::Impl::build() {
    if (!root.has_own_files())
        common.log.write(Level::notice, fmt::format("{}; its threads use the host's, which costs the host some per "
                                                    "cent of each system call",
                                                    root.shares_because()));
    works = std::make_unique<Works>(common, root.has_own_files());
    return works->start();
}

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Engine>> Engine::start(PlanPtr plan, const EngineOptions& options) {
    std::unique_ptr<Engine> engine(new Engine(std::make_unique<Impl>()));  // ends what has begun when a step fails
    Impl* self = engine->impl_.get();
    Common& common = self->common;
    common.options = options;
    common.set_plan(std::move(plan));
    // Before the root thread leaves the host's table: it shall be in both.
    if (!common.completions.usable()) return Fault{Code::no_memory, "cannot make an eventfd: too many open files?"};
    common.log.on_first([](void* completions) { static_cast<Completions*>(completions)->announce(); },
                        &common.completions);
    if (Result<void> rooted = self->root.start(common.completions.fd()); !rooted) return rooted.fault();
    if (Result<void> claimed = self->sole.claim(self->root); !claimed) return claimed.fault();
    Result<void> built;
    self->root.call([self, &built] { built = self->build(); });
    if (!built) return built.fault();
    return engine;
}

Engine::~Engine() {
    close();
    impl_->root.call([this] { impl_->works.reset(); });
    impl_->root.end();
}

PlanPtr Engine::plan() const { return impl_->common.plan(); }

void Engine::swap(PlanPtr plan) {
    Common& common = impl_->common;
    const PlanPtr before = common.plan();
    if (plan->store.path != before->store.path || plan->store.sync != before->store.sync ||
        plan->store.linger_ms != before->store.linger_ms)
        common.log.write(Level::warning,
                         fmt::format("{}: [store] url, sync and linger change only with a restart; {} stays in use",
                                     plan->source, before->store.path));
    common.set_plan(plan);
    impl_->works->recorder().forget_plan();
    impl_->root.call([this, &plan] { impl_->works->swap(std::move(plan)); });
}

void Engine::name_capture(std::string& into) {
    const uint64_t number = impl_->captures.fetch_add(1, std::memory_order_relaxed);
    into = impl_->capture_prefix;
    into.append(reinterpret_cast<const char*>(&number), sizeof number);
}

ExchangePtr Engine::blank() { return impl_->works->recorder().blank(); }

bool Engine::ready() const { return impl_->works->recorder().ready(); }

Result<void> Engine::commit(ExchangePtr exchange, void* user) {
    if (stopped()) return Fault{Code::stopped, "the engine stops"};
    Recorder& recorder = impl_->works->recorder();
    if (user == nullptr) return recorder.submit(std::move(exchange), nullptr);
    Completions& completions = impl_->common.completions;
    completions.reserve();
    Result<void> taken = recorder.submit(std::move(exchange), user);
    if (!taken) completions.release();
    return taken;
}

Result<void> Engine::commit_wait(ExchangePtr exchange, int64_t ms) {
    Waiters& waiters = impl_->common.waiters;
    void* token = waiters.enter();
    Result<void> taken = commit(std::move(exchange), token);
    if (!taken) {
        waiters.leave(token);
        return taken;
    }
    const Code code = waiters.wait(token, ms);
    if (code == Code::ok) return {};
    return Fault{code, code == Code::late ? "the commit takes longer than the caller waits; it goes on"
                                          : "the change was not recorded"};
}

Result<void> Engine::manage(ManageRequest request, void* user) {
    Impl* self = impl_.get();
    Completions& completions = self->common.completions;
    completions.reserve();
    const bool taken = self->works->add_errand([self, request = std::move(request), user] {
        Completion completion;
        completion.user = user;
        // Whatever happens the token comes back; a host answers 503 for what has no answer.
        try {
            Reply reply = self->works->answer(request);
            auto answer = std::make_unique<Answer>();
            answer->status = reply.status;
            answer->body = std::move(reply.body);
            for (Field& field : reply.fields)
                answer->fields.emplace_back(std::move(field.name), std::move(field.value));
            completion.answer = std::move(answer);
        } catch (const std::exception&) {
            completion.code = Code::no_memory;
        }
        self->common.completions.put(std::move(completion));
        self->common.completions.flush();
    });
    if (!taken) {
        completions.release();
        return Fault{Code::stopped, "the engine stops"};
    }
    return {};
}

Log& Engine::log() { return impl_->common.log; }
Counters& Engine::counters() { return impl_->common.counters; }
Completions& Engine::completions() { return impl_->common.completions; }

void Engine::quiesce() {
    impl_->root.call([this] { impl_->works->quiesce(); });
}

void Engine::stop(int64_t drain_ms) {
    if (impl_->stopping.exchange(true)) return;
    impl_->root.call([this, drain_ms] {
        if (impl_->works) impl_->works->stop(drain_ms);
    });
}

bool Engine::stopped() const { return impl_->stopping.load(std::memory_order_acquire); }

void Engine::close() {
    stop(0);
    impl_->root.call([this] {
        if (impl_->works) impl_->works->close();
    });
    impl_->sole.release();
}

std::string Engine::status_json() { return report_json(impl_->works->facts(), impl_->common.counters); }
std::string Engine::metrics() { return impl_->works->metrics(); }

}  // namespace trot
