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

// What an option may say that becomes a header's value: a word, and a media type.
inline bool is_header_word(std::string_view text) {
    return !text.empty() && header_text(text) == text && text.find_first_of(" \"\\") == std::string_view::npos;
}

inline bool is_media_type(std::string_view text) {
    return text.find('/') != std::string_view::npos && text.front() != '/' && header_text(text) == text;
}

}  // namespace trot
