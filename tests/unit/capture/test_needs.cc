// What of an exchange is copied: fields by their names.
#include "capture/needs.h"

extern "C" {
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// clang-format off
#include <cmocka.h>
// clang-format on
}

using namespace trot;

namespace {

void names_count_in_any_case_and_length(void**) {
    FieldNames names;
    assert_false(names.has(""));
    const std::string longest(200, 'x');
    for (const std::string& name : {std::string("X-Id"), std::string("location"), longest}) names.add(name);
    assert_true(names.has("x-id") && names.has("X-ID") && names.has("Location") && names.has(longest));
    for (const char* other : {"", "x-ie", "X-Ids", "locatiom"}) assert_false(names.has(other));
    for (const size_t length : {63, 199, 201}) assert_false(names.has(std::string(length, 'x')));
    assert_false(names.has(std::string(200, 'y')));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {cmocka_unit_test(names_count_in_any_case_and_length)};
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
