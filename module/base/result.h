// Result<T>: a value, or the Fault that prevented it. Every room returns it; no exception leaves a component.
// Callers: everybody. Threads: plain values, no sharing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace trot {

// Permanent numbers: they cross the C ABI (TROT_E*) and appear in logs. A number is never reused.
enum class Code : int32_t {
    ok = 0,
    abi = 1,        // header and library do not fit
    config = 2,     // the configuration is wrong; the text lists every mistake
    store = 3,      // the store cannot be read or written
    full = 4,       // a byte budget is used up
    stopped = 5,    // the engine stops or has stopped
    late = 6,       // a deadline passed
    no_memory = 7,  // an allocation failed
    internal = 8,   // a bug of ours
    usage = 9,      // the caller passed something impossible
    refused = 10,   // a guard or a signature says no
    not_found = 11,
    network = 12,
    damaged = 13,  // the store's file is not a sound database
};

struct Fault {
    Code code = Code::internal;
    std::string text;  // for a person: what is wrong, where, what would be right
};

template <class T>
class [[nodiscard]] Result {
  public:
    Result(T value) : value_(std::move(value)) {}      // NOLINT(google-explicit-constructor): `return value;`
    Result(Fault fault) : fault_(std::move(fault)) {}  // NOLINT(google-explicit-constructor): `return Fault{…};`
    bool ok() const { return value_.has_value(); }
    explicit operator bool() const { return ok(); }
    // value() and fault() each need the matching ok().
    T& value() & { return *value_; }
    const T& value() const& { return *value_; }
    T&& value() && { return std::move(*value_); }
    const Fault& fault() const { return fault_; }

  private:
    std::optional<T> value_;
    Fault fault_{Code::ok, {}};
};

template <>
class [[nodiscard]] Result<void> {
  public:
    Result() = default;
    Result(Fault fault) : fault_(std::move(fault)) {}  // NOLINT(google-explicit-constructor)
    bool ok() const { return fault_.code == Code::ok; }
    explicit operator bool() const { return ok(); }
    const Fault& fault() const { return fault_; }

  private:
    Fault fault_{Code::ok, {}};
};

}  // namespace trot
