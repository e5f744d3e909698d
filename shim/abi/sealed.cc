#include "sealed.h"

namespace trot::abi {

int tell(trot_fault* fault, Code code, std::string_view text) noexcept {
    const int number = static_cast<int>(code);
    if (fault == nullptr || fault->size < offsetof(trot_fault, text) + 1) return number;
    fault->code = number;
    const size_t room = std::min<size_t>(fault->size, sizeof(trot_fault)) - offsetof(trot_fault, text);
    size_t length = std::min(text.size(), room - 1);
    if (length < text.size()) {
        // Cut at a whole line, so that no half mistake is shown.
        const size_t line = text.substr(0, length).rfind('\n');
        if (line != std::string_view::npos) length = line;
    }
    std::memcpy(fault->text, text.data(), length);
    fault->text[length] = '\0';
    return number;
}

}  // namespace trot::abi
