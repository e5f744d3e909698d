// Exchanges and plans for the capture's tests. Callers: tests. Threads: one.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "capture/exchange.h"
#include "plan/load.h"

namespace trot_test {

// A plan of some hooks; `rest` is TOML for other sections. Ends the test with the mistakes when the text is wrong.
inline trot::PlanPtr plan_of(std::string_view hooks, std::string_view rest = {}) {
    const std::string text =
        "[store]\nurl = \"sqlite:/nonexistent/trotline\"\n" + std::string(rest) + "\n" + std::string(hooks);
    const trot::Vocabulary words;
    trot::Result<trot::PlanPtr> plan = trot::parse_plan(text, "test.toml", words);
    if (!plan) {
        std::fprintf(stderr, "%s\n", plan.fault().text.c_str());
        std::abort();
    }
    return plan.value();
}

// "POST /api/orders 201 {…}": a request and its answer, both JSON.
inline trot::Exchange exchange_of(trot::PlanPtr plan, std::string method, std::string target, int status,
                                  std::string answer, std::string request = {}) {
    trot::Exchange exchange;
    exchange.plan = std::move(plan);
    exchange.capture = "0123456789abcdef";
    exchange.method = std::move(method);
    exchange.target = std::move(target);
    exchange.host = "shop.example";
    exchange.request_fields = {{"Content-Type", "application/json"}};
    exchange.request_body = std::move(request);
    exchange.status = status;
    exchange.response_fields = {{"Content-Type", "application/json"}};
    exchange.response_body = std::move(answer);
    exchange.at_ms = 1763776800123;
    return exchange;
}

}  // namespace trot_test
