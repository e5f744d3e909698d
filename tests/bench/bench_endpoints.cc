// What the whole dispatcher keeps of what libcurl can do, and of that with many endpoints. Prints one JSON object:
//   one    deliveries a second to one endpoint, 64 at once, signed, guarded, each outcome durable, against a bare loop
//   of
//          libcurl's multi interface that posts the same bytes, pair by pair; CPU µs of each
//   many   the same to 10,000 endpoints (--quick: 2,000), a tenth of which answer 503, against `one` of the same pair
// bench_endpoints --url http://127.0.0.1:PORT/ [--dir DIR] [--quick]; the server answers on all of 127.0.0.0/8, and
// /fail with 503.
#include <curl/curl.h>

#include "tests/bench/dispatching.h"

using namespace bench;

namespace {

constexpr size_t at_once = 64;

struct Rate {
    double a_second = 0, cpu_us = 0;
};

// As bare as it goes: what has answered is sent again.
class BareLoop {
  public:
    explicit BareLoop(const std::string& url) : multi_(curl_multi_init()) {
        headers_ = curl_slist_append(headers_, "Content-Type: application/json");
        headers_ = curl_slist_append(headers_, "Expect:");
        for (size_t i = 0; i < at_once; ++i) {
            CURL* easy = curl_easy_init();
            curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
            curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_);
            curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body_.data());
            curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body_.size()));
            curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
            curl_multi_add_handle(multi_, easy);
            all_.push_back(easy);
        }
    }
    BareLoop(const BareLoop&) = delete;
    BareLoop& operator=(const BareLoop&) = delete;
    ~BareLoop() {
        for (CURL* easy : all_) {
            curl_multi_remove_handle(multi_, easy);
            curl_easy_cleanup(easy);
        }
        curl_multi_cleanup(multi_);
        curl_slist_free_all(headers_);
    }

    Rate run(size_t count) {
        post(at_once);  // connections are there
        const double began = seconds();
        const double cpu = cpu_seconds();
        post(count);
        return {static_cast<double>(count) / (seconds() - began),
                (cpu_seconds() - cpu) * 1e6 / static_cast<double>(count)};
    }

  private:
    void post(size_t count) {
        for (size_t done = 0; done < count;) {
            int running = 0;
            curl_multi_perform(multi_, &running);
            int left = 0;
            bool some = false;
            while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
                if (message->data.result != CURLE_OK) give_up(curl_easy_strerror(message->data.result));
                CURL* easy = message->easy_handle;
                curl_multi_remove_handle(multi_, easy);
                curl_multi_add_handle(multi_, easy);
                ++done;
                some = true;
            }
            if (!some) curl_multi_poll(multi_, nullptr, 0, 1000, nullptr);
        }
    }

    CURLM* multi_;
    curl_slist* headers_ = nullptr;
    std::vector<CURL*> all_;
    const std::string body_ =
        R"({"id":"evt_01JHKX4Q3T9V6","type":"order.created","timestamp":"2026-01-15T10:00:00.123Z","data":{"fill":")" +
        std::string(1000, 'x') + "\"}}";
};

