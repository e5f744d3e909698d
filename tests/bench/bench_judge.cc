// What judging costs: 10,000 hooks on distinct routes, requests that match and requests that do not; and all shipped
// dialects at once, each with a tree of its own, for an order and for a page that is read. Prints one JSON
// line; medians of rounds, in nanoseconds a call. Ends with 1 when the median is over the bar of 1 µs.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <random>
#include <string>
#include <vector>

#include "dialect/format.h"
#include "dialect/shipped.h"
#include "plan/load.h"
#include "plan/match.h"

namespace {

constexpr int hooks = 10000;

// CPU time of this thread: what judging costs, whoever else uses the machine.
double now_ns() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

double median_ns(const trot::Matcher& matcher, std::string_view method, const std::vector<std::string>& targets,
                 bool expected) {
    std::vector<double> rounds;
    for (int round = 0; round < 101; ++round) {
        const double begin = now_ns();
        size_t matched = 0;
        for (const std::string& target : targets) matched += matcher.judge({method, target, nullptr, {}}).matched;
        const double took = now_ns() - begin;
        if (matched != (expected ? targets.size() : 0)) return -1;
        rounds.push_back(took / static_cast<double>(targets.size()));
    }
    std::sort(rounds.begin(), rounds.end());
    return rounds[rounds.size() / 2];
}

}  // namespace

int main() {
    std::string text;
    for (int i = 0; i < hooks; ++i)
        text +=
            "[[hook]]\ntopic = \"t\"\nmatch = \"POST,PUT /api/v1/resource" + std::to_string(i) + "/{id}/actions\"\n";
    const trot::Result<trot::PlanPtr> plan = trot::parse_plan(text, "bench.toml", {});
    if (!plan) {
        std::fprintf(stderr, "%s\n", plan.fault().text.c_str());
        return 2;
    }
    std::mt19937 random(1);
    std::vector<std::string> hits, misses;
    for (int i = 0; i < 100000; ++i) {
        const std::string route =
            "/api/v1/resource" + std::to_string(random() % hooks) + "/" + std::to_string(random());
        hits.push_back(route + "/actions?page=1&sort=name");
        misses.push_back(route + "/comments?page=1&sort=name");
    }
    const trot::Matcher& matcher = *plan.value()->matcher;
    const double judge = median_ns(matcher, "POST", hits, true);
    const double miss = median_ns(matcher, "POST", misses, false);

    std::string dialects;
    for (const trot::Shipped& one : trot::shipped_dialects())
        dialects += (dialects.empty() ? "" : ",") + ("\"" + std::string(one.name) + "\"");
    const trot::Result<trot::PlanPtr> all =
        trot::parse_plan("dialects = [" + dialects + "]\n", "bench.toml", trot::shipped_vocabulary());
    if (!all) {
        std::fprintf(stderr, "%s\n", all.fault().text.c_str());
        return 2;
    }
    std::vector<std::string> orders, pages;
    for (int i = 0; i < 20000; ++i) {
        orders.push_back("/wp-json/wc/v3/orders/" + std::to_string(random()) + "?consumer_key=ck_1");
        pages.push_back("/product/" + std::to_string(random()) + "/?utm_source=news");
    }
    const double order = median_ns(*all.value()->matcher, "PUT", orders, true);
    const double page = median_ns(*all.value()->matcher, "GET", pages, false);
    std::printf("{\"judge_ns\":%.1f,\"miss_ns\":%.1f,\"hooks\":%d,\"order_ns\":%.1f,\"page_ns\":%.1f}\n", judge, miss,
                hooks, order, page);
    return 0;
}
