// The tables as SQL. What each column means, and why each index is there, is told in schema.md; both change together.
// Callers: migrate (makes them), salvage (makes them in a new file), check (expects them). Threads: any.
#pragma once

#include <cstdint>
#include <string>

namespace trot {

inline constexpr int64_t application_id = 0x54524f54;  // "TROT": file(1) and we recognise our file by it
inline constexpr int schema_version = 3;               // PRAGMA user_version; migrate.cc holds the steps

const std::string& schema_v1();
const std::string& schema_v2();
const std::string& schema_v3();

}  // namespace trot