struct Bench : Lab {
    Subscription subscription(const std::string& name, const std::string& at) const {
        Subscription one;
        one.name = name;
        one.topics = {"*"};
        Result<CheckedUrl> checked = check_url(at, UrlRules());
        if (!checked) give_up(checked.fault().text);
        one.url = std::move(checked).value();
        one.secrets.emplace_back("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        one.schedule_ms = {3600000};
        return one;
    }

    Rate one(const std::string& name, size_t events) const {
        auto plan = std::make_shared<Plan>();
        plan->subscriptions.push_back(subscription("s", url));
        plan->subscriptions[0].concurrency = at_once;
        plan->egress.allow = {"127.0.0.0/8"};
        return drain(name, plan, events, 1);
    }

    // url: http://127.0.0.1:PORT/
    Rate many(const std::string& name, size_t events, size_t endpoints) const {
        auto plan = std::make_shared<Plan>();
        const std::string tail = url.substr(url.rfind(':'));
        for (size_t i = 0; i < endpoints; ++i) {
            const std::string host = "http://127.0." + std::to_string(1 + i / 250) + "." + std::to_string(1 + i % 250);
            plan->subscriptions.push_back(
                subscription("s" + std::to_string(i), host + tail + (i % 10 == 0 ? "fail" : "")));
        }
        plan->egress.allow = {"127.0.0.0/8"};
        return drain(name, plan, events, endpoints - endpoints / 10);
    }

    // well: how many endpoints deliver; the rate is theirs. What one of them is sent is recorded before it begins.
    Rate drain(const std::string& name, const std::shared_ptr<Plan>& plan, size_t events, size_t well) const {
        auto store = open(name);
        Counters counters;
        Log log;
        if (well == 1) add_events(*store, events);
        double began = seconds();
        double cpu = cpu_seconds();
        auto dispatcher = start(*store, plan, counters, log);
        size_t warm = 0;
        if (well > 1) {  // ten events for all of them cost nothing to record; the connections and rows of all do
            warm = well;
            add_events(*store, 1);
            dispatcher->wake();
            wait(counters.delivered, warm, 120);
            began = seconds();
            cpu = cpu_seconds();
            add_events(*store, events);
            dispatcher->wake();
        }
        wait(counters.delivered, warm + well * events, 300);
        const auto count = static_cast<double>(well * events);
        const Rate out{count / (seconds() - began), (cpu_seconds() - cpu) * 1e6 / count};
        dispatcher->stop(5000);
        store->writer().stop(5000);
        std::error_code ignored;
        std::filesystem::remove_all(dir + "/" + name, ignored);
        return out;
    }
};

}  // namespace

int main(int argc, char** argv) {
    Bench bench;
    bench.dir = "/tmp";
    bool quick = false;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--quick")
            quick = true;
        else if (word == "--url" && i + 1 < argc)
            bench.url = argv[++i];
        else if (word == "--dir" && i + 1 < argc)
            bench.dir = argv[++i];
        else
            return fprintf(stderr, "usage: bench_endpoints --url URL [--dir DIR] [--quick]\n"), 2;
    }
    if (bench.url.empty()) return fprintf(stderr, "bench_endpoints: --url is needed: a server that answers 2xx\n"), 2;
    bench.dir += "/trotline-bench-XXXXXX";
    if (mkdtemp(bench.dir.data()) == nullptr) give_up("cannot make " + bench.dir);

    const int pairs = quick ? 3 : 5;
    const size_t endpoints = quick ? 2000 : 10000;
    std::vector<double> bare, bare_cpu, one, one_cpu, of_bare, many, many_cpu, of_one;
    BareLoop loop(bench.url);
    for (int pair = 0; pair < pairs; ++pair) {
        const std::string name = std::to_string(pair);
        const Rate limit = loop.run(quick ? 20000 : 60000);
        const Rate single = bench.one("one" + name, quick ? 20000 : 60000);
        const Rate crowd = bench.many("many" + name, 10, endpoints);
        bare.push_back(limit.a_second);
        bare_cpu.push_back(limit.cpu_us);
        one.push_back(single.a_second);
        one_cpu.push_back(single.cpu_us);
        of_bare.push_back(single.a_second / limit.a_second);
        many.push_back(crowd.a_second);
        many_cpu.push_back(crowd.cpu_us);
        of_one.push_back(crowd.a_second / single.a_second);
    }
    printf("{\"pairs\":%d,\"bare\":{\"a_second\":%.0f,\"cpu_us\":%.1f}", pairs, median(bare), median(bare_cpu));
    printf(",\"one\":{\"a_second\":%.0f,\"cpu_us\":%.1f,\"ratio\":%.2f}", median(one), median(one_cpu),
           median(of_bare));
    printf(",\"many\":{\"endpoints\":%zu,\"a_second\":%.0f,\"cpu_us\":%.1f,\"ratio\":%.2f,\"resident_mib\":%.1f}}\n",
           endpoints, median(many), median(many_cpu), median(of_one), resident_mib());
    std::error_code ignored;
    std::filesystem::remove_all(bench.dir, ignored);
    return 0;
}
