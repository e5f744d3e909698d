// What a subscription's conditions and shapes cost, for an order of 1 KB and of 20 KB: an event that no condition asks
// about, one condition, five of them, members left out, and a jq filter over the process's socket (asked one by one:
// the wait, not the processor's time). Prints one JSON line; medians of rounds, in microseconds.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "dispatch/topics.h"
#include "plan/filter_term.h"
#include "shape/asker.h"
#include "shape/recipe.h"

namespace {

using namespace trot;

double now_us() {
    return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double median_us(const std::function<void()>& call, int calls) {
    std::vector<double> rounds;
    for (int round = 0; round < 51; ++round) {
        const double begin = now_us();
        for (int i = 0; i < calls; ++i) call();
        rounds.push_back((now_us() - begin) / calls);
    }
    std::nth_element(rounds.begin(), rounds.begin() + 25, rounds.end());
    return rounds[25];
}

Event order(size_t lines) {
    Event event;
    event.number = 1;
    event.topic = "order.created";
    event.resource = "order";
    event.resource_id = "1042";
    std::string body = R"({"id":1042,"line_items":[)";
    for (size_t i = 0; i < lines; ++i)
        body += std::string(i == 0 ? "" : ",") +
                R"({"id":7,"name":"A thing of some length","product_id":93,"sku":"SKU-77"})";
    body += R"(],"total":"49.90","status":"processing","customer":{"email":"a@b.example","name":"Ann"}})";
    event.payload = std::make_shared<const std::string>(std::move(body));
    return event;
}

FilterTerm term(const std::string& what, const char* test, const std::string& value) {
    FilterTerm out;
    out.what = what;
    out.values = {value};
    set_test(out, test);
    return out;
}

double matched(const Event& event, std::vector<FilterTerm> terms) {
    Listener one;
    one.subscription = 1;
    if (!terms.empty()) one.terms = std::make_shared<const std::vector<FilterTerm>>(std::move(terms));
    TopicIndex index;
    index.add("order.*", std::make_shared<const Listener>(one));
    Counters counters;
    EventMatcher matcher(system_clock(), counters);
    std::vector<const Listener*> into;
    return median_us([&] { matcher.find(index, event, into); }, 2000);
}

}  // namespace

int main() {
    std::printf("{");
    for (const size_t lines : {size_t{12}, size_t{270}}) {
        const Event event = order(lines);
        const std::vector<FilterTerm> five = {term("/status", "equals", "processing"), term("/total", "above", "10"),
                                              term("/customer/name", "regex", "^A"), term("action", "not", "deleted"),
                                              term("changed:/status", "equals", "true")};
        ShapeRules rules;
        rules.drop = {"/customer/email", "/line_items/*/sku"};
        const auto recipe = std::move(Recipe::make(spell_shape(rules, ""), {})).value();
        Asker asker;
        const std::string program = ".status == \"processing\" and (.total | tonumber) > 10";
        const double none = matched(event, {});
        const double one = matched(event, {term("/status", "equals", "processing")});
        const double all = matched(event, five);
        const double drop = median_us([&] { (void)recipe->hide(event).ok(); }, 500);
        const double question = median_us([&] { (void)Recipe::question(event); }, 500);
        const double jq = median_us([&] { (void)asker.ask(JqAsk::filter, program, Recipe::question(event)).ok(); }, 50);
        std::printf(
            "%s\"%zu_bytes\":{\"no_condition_us\":%.3f,\"one_condition_us\":%.2f,\"five_conditions_us\":%.2f,"
            "\"two_dropped_us\":%.2f,\"jq_question_us\":%.2f,\"jq_filter_us\":%.1f}",
            lines == 12 ? "" : ",", event.payload->size(), none, one, all, drop, question, jq);
    }
    std::printf("}\n");
}
