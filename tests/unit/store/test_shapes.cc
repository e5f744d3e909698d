// Shapes of deliveries in the store, and deliveries that end without an attempt.
#include "store_fixture.h"

using namespace trot_test;

namespace {

struct Opened {
    Opened() {
        StoreOptions options;
        options.path = dir.path() + "/store";
        store = std::move(open_store(options)).value();
        reader = std::move(store->reader()).value();
    }
    ~Opened() { store->writer().stop(1000); }
    TempDir dir;
    std::unique_ptr<Store> store;
    std::unique_ptr<Reader> reader;
};

int64_t shape_of(Opened& at, const std::string& spec) {
    int64_t number = -1;
    assert_fine(write_now(*at.store, [&](Tx& tx) -> Result<void> {
        const Result<int64_t> found = tx.shape(spec);
        if (!found) return found.fault();
        number = found.value();
        return {};
    }));
    return number;
}

Delivery made(Opened& at, int64_t shape, unsigned attempts = 0) {
    Delivery delivery;
    assert_fine(write_now(*at.store, [&](Tx& tx) -> Result<void> {
        Event event = some_event("order.created", "{}");
        if (Result<void> added = tx.add_event(event); !added) return added;
        delivery.event = event.number;
        delivery.subscription = 1;
        delivery.shape = shape;
        delivery.attempts = attempts;
        return tx.add_delivery(delivery);
    }));
    return delivery;
}

Delivery ended(Opened& at, const Delivery& delivery, DeliveryState state) {
    Outcome outcome;
    outcome.attempt.delivery = delivery.number;
    outcome.attempt.at_ms = 5000;
    outcome.attempt.error = "why";
    outcome.state = state;
    outcome.due_ms = 9000;
    outcome.unsent = true;
    outcome.reshape = state == DeliveryState::dead;
    assert_fine(write_now(*at.store, [&](Tx& tx) { return tx.finish(outcome); }));
    const Result<Delivery> read = at.reader->delivery(delivery.number);
    assert_fine(read);
    return read.value();
}

void a_spec_has_one_row_for_ever(void**) {
    Opened at;
    assert_int_equal(shape_of(at, ""), 0);
    const int64_t first = shape_of(at, "{\"drop\":[\"/a\"]}");
    const int64_t second = shape_of(at, "{\"drop\":[\"/b\"]}");
    assert_true(first > 0 && second > 0 && first != second);
    assert_int_equal(shape_of(at, "{\"drop\":[\"/a\"]}"), first);
    assert_string_equal(at.reader->shape(first).value().c_str(), "{\"drop\":[\"/a\"]}");
    assert_int_equal(at.reader->shape(99).fault().code, Code::not_found);
    assert_int_equal(at.reader->delivery(99).fault().code, Code::not_found);
}

void what_was_not_sent_is_no_attempt(void**) {
    Opened at;
    const int64_t shape = shape_of(at, "{}");
    const Delivery filtered = ended(at, made(at, shape), DeliveryState::cancelled);
    assert_int_equal(filtered.state, DeliveryState::cancelled);
    assert_int_equal(filtered.attempts, 0);
    assert_int_equal(filtered.finished_ms, 5000);
    assert_string_equal(filtered.last_error.c_str(), "why");
    assert_int_equal(filtered.shape, shape);
    Filter of;
    of.delivery = filtered.number;
    assert_int_equal(at.reader->list_attempts(of).value().size(), 0);
    const Delivery later = ended(at, made(at, shape), DeliveryState::pending);
    assert_int_equal(later.state, DeliveryState::pending);
    assert_int_equal(later.due_ms, 9000);
    assert_int_equal(later.finished_ms, 0);
}

// As long as nothing was sent, its bytes are not fixed.
void only_what_was_never_sent_is_shaped_anew(void**) {
    Opened at;
    const int64_t shape = shape_of(at, "{}");
    assert_int_equal(ended(at, made(at, shape), DeliveryState::dead).shape, -1);
    assert_int_equal(ended(at, made(at, shape, 2), DeliveryState::dead).shape, shape);
    assert_int_equal(ended(at, made(at, 0), DeliveryState::dead).shape, 0);
    const Delivery dead = ended(at, made(at, shape), DeliveryState::dead);
    assert_fine(write_now(*at.store, [&](Tx& tx) { return tx.set_shape(dead.number, shape); }));
    assert_int_equal(at.reader->delivery(dead.number).value().shape, shape);
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_spec_has_one_row_for_ever),
        cmocka_unit_test(what_was_not_sent_is_no_attempt),
        cmocka_unit_test(only_what_was_never_sent_is_shaped_anew),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
