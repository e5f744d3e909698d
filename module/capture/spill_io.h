// System calls of the spill file that retry, and say what failed. Callers: spill. Threads: any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace trot::spill_io {

// Opens (or makes, 0600) and locks for this process; *fd is -1 when another one holds it or (create = false) there is
// none.
Result<int> open_locked(const std::string& file, bool create);
Result<void> write_all(int fd, std::string_view bytes, uint64_t offset, const std::string& file);
// As many bytes as there are, up to size.
Result<std::string> read_some(int fd, size_t size, uint64_t offset, const std::string& file);
Result<void> sync(int fd, const std::string& file);
// Reserves blocks from the start; halves the wish until the disk agrees. Returns what it got.
uint64_t reserve(int fd, uint64_t bytes);
uint64_t size_of(int fd);
void append_copy(const std::string& file, std::string_view bytes);  // best effort

}  // namespace trot::spill_io
