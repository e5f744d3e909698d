// What every function of the door shares: the catch-all (no exception crosses the C ABI), faults, texts, struct sizes.
// Callers: shim/abi/*.cc. Threads: pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <new>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/text.h"
#include "trotline/trotline.h"

namespace trot::abi {

int tell(trot_fault* fault, Code code,
         std::string_view text) noexcept;  // fills fault (may be NULL) and returns the code
inline int tell(trot_fault* fault, const Fault& why) noexcept { return tell(fault, why.code, why.text); }

// Runs body() and turns what it throws into a code. body returns int.
template <class Body>
int sealed(trot_fault* fault, Body body) noexcept {
    try {
        return body();
    } catch (const std::bad_alloc&) {
        return tell(fault, Code::no_memory, "out of memory");
    } catch (const std::exception& error) {
        return tell(fault, Code::internal, error.what());
    } catch (...) {
        return tell(fault, Code::internal, "an exception of unknown type");
    }
}

inline std::string_view view(trot_text text) {
    return text.at == nullptr ? std::string_view() : std::string_view(text.at, text.len);
}
inline trot_text text_of(std::string_view text) { return {text.data(), text.size()}; }

// A struct of the caller's may be older (smaller) or newer (larger) than ours: both sides use the common front.
template <class T>
T read_struct(const T& theirs) {
    T ours{};
    std::memcpy(&ours, &theirs, std::min<size_t>(theirs.size, sizeof(T)));
    ours.size = sizeof(T);
    return ours;
}
// The same without a copy where the caller's struct has all that ours has; else `room` holds it.
template <class T>
const T& see_struct(const T& theirs, std::optional<T>& room) {
    return theirs.size >= sizeof(T) ? theirs : room.emplace(read_struct(theirs));
}
template <class T>
void write_struct(T& theirs, const T& ours) {
    const uint32_t size = theirs.size;
    std::memcpy(&theirs, &ours, std::min<size_t>(size, sizeof(T)));
    theirs.size = size;
}

inline std::string_view find(const trot_field* fields, size_t count, std::string_view name) {
    for (size_t i = 0; i < count; ++i)
        if (equal_nocase(view(fields[i].name), name)) return view(fields[i].value);
    return {};
}

}  // namespace trot::abi
