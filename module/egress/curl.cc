// The libcurl transport: attempts (egress/attempt) on a loop (egress/curl_loop), and what a change of the rules means.
#include <unistd.h>

#include <deque>
#include <unordered_map>
#include <utility>

#include "egress/attempt.h"
#include "egress/curl_loop.h"
#include "egress/hardening.h"
#include "url/header.h"

namespace trot {
namespace {

constexpr unsigned most_apart = 64;  // connections kept of those with TLS rules of their own

class CurlTransport : public Transport {
  public:
    explicit CurlTransport(const CurlOptions& options)
        : options_(options),
          attempt_options_{options.ca_file.empty() ? std::string(system_bundle) : options.ca_file, options.user_agent,
                           options.response_bytes,
                           [this] {
                               hopeless_ = true;
                               event_active(later_.get(), 0, 0);
                           }},
          later_(event_new(options.base, -1, 0, on_later, this)) {
        if (later_ == nullptr) throw std::bad_alloc();
        loop_ = make_loop(options_.max_connections);
    }

    ~CurlTransport() override {
        for (std::unique_ptr<CurlAttempt>& attempt : busy_) attempt->release();
        loop_.reset();
        apart_.clear();
        draining_.clear();
    }

    Result<std::shared_ptr<Target>> target(const TargetOptions& options) override {
        auto target = std::make_shared<CurlTarget>();
        target->url.reset(curl_url());
        if (target->url == nullptr) return Fault{Code::no_memory, "no memory for a URL"};
        // As it stands: what was checked is what is sent, dot segments and all.
        if (curl_url_set(target->url.get(), CURLUPART_URL, options.url.text.c_str(), CURLU_PATH_AS_IS) != CURLUE_OK)
            return Fault{Code::internal, "libcurl does not read the URL " + redacted_url(options.url.text)};
        target->allow = options.allow;
        target->timeout_ms = static_cast<long>(options.timeout_ms);
        target->connect_timeout_ms = static_cast<long>(options.connect_timeout_ms);
        target->upstream = options.upstream;
        target->answer_bytes = options.answer_bytes;
        target->keep_head = options.keep_head;
        target->tls = target_tls(options);
        target->options_method = options.options_method;
        return std::shared_ptr<Target>(std::move(target));
    }

    void send(const std::shared_ptr<Target>& target, const Fields& headers,
              const std::shared_ptr<const std::string>& body, std::function<void(SendResult)> done) override {
        std::unique_ptr<CurlAttempt> attempt = take();
        Result<void> ready = attempt->prepare(std::static_pointer_cast<CurlTarget>(target), &options_.guard, headers,
                                              body, std::move(done));
        CurlLoop& loop = loop_for(*attempt);
        if (ready && !loop.add(attempt->easy())) ready = Fault{Code::internal, "libcurl takes no further request"};
        if (!ready) {
            SendResult result;
            result.error = SendError::internal;
            result.detail = ready.fault().text;
            failed_.push_back({attempt->release(), std::move(result)});
            idle_.push_back(std::move(attempt));
            event_active(later_.get(), 0, 0);
            return;
        }
        attempt->loop = &loop;
        keep(std::move(attempt));
    }

    void set_guard(std::shared_ptr<const Guard> guard) override {
        options_.guard = std::move(guard);
        // libcurl has no "close what is idle": the old cache goes with its multi handle, at once or when its last
        // attempt is done. Those attempts are judged by the new rules, if they have yet to connect.
        draining_.push_back(std::move(loop_));
        for (auto& [rules, loop] : apart_) draining_.push_back(std::move(loop));
        apart_.clear();
        loop_ = make_loop(options_.max_connections);
        event_active(later_.get(), 0, 0);
    }

    size_t inflight() const override { return busy_.size() + failed_.size(); }

  private:
    struct Failed {
        std::function<void(SendResult)> done;
        SendResult result;
    };
    struct FreeEvent {
        void operator()(event* one) const { event_free(one); }
    };

