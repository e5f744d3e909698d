// What is captured into the memory of an earlier exchange has nothing of it.
#include <thread>

#include "capture/stock.h"
#include "exchange_fixture.h"
#include "store/store_fixture.h"

using namespace trot;
using namespace trot_test;

namespace {

void fill(Exchange& exchange, const std::string& with) {
    for (std::string* text : {&exchange.capture, &exchange.method, &exchange.target, &exchange.host, &exchange.zone,
                              &exchange.request_body, &exchange.response_body})
        *text = with;
    for (const char* name : {"A", "B"}) {
        exchange.add(exchange.request_fields, name, with);
        exchange.add(exchange.response_fields, name, with);
    }
    exchange.request_truncated = exchange.response_truncated = exchange.ended_early = exchange.replayed = true;
    exchange.awaited = false;
    exchange.status = 201;
    exchange.at_ms = 7;
}

void assert_new(const Exchange& exchange) {
    for (const std::string* text : {&exchange.capture, &exchange.method, &exchange.target, &exchange.host,
                                    &exchange.zone, &exchange.request_body, &exchange.response_body})
        assert_string_equal(text->c_str(), "");
    assert_true(exchange.request_fields.empty() && exchange.response_fields.empty());
    assert_false(exchange.request_truncated || exchange.response_truncated || exchange.ended_early ||
                 exchange.replayed);
    assert_true(exchange.awaited);
    assert_int_equal(exchange.status, 0);
    assert_int_equal(exchange.at_ms, 0);
}

void a_used_exchange_is_as_a_new_one(void**) {
    Stock stock;
    ExchangePtr first = stock.take();
    assert_new(*first);
    fill(*first, "secret of another client");
    const Exchange* memory = first.get();
    first.reset();
    ExchangePtr second = stock.take();
    assert_ptr_equal(second.get(), memory);
    assert_new(*second);
    second->add(second->response_fields, "C", "c");
    assert_int_equal(second->response_fields.size(), 1);
    assert_string_equal(second->response_fields[0].name.c_str(), "C");
    assert_string_equal(second->response_fields[0].value.c_str(), "c");
}

void a_large_one_is_not_kept(void**) {
    Stock stock;
    ExchangePtr large = stock.take();
    large->response_body.assign(100000, 'x');
    large.reset();
    assert_true(stock.take()->response_body.capacity() < 100000);
}

void an_old_plan_is_let_go(void**) {
    Stock stock;
    const PlanPtr plan = plan_of("");
    {
        const ExchangePtr one = stock.take();
        const ExchangePtr two = stock.take();
        one->plan = two->plan = plan;
    }
    assert_int_equal(plan.use_count(), 3);
    assert_ptr_equal(stock.take()->plan.get(), plan.get());
    stock.empty();
    assert_int_equal(plan.use_count(), 1);
}

void it_may_come_back_on_any_thread(void**) {
    Stock stock;
    for (int round = 0; round < 200; ++round) {
        std::vector<ExchangePtr> out;
        for (int i = 0; i < 20; ++i) {
            out.push_back(stock.take());
            assert_new(*out.back());
            fill(*out.back(), std::to_string(i));
        }
        std::thread([&out] { out.clear(); }).join();
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_used_exchange_is_as_a_new_one),
        cmocka_unit_test(a_large_one_is_not_kept),
        cmocka_unit_test(an_old_plan_is_let_go),
        cmocka_unit_test(it_may_come_back_on_any_thread),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
