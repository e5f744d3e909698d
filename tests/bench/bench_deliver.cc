// How much CPU a signed delivery costs: the real transport, guard and signer against a sink that answers at once.
// Prints one JSON object. tests/bench/deliver.py starts the sinks and compares with wrk and with --bare-tls.
//
//   bench_deliver --url URL [--hosts N] [--seconds S] [--inflight N] [--ca FILE] [--bare-tls]
//
// --hosts N: N destinations 127.0.0.1 … on the URL's port, one at random for each delivery.
// --bare-tls: instead, what a new TLS connection costs without libcurl: connect, handshake with verification, POST,
// close.
#include <arpa/inet.h>
#include <event2/event.h>
#include <openssl/ssl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "dialect/format.h"
#include "egress/transport.h"

using namespace trot;

namespace {

struct Options {
    std::string url, ca;
    int hosts = 1;
    double seconds = 2;
    int inflight = 64;
    bool bare_tls = false;
};

double cpu_s(int who) {
    rusage usage{};
    getrusage(who, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

double now_s() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double thread_cpu_s() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

struct Totals {
    uint64_t done = 0, failed = 0, fresh = 0;
};

void print(const Totals& totals, double wall, double cpu, double longest_step) {
    const auto count = static_cast<double>(totals.done == 0 ? 1 : totals.done);
    std::printf(
        "{\"deliveries\":%llu,\"failed\":%llu,\"new_connections\":%llu,\"seconds\":%.3f,\"cpu_s\":%.3f,\"cpu_us_each\":"
        "%.3f,"
        "\"per_core\":%.0f,\"longest_step_ms\":%.3f}\n",
        static_cast<unsigned long long>(totals.done), static_cast<unsigned long long>(totals.failed),
        static_cast<unsigned long long>(totals.fresh), wall, cpu, cpu * 1e6 / count, count / cpu, longest_step * 1e3);
}

class Run {
  public:
    explicit Run(const Options& options) : options_(options) {
        std::unique_ptr<event_config, void (*)(event_config*)> config(event_config_new(), event_config_free);
        event_config_set_flag(config.get(), EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
        base_.reset(event_base_new_with_config(config.get()));
        Guard::Rules rules;
        rules.allow.push_back(parse_network("127.0.0.0/8").value());
        CurlOptions curl;
        curl.base = base_.get();
        curl.guard = std::make_shared<const Guard>(std::move(rules));
        curl.ca_file = options.ca;
        curl.max_connections = static_cast<unsigned>(std::max(512, options.hosts * 4));
        transport_ = std::move(make_curl_transport(curl)).value();
        Recipient recipient;
        recipient.secrets = {Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")};
        renderer_ = std::move(find_format("standard")->renderer(recipient)).value();
        CheckedUrl url = check_url(options.url, {}).value();
        const std::string tail = ":" + std::to_string(url.port) + url.path;
        for (int host = 0; host < options.hosts; ++host) {
            TargetOptions target;
            target.url = url;
            if (options.hosts > 1) {
                const std::string text = "http://127.0.0." + std::to_string(host + 1) + tail;
                target.url = check_url(text, {}).value();
            }
            targets_.push_back(transport_->target(target).value());
        }
        body_ = std::make_shared<const std::string>("{\"id\":\"evt_01JHKX4Q3T9V6\",\"data\":\"" +
                                                    std::string(986, 'x') + "\"}");
    }

    void run() {
        const double warm = now_s() + std::min(0.5, options_.seconds / 4);
        for (int i = 0; i < options_.inflight; ++i) send();
        while (now_s() < warm) event_base_loop(base_.get(), EVLOOP_ONCE);
        totals_ = {};
        const double started = now_s();
        const double cpu = cpu_s(RUSAGE_SELF);
        double longest = 0;
        double before = thread_cpu_s();
        while (now_s() < started + options_.seconds) {
            event_base_loop(base_.get(), EVLOOP_ONCE);
            const double after = thread_cpu_s();
            longest = std::max(longest, after - before);
            before = after;
        }
        const Totals counted = totals_;
        const double wall = now_s() - started;
        const double used = cpu_s(RUSAGE_SELF) - cpu;
        stop_ = true;
        while (transport_->inflight() > 0) event_base_loop(base_.get(), EVLOOP_ONCE);
        print(counted, wall, used, longest);
    }

  private:
    struct FreeBase {
        void operator()(event_base* base) const { event_base_free(base); }
    };

    void send() {
        headers_.clear();
        DeliveryView delivery;
        delivery.id = "dlv_01JHKX4Q3T9V6";
        delivery.at_s = 1768471200;
        renderer_->headers(delivery, *body_, headers_);
        const size_t host = targets_.size() == 1 ? 0 : random_() % targets_.size();
        transport_->send(targets_[host], headers_, body_, [this](const SendResult& result) {
            ++totals_.done;
            if (result.status < 200 || result.status > 299) {
                if (totals_.failed++ == 0)
                    std::fprintf(stderr, "bench_deliver: %d %s\n", result.status, result.detail.c_str());
            }
            totals_.fresh += !result.reused;
            if (!stop_) send();
        });
    }

    const Options& options_;
    std::unique_ptr<event_base, FreeBase> base_;
    std::unique_ptr<Transport> transport_;
    std::unique_ptr<Renderer> renderer_;
    std::vector<std::shared_ptr<Target>> targets_;
    std::shared_ptr<const std::string> body_;
    Fields headers_;
    Totals totals_;
    std::minstd_rand random_{42};
    bool stop_ = false;
};

// One connection after another, as bare as it goes.
bool one_connection(SSL_CTX* context, uint16_t port, const std::string& request) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good = connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
    SSL* ssl = SSL_new(context);
    SSL_set_fd(ssl, fd);
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), "127.0.0.1");
    char answer[4096];
    good = good && SSL_connect(ssl) == 1 && SSL_write(ssl, request.data(), static_cast<int>(request.size())) > 0 &&
           SSL_read(ssl, answer, sizeof answer) > 12 && memcmp(answer + 9, "20", 2) == 0;
    SSL_free(ssl);
    close(fd);
    return good;
}

int bare_tls(const Options& options) {
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    if (SSL_CTX_load_verify_locations(context, options.ca.c_str(), nullptr) != 1) return 1;
    const CheckedUrl url = check_url(options.url, {}).value();
    const std::string request =
        "POST " + url.path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1024\r\n\r\n" + std::string(1024, 'x');
    Totals totals;
    one_connection(context, url.port, request);
    const double started = now_s();
    const double cpu = cpu_s(RUSAGE_SELF);
    while (now_s() < started + options.seconds) {
        totals.failed += !one_connection(context, url.port, request);
        ++totals.done;
    }
    totals.fresh = totals.done;
    print(totals, now_s() - started, cpu_s(RUSAGE_SELF) - cpu, 0);
    SSL_CTX_free(context);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    signal(SIGPIPE, SIG_IGN);
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string name = argv[i];
        if (name == "--bare-tls") {
            options.bare_tls = true;
            continue;
        }
        const char* value = ++i < argc ? argv[i] : "";
        if (name == "--url")
            options.url = value;
        else if (name == "--ca")
            options.ca = value;
        else if (name == "--hosts")
            options.hosts = std::stoi(value);
        else if (name == "--seconds")
            options.seconds = std::stod(value);
        else if (name == "--inflight")
            options.inflight = std::stoi(value);
        else {
            std::fprintf(stderr, "bench_deliver: unknown option %s\n", name.c_str());
            return 2;
        }
    }
    if (!check_url(options.url, {})) {
        std::fprintf(stderr, "bench_deliver: --url is missing or wrong\n");
        return 2;
    }
    if (options.bare_tls) return bare_tls(options);
    Run(options).run();
    return 0;
}
