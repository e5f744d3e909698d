// A header value that no input can break out of: control bytes (CR, LF, NUL, …) become '_'. Topics come from the
// configuration and ids from us, so nothing changes in practice; this is the wall behind those walls. Callers: formats.
// Pure.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace trot {

inline std::string header_text(std::string_view text) {
    std::string out(text);
    std::replace_if(
        out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '_');
    return out;
}

}  // namespace trot
