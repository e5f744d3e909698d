// How fast an endpoint is asked: token bucket, pacer, and gates that several share.
#include <algorithm>

#include "dispatch/endpoint.h"
#include "dispatch/gate.h"
#include "rig.h"

using namespace trot_test;

static constexpr int64_t second_us = 1000000;

// As many as may go between two times, asked each millisecond.
static int taken(TokenBucket& bucket, int64_t from_us, int64_t to_us) {
    int count = 0;
    for (int64_t now = from_us; now < to_us; now += 1000)
        while (bucket.ready_us() <= now) {
            bucket.take(now);
            ++count;
        }
    return count;
}

static void a_bucket_lets_its_rate_through(void**) {
    TokenBucket none;
    assert_true(none.ready_us() <= 0);
    none.take(5);
    assert_true(none.ready_us() <= 0);
    const int64_t start = 77 * second_us;
    for (const uint64_t a_second : {1ULL, 2ULL, 100ULL, 5000ULL}) {
        TokenBucket bucket;
        bucket.set_rate(a_second * 3600, 1);
        const int first = taken(bucket, start, start + 10 * second_us);
        assert_in_range(first, a_second * 10 - a_second / 100, a_second * 10 + a_second / 100 + 1);
        // Idle time is not saved up.
        assert_in_range(taken(bucket, start + 100 * second_us, start + 101 * second_us), a_second * 99 / 100,
                        a_second + a_second / 100 + 1);
    }
    TokenBucket seldom;
    seldom.set_rate(1800, 0);  // 30 a minute
    assert_int_equal(taken(seldom, start, start + 60 * second_us), 30);
}

static void a_bucket_bursts_as_far_as_it_may(void**) {
    const int64_t start = 77 * second_us;
    TokenBucket bucket;
    bucket.set_rate(uint64_t{10} * 3600, 5);
    assert_int_equal(taken(bucket, start, start + 1000), 5);
    assert_int_equal(taken(bucket, start + 1000, start + second_us), 9);
    TokenBucket usual;
    usual.set_rate(uint64_t{10} * 3600, 0);
    assert_int_equal(taken(usual, start, start + 1000), 10);  // one second's worth
}

static void too_many_halves_and_successes_give_back(void**) {
    Pacer pacer;
    pacer.set_rules(true, 60000);
    assert_int_equal(pacer.limit(16), 16);
    pacer.refused(16, 15, -1, 0);
    assert_int_equal(pacer.limit(16), 8);
    // Those that were in flight then tell nothing new.
    for (int i = 15; i > 0; --i) pacer.refused(16, 7, -1, 0);
    assert_int_equal(pacer.limit(16), 8);
    pacer.refused(16, 7, -1, 0);
    assert_int_equal(pacer.limit(16), 4);
    int successes = 0;
    for (; pacer.slowing(); ++successes) pacer.succeeded(16, 3, 1000);
    assert_in_range(successes, 100, 140);  // one more in flight a round
    assert_int_equal(pacer.limit(16), 16);
}

static void at_one_in_flight_a_gap_grows(void**) {
    Pacer pacer;
    pacer.set_rules(true, 4000);
    int64_t now = 50 * second_us;
    pacer.refused(1, 0, -1, now);
    for (const int64_t gap : {250, 500, 1000, 2000, 4000, 4000}) {
        assert_int_equal(pacer.gap_ms(), gap);
        assert_int_equal(pacer.ready_us(), now + gap * 1000);
        now = pacer.ready_us();
        pacer.started(now);
        pacer.refused(1, 0, -1, now);
    }
    int successes = 0;
    for (; pacer.gap_ms() > 0; ++successes) pacer.succeeded(1, 0, 1000);
    assert_in_range(successes, 10, 20);
    pacer.succeeded(1, 0, 1000);
    assert_false(pacer.slowing());
}

