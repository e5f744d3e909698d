// Ids: the spelling is fixed for ever (receivers keep ids), ordered as the numbers are, and read back tolerantly.
#include <cstring>
#include <limits>

#include "crypto/ids.h"

// clang-format off
extern "C" {
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
}
// clang-format on

namespace {

using namespace trot;

void floor_follows_the_clock(void**) {
    assert_int_equal(id_floor(1735689600000), 0);
    assert_int_equal(id_floor(1735689600001), 1 << 20);
    assert_int_equal(id_floor(0), 0);  // a clock before 2025 gives the smallest id, never a negative one
    const int64_t now = 1795312800123;
    assert_int_equal(id_wall_ms(id_floor(now)), now);
    assert_int_equal(id_wall_ms(id_floor(now) + 1048575), now);
    assert_true(id_floor(std::numeric_limits<int64_t>::max()) > 0);
}

void spelling_is_fixed(void**) {
    assert_string_equal(spell_id(event_prefix, 0).c_str(), "evt_0000000000000");
    assert_string_equal(spell_id(event_prefix, 31).c_str(), "evt_000000000000Z");
    assert_string_equal(spell_id(delivery_prefix, 32).c_str(), "dlv_0000000000010");
    assert_string_equal(spell_id(subscription_prefix, std::numeric_limits<int64_t>::max()).c_str(),
                        "sub_7ZZZZZZZZZZZZ");
}

void order_of_text_is_order_of_numbers(void**) {
    std::string last;
    for (int64_t number = 1; number > 0 && number < (1LL << 62); number = number * 3 + 1) {
        const std::string text = spell_id(event_prefix, number);
        assert_true(last < text);
        assert_null(strchr(text.c_str(), '.'));
        last = text;
        const Result<int64_t> back = read_id(event_prefix, text);
        assert_true(back.ok());
        assert_int_equal(back.value(), number);
    }
}

void reading_is_tolerant_where_crockford_is(void**) {
    assert_int_equal(read_id("evt_", "evt_000000000001o").value(), 32);
    assert_int_equal(read_id("evt_", "evt_00000000000il").value(), 33);
    assert_int_equal(read_id("evt_", "evt_000000000000z").value(), 31);
}

void wrong_ids_are_refused(void**) {
    for (const char* text : {"", "evt_", "evt_000000000000", "evt_00000000000000", "dlv_0000000000000", "0000000000000",
                             "evt_000000000000U", "evt_000000000000.", "evt_8000000000000", "EVT_0000000000000"}) {
        const Result<int64_t> number = read_id("evt_", text);
        assert_false(number.ok());
        assert_int_equal(static_cast<int>(number.fault().code), static_cast<int>(Code::usage));
        assert_non_null(strstr(number.fault().text.c_str(), "evt_0"));
    }
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(floor_follows_the_clock),
        cmocka_unit_test(spelling_is_fixed),
        cmocka_unit_test(order_of_text_is_order_of_numbers),
        cmocka_unit_test(reading_is_tolerant_where_crockford_is),
        cmocka_unit_test(wrong_ids_are_refused),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
