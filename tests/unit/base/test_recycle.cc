// Blocks that one thread takes and others give back: none is given twice, and no more than a bounded number is kept.
#include <atomic>
#include <thread>
#include <vector>

#include "base/recycle.h"

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

struct Node {
    Node* next = nullptr;
};

void returns_keep_no_more_than_they_may(void**) {
    Returns<Node> returns;
    Node nodes[5];
    for (size_t i = 0; i < 5; ++i) assert_true(returns.give(&nodes[i], 3) == (i < 3));
    size_t count = 0;
    for (const Node* node = returns.take_all(); node != nullptr; node = node->next) ++count;
    assert_int_equal(count, 3);
    assert_null(returns.take_all());
    assert_true(returns.give(&nodes[0], 3));  // there is room again
}

// Each block carries its owner: a block that two had at once would be seen.
void a_block_has_one_owner(void**) {
    constexpr size_t size = 192;  // no one else's
    using Slot = std::atomic<uintptr_t*>;
    std::vector<Slot> slots(64);
    std::atomic<bool> stop{false};
    std::vector<std::thread> givers;
    for (int t = 0; t < 2; ++t)
        givers.emplace_back([&] {
            while (!stop)
                for (Slot& slot : slots)
                    if (uintptr_t* block = slot.exchange(nullptr); block != nullptr) {
                        assert_int_equal(*block, reinterpret_cast<uintptr_t>(block));
                        *block = 0;
                        Blocks<size>::give(block);
                    }
        });
    for (int i = 0; i < 200000; ++i) {
        Slot& slot = slots[static_cast<size_t>(i) % slots.size()];
        if (slot.load() != nullptr) continue;
        auto* block = static_cast<uintptr_t*>(Blocks<size>::take());
        *block = reinterpret_cast<uintptr_t>(block);
        slot = block;
    }
    stop = true;
    for (std::thread& giver : givers) giver.join();
    for (Slot& slot : slots)
        if (uintptr_t* block = slot.load(); block != nullptr) Blocks<size>::give(block);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(returns_keep_no_more_than_they_may),
        cmocka_unit_test(a_block_has_one_owner),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
