// Text as a JSON string. Callers: formats. Threads: pure.
#pragma once

#include <string>
#include <string_view>

namespace trot {

// Appends `text` in quotes. Bytes that are no UTF-8 (an id cut out of a percent-decoded path may hold any) become
// U+FFFD: a body that no parser takes would be worse.
void append_quoted(std::string& out, std::string_view text);

// The text with U+FFFD for bytes that are no UTF-8.
std::string sound_utf8(std::string_view text);

}  // namespace trot