static void retry_after_holds_all(void**) {
    Pacer pacer;
    pacer.set_rules(true, 60000);
    pacer.refused(8, 0, 30000, second_us);
    assert_int_equal(pacer.ready_us(), 31 * second_us);
    pacer.refused(8, 0, 1000, second_us);  // a shorter one takes nothing back
    assert_int_equal(pacer.ready_us(), 31 * second_us);
    pacer.refused(8, 0, int64_t{24} * 3600 * 1000, second_us);
    assert_int_equal(pacer.ready_us(), 3601 * second_us);
    Pacer off;
    off.set_rules(false, 60000);
    off.refused(8, 0, 30000, second_us);
    assert_int_equal(off.ready_us(), 0);
    assert_int_equal(off.limit(8), 8);
}

// Answers within 250 ms, or near what is usual, however they scatter: never slowed.
static void a_healthy_endpoint_is_never_slowed(void**) {
    uint64_t random = 1;
    for (const int64_t usual_us : {200, 20000, 240000, 2000000}) {
        Pacer pacer;
        pacer.set_rules(true, 60000);
        for (int i = 0; i < 20000; ++i) {
            random = random * 6364136223846793005ULL + 1442695040888963407ULL;
            const auto part = static_cast<int64_t>(random >> 33U) % 1000;  // half to three halves of it
            int64_t duration = usual_us / 2 + usual_us * part / 1000;
            if (usual_us < 1000000 && part == 0) duration = 900000;  // now and then a hiccup
            pacer.succeeded(8, 7, duration);
            assert_false(pacer.slowing());
        }
    }
}

static void answers_far_longer_than_usual_slow_it_to_a_quarter(void**) {
    Pacer pacer;
    pacer.set_rules(true, 60000);
    for (int i = 0; i < 100; ++i) pacer.succeeded(16, 15, 100000);
    assert_int_equal(pacer.limit(16), 16);
    unsigned least = 16;
    for (int i = 0; i < 150; ++i) {
        pacer.succeeded(16, pacer.limit(16) - 1, 2000000);
        least = std::min(least, pacer.limit(16));
    }
    assert_int_equal(least, 4);
    for (int i = 0; i < 200; ++i) pacer.succeeded(16, 3, 100000);
    assert_int_equal(pacer.limit(16), 16);
    // What stays is what is usual now.
    for (int i = 0; i < 3000; ++i) pacer.succeeded(16, 3, 1000000);
    assert_int_equal(pacer.limit(16), 16);
}

static Subscription at(const std::string& name, const std::string& host, uint16_t port, bool share = true) {
    Subscription out = subscription(name);
    out.url.host = host;
    out.url.port = port;
    out.health.share_origin = share;
    return out;
}

static void those_of_one_origin_share_when_they_say_so(void**) {
    Gates gates;
    const GatePtr one = gates.find(at("a", "a.example", 443), nullptr);
    assert_ptr_equal(gates.find(at("b", "a.example", 443), nullptr).get(), one.get());
    assert_ptr_not_equal(gates.find(at("c", "a.example", 8443), nullptr).get(), one.get());
    assert_ptr_not_equal(gates.find(at("d", "b.example", 443), nullptr).get(), one.get());
    const GatePtr own = gates.find(at("e", "a.example", 443, false), one);
    assert_ptr_not_equal(own.get(), one.get());
    assert_ptr_equal(gates.find(at("e", "a.example", 443, false), own).get(), own.get());
    // The lowest rate of all who are there holds.
    HealthRules fast, slow;
    fast.rate = 3600;
    slow.rate = 60;
    one->join(1, HealthRules());
    assert_int_equal(one->rate(), 0);
    one->join(2, fast);
    one->join(3, slow);
    assert_int_equal(one->rate(), 60);
    one->leave(3);
    assert_int_equal(one->rate(), 3600);
}

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_bucket_lets_its_rate_through),
        cmocka_unit_test(a_bucket_bursts_as_far_as_it_may),
        cmocka_unit_test(too_many_halves_and_successes_give_back),
        cmocka_unit_test(at_one_in_flight_a_gap_grows),
        cmocka_unit_test(retry_after_holds_all),
        cmocka_unit_test(a_healthy_endpoint_is_never_slowed),
        cmocka_unit_test(answers_far_longer_than_usual_slow_it_to_a_quarter),
        cmocka_unit_test(those_of_one_origin_share_when_they_say_so),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