    // A loop is a cache of connections: what differs in its TLS rules never meets another's, whatever libcurl compares
    // (it does not look at a pin again, nor at the key beside a certificate), and each keeps its own authorities read.
    CurlLoop& loop_for(const CurlAttempt& attempt) {
        const std::string& rules = attempt.tls_rules();
        if (rules.empty()) return *loop_;
        std::unique_ptr<CurlLoop>& loop = apart_[rules];
        if (!loop) loop = make_loop(std::min(options_.max_connections, most_apart));
        return *loop;
    }

    std::unique_ptr<CurlLoop> make_loop(unsigned max_connections) {
        return std::make_unique<CurlLoop>(
            options_.base, max_connections, [](CURL* easy, curl_socket_t fd) { CurlAttempt::of(easy)->uses(fd); },
            [this](CURL* easy, CURLcode code) { finished(easy, code); });
    }

    // The handle used last is the warmest.
    std::unique_ptr<CurlAttempt> take() {
        if (idle_.empty()) return std::make_unique<CurlAttempt>(attempt_options_);
        std::unique_ptr<CurlAttempt> attempt = std::move(idle_.back());
        idle_.pop_back();
        return attempt;
    }

    void keep(std::unique_ptr<CurlAttempt> attempt) {
        attempt->place = busy_.size();
        busy_.push_back(std::move(attempt));
    }

    std::unique_ptr<CurlAttempt> leave(CurlAttempt& attempt) {
        const size_t place = attempt.place;
        std::swap(busy_[place], busy_.back());
        busy_[place]->place = place;
        std::unique_ptr<CurlAttempt> out = std::move(busy_.back());
        busy_.pop_back();
        return out;
    }

    void finished(CURL* easy, CURLcode code) {
        std::unique_ptr<CurlAttempt> attempt = leave(*CurlAttempt::of(easy));
        SendResult result = attempt->result(code);
        const std::function<void(SendResult)> done = attempt->release();
        idle_.push_back(std::move(attempt));
        if (!draining_.empty()) event_active(later_.get(), 0, 0);
        done(std::move(result));
    }

    static void on_later(evutil_socket_t /*fd*/, short /*events*/, void* self) {
        static_cast<CurlTransport*>(self)->later();
    }

    // What must not happen inside send() or inside libcurl.
    void later() {
        give_up_the_hopeless();
        std::erase_if(draining_, [](const std::unique_ptr<CurlLoop>& loop) { return loop->inflight() == 0; });
        std::deque<Failed> now;
        now.swap(failed_);
        for (Failed& one : now) one.done(std::move(one.result));
    }

    void give_up_the_hopeless() {
        if (!std::exchange(hopeless_, false)) return;
        std::vector<CurlAttempt*> given_up;  // first all of them: finishing one may send others
        for (const std::unique_ptr<CurlAttempt>& attempt : busy_)
            if (attempt->hopeless()) given_up.push_back(attempt.get());
        for (CurlAttempt* attempt : given_up) {
            attempt->loop->remove(attempt->easy());
            finished(attempt->easy(), CURLE_COULDNT_CONNECT);
        }
    }

    CurlOptions options_;
    bool hopeless_ = false;  // some attempt is
    AttemptOptions attempt_options_;
    std::unique_ptr<event, FreeEvent> later_;
    std::vector<std::unique_ptr<CurlAttempt>> idle_, busy_;  // before the loops: an easy handle outlives its multi
    std::deque<Failed> failed_;
    std::unique_ptr<CurlLoop> loop_;
    std::unordered_map<std::string, std::unique_ptr<CurlLoop>> apart_;  // by their TLS rules
    std::vector<std::unique_ptr<CurlLoop>> draining_;
};

}  // namespace

Result<std::unique_ptr<Transport>> make_curl_transport(const CurlOptions& options) {
    if (options.base == nullptr || options.guard == nullptr)
        return Fault{Code::usage, "a transport needs an event base and a guard"};
    if (!is_header_value(options.user_agent))
        return Fault{Code::config, "the user agent holds a line break or another control byte"};
    if (!options.ca_file.empty() && access(options.ca_file.c_str(), R_OK) != 0)
        return Fault{Code::config, "the CA file " + options.ca_file + " cannot be read"};
    if (!start_curl()) return Fault{Code::internal, "libcurl does not start"};
    return std::unique_ptr<Transport>(std::make_unique<CurlTransport>(options));
}

}  // namespace trot
