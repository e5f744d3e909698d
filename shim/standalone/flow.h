// Back-pressure: who writes faster than the other side takes is paused at kHigh waiting bytes and goes on at kLow. So a
// transfer of any size needs constant memory. Callers: exchange, client.
#pragma once

#include <cstddef>

namespace trot::host {

inline constexpr size_t kHigh = 256 * 1024;
inline constexpr size_t kLow = 64 * 1024;

}  // namespace trot::host
