// The wait before the next attempt, Retry-After, and what a status means.
#include <string>

#include "egress/http_date.h"
#include "egress/retry.h"

// clang-format off
extern "C" {
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
}
// clang-format on

using namespace trot;

namespace {

constexpr int64_t day = 24LL * 3600 * 1000;
constexpr int64_t dated = 784111777;  // Sun, 06 Nov 1994 08:49:37 GMT

void verdicts(void**) {
    auto of = [](int status, SendError error = SendError::none) {
        SendResult result;
        result.status = status;
        result.error = error;
        return judge_result(result);
    };
    for (int status : {200, 201, 202, 204, 206, 299}) assert_true(of(status) == Verdict::delivered);
    for (int status : {101, 300, 301, 302, 304, 307, 308, 400, 401, 404, 409, 411, 429, 500, 503, 999})
        assert_true(of(status) == Verdict::retry);
    assert_true(of(410) == Verdict::gone);
    for (SendError error :
         {SendError::resolve, SendError::connect, SendError::tls, SendError::timeout, SendError::blocked})
        assert_true(of(0, error) == Verdict::retry);
}

void the_schedule_of_standard_webhooks(void**) {
    const std::vector<int64_t> want = {5000, 300000, 1800000, 7200000, 18000000, 36000000, 50400000, 72000000, day};
    assert_true(default_schedule_ms() == want);
}

uint64_t mixed(uint64_t x) {  // splitmix64
    x += 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27U)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31U);
}

void waits_are_spread(void**) {
    const std::vector<int64_t> schedule = {5000, 100, 20, 0, day};
    assert_int_equal(next_wait_ms(schedule, 0, -1, 7), 0);
    assert_int_equal(next_wait_ms(schedule, 6, -1, 7), -1);
    assert_int_equal(next_wait_ms({}, 1, 60000, 7), -1);
    const std::pair<int64_t, int64_t> bounds[] = {{1000, 5000}, {50, 100}, {20, 20}, {1, 1}, {1000, day}};
    for (unsigned attempt = 1; attempt <= schedule.size(); ++attempt) {
        const auto [low, high] = bounds[attempt - 1];
        for (uint64_t seed = 0; seed < 2000; ++seed) {
            const int64_t wait = next_wait_ms(schedule, attempt, -1, mixed(seed));
            assert_true(wait >= low && wait <= high);
        }
        for (uint64_t extreme : {uint64_t{0}, ~uint64_t{0}}) {
            const int64_t wait = next_wait_ms(schedule, attempt, -1, extreme);
            assert_true(wait >= low && wait <= high);
        }
    }
    // No crowd in any tenth of the span: each holds about as many as the others.
    int tenths[10] = {};
    for (uint64_t seed = 0; seed < 10000; ++seed)
        ++tenths[(next_wait_ms(schedule, 1, -1, mixed(seed)) - 1000) * 10 / 4001];
    for (int count : tenths) assert_in_range(count, 800, 1200);
}

void jitter_may_be_half_or_none(void**) {
    for (uint64_t seed = 0; seed < 2000; ++seed) {
        const int64_t half = next_wait_ms({5000}, 1, -1, mixed(seed), Jitter::equal);
        assert_true(half >= 2500 && half <= 5000);
        assert_int_equal(next_wait_ms({5000}, 1, -1, mixed(seed), Jitter::none), 5000);
    }
}

// 10,000 deliveries that failed in one second: whatever the step, no second of their return has more than twice the
// mean.
void a_storm_does_not_come_back_as_one(void**) {
    for (const int64_t step : {5000, 60000, 300000}) {
        std::vector<int> bins(static_cast<size_t>(step / 1000 + 2));
        for (uint64_t one = 0; one < 10000; ++one) {
            const auto failed_ms = static_cast<int64_t>(one / 10);
            const int64_t due_ms = failed_ms + next_wait_ms({step}, 1, -1, mixed(one));
            ++bins[static_cast<size_t>(due_ms / 1000)];
        }
        const double mean = 10000.0 / static_cast<double>(step / 1000);
        for (const int count : bins) assert_true(count <= 2 * mean);
    }
}

void retry_after_is_obeyed(void**) {
    for (uint64_t seed = 0; seed < 2000; ++seed) {
        const int64_t wait = next_wait_ms({5000}, 1, 60000, mixed(seed));
        assert_true(wait >= 60000 && wait <= 65000);
        const int64_t sooner = next_wait_ms({day}, 1, 1000, mixed(seed));
        assert_true(sooner >= 1000 && sooner <= day);
    }
    assert_true(next_wait_ms({5000}, 1, day, ~uint64_t{0}) >= day);
}

void retry_after_values(void**) {
    const int64_t now = dated * 1000 - 90000;
    const std::pair<const char*, int64_t> cases[] = {
        {"120", 120000},
        {" 120\t", 120000},
        {"0", 1000},
        {"1", 1000},
        {"86400", day},
        {"86401", day},
        {"999999999999", day},
        {"99999999999999999999999999999999999999", day},
        {"00005", 5000},
        {"Sun, 06 Nov 1994 08:49:37 GMT", 90000},
        {"Sunday, 06-Nov-94 08:49:37 GMT", 90000},
        {"Sun Nov  6 08:49:37 1994", 90000},
        {"Sun, 06 Nov 1994 08:40:00 GMT", 1000},
        {"Sun, 06 Nov 2094 08:49:37 GMT", day},
        {"", -1},
        {"-1", -1},
        {"+5", -1},
        {"1.5", -1},
        {"5 s", -1},
        {"0x10", -1},
        {"soon", -1},
        {"Sun, 06 Nov 1994 08:49:37", -1},
        {"Sun, 06 Nov 1994 08:49:37 GMT+1", -1},
        {"Sun, 31 Feb 1994 08:49:37 GMT", -1},
        {"Sun, 06 Nov 1994 24:49:37 GMT", -1},
        {"Sun, 06 ovD 1994 08:49:37 GMT", -1},
        {"Xxx, 06 Nov 1994 08:49:37 GMT", -1},
        {"Sun, 6 Nov 1994 08:49:37 GMT", -1},
        {"Sun Nov  6 08:49:37 94", -1},
    };
    for (auto [value, want] : cases) {
        const int64_t got = parse_retry_after(value, now);
        if (got != want) fail_msg("\"%s\" gives %lld", value, static_cast<long long>(got));
    }
    assert_int_equal(parse_http_date("Thu, 01 Jan 1970 00:00:00 GMT").value(), 0);
    assert_int_equal(parse_http_date("Tue, 29 Feb 2028 23:59:60 GMT").value(), 1835481600);
    assert_int_equal(parse_http_date("Wednesday, 01-Jan-69 00:00:00 GMT").value(), 3124224000);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(verdicts),
        cmocka_unit_test(the_schedule_of_standard_webhooks),
        cmocka_unit_test(waits_are_spread),
        cmocka_unit_test(jitter_may_be_half_or_none),
        cmocka_unit_test(a_storm_does_not_come_back_as_one),
        cmocka_unit_test(retry_after_is_obeyed),
        cmocka_unit_test(retry_after_values),
    };
    return cmocka_run_group_tests_name("retry", tests, nullptr, nullptr);
}
