// Lanes, windows and batches over many random histories with crashes between any two commits, on the real store.
#include "tests/unit/dispatch/lane_model.h"

namespace {

using namespace trot_test;

// TROTLINE_HISTORIES=10000 for a long run; TROTLINE_SEED=n for one alone.
uint64_t from_environment(const char* name, uint64_t otherwise) {
    const char* value = getenv(name);
    return value != nullptr ? strtoull(value, nullptr, 10) : otherwise;
}

void nothing_is_lost_invented_or_out_of_its_lane(void**) {
    const uint64_t histories = from_environment("TROTLINE_HISTORIES", 150);
    const uint64_t first = from_environment("TROTLINE_SEED", 1);
    size_t sent = 0, joined = 0, batches = 0, crashes = 0;
    for (uint64_t seed = first; seed < first + (getenv("TROTLINE_SEED") != nullptr ? 1 : histories); ++seed) {
        TempDir dir;
        LaneModel model(seed, dir / "store", 7);
        model.run(80);
        sent += model.sent();
        joined += model.joined();
        batches += model.batches();
        crashes += model.crashes();
    }
    print_message("%zu requests, %zu changes that joined, %zu batches, %zu crashes\n", sent, joined, batches, crashes);
    assert_true(getenv("TROTLINE_SEED") != nullptr ||
                (joined > histories && batches > histories / 2 && crashes > histories / 2));
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {cmocka_unit_test(nothing_is_lost_invented_or_out_of_its_lane)};
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
