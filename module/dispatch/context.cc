#include "dispatch/context.h"

namespace trot {

uint64_t Context::random() {
    uint64_t z = (seed += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31U);
}

Reader* Context::read() {
    if (reader) return reader.get();
    Result<std::unique_ptr<Reader>> made = store.reader();
    if (!made) {
        read_failed(made.fault());
        return nullptr;
    }
    reader = std::move(made).value();
    return reader.get();
}

void Context::read_failed(const Fault& fault) {
    reader.reset();
    uint64_t more = 0;
    if (quiet_read.pass(clock.steady_us(), more))
        log.write(Level::error, "dispatch: the store cannot be read, deliveries wait: " + fault.text);
}

}  // namespace trot
