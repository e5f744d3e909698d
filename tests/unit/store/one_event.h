// The smallest sign of life of a store: it records one event more, and the events in it are counted. For the tests of
// what fails.
#pragma once

#include "tests/unit/store/store_fixture.h"

namespace trot_test {

inline Result<void> add_one(Store& store, int64_t* number = nullptr) {
    return write_now(store, [number](Tx& tx) -> Result<void> {
        Event event = some_event();
        Result<void> added = tx.add_event(event);
        if (number != nullptr) *number = event.number;
        return added;
    });
}

inline size_t count(Reader& reader) {
    const auto events = reader.events_after(0, 100000);
    assert_fine(events);
    return events.value().size();
}

inline bool writes_again(Store& store) {
    return eventually([&] { return store.writer().healthy(); }) && add_one(store).ok();
}

}  // namespace trot_test
