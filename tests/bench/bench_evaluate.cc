// What evaluating an answer against the whole WooCommerce vocabulary costs on the recorder's thread, for an order of
// 1 KB and of 20 KB. Prints one JSON line; medians of rounds, in microseconds.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include "capture/evaluate.h"
#include "dialect/format.h"
#include "plan/load.h"

namespace {

// CPU time of this thread: what it costs, whoever else uses the machine.
double now_us() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

trot::Exchange order(const trot::PlanPtr& plan, size_t lines) {
    trot::Exchange out;
    out.plan = plan;
    out.capture.assign(16, 'c');
    out.method = "POST";
    out.target = "/wp-json/wc/v3/orders?consumer_key=ck_1&consumer_secret=cs_1";
    out.host = "shop.example";
    out.status = 201;
    out.response_fields = {{"Content-Type", "application/json; charset=UTF-8"}};
    out.response_body = R"({"id":1042,"status":"processing","total":"49.90","line_items":[)";
    for (size_t i = 0; i < lines; ++i)
        out.response_body += std::string(i == 0 ? "" : ",") +
                             R"({"id":7,"name":"A thing of some length","product_id":93,"quantity":2,"sku":"SKU-77",)"
                             R"("href":"https:\/\/shop.example\/p\/77"})";  // PHP escapes slashes
    out.response_body += "]}";
    return out;
}

double median_us(const trot::Exchange& exchange) {
    trot::Evaluator evaluator;
    std::vector<double> rounds;
    constexpr int calls = 200;
    for (int round = 0; round < 101; ++round) {
        const double begin = now_us();
        size_t events = 0;
        for (int i = 0; i < calls; ++i) events += evaluator.evaluate(exchange, nullptr).size();
        if (events != calls) return -1;
        rounds.push_back((now_us() - begin) / calls);
    }
    std::sort(rounds.begin(), rounds.end());
    return rounds[rounds.size() / 2];
}

}  // namespace

int main() {
    const trot::Result<trot::PlanPtr> plan =
        trot::parse_plan("dialects = [\"woocommerce\"]\n", "bench.toml", trot::shipped_vocabulary());
    if (!plan) {
        std::fprintf(stderr, "%s\n", plan.fault().text.c_str());
        return 2;
    }
    const trot::Exchange small = order(plan.value(), 8);
    const trot::Exchange large = order(plan.value(), 167);
    std::printf("{\"evaluate_us\":%.2f,\"bytes\":%zu,\"evaluate_large_us\":%.2f,\"large_bytes\":%zu,\"hooks\":%zu}\n",
                median_us(small), small.response_body.size(), median_us(large), large.response_body.size(),
                plan.value()->hooks.size());
    return 0;
}
