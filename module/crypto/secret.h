// Secret: a key that is never printed and is wiped when it goes. Callers: plan (from env, file or literal), dialect
// (signing). Threads: immutable after construction; sharing const ones is fine.
#pragma once

#include <string>
#include <string_view>

namespace trot {

class Secret {
  public:
    Secret() = default;
    explicit Secret(std::string value) : value_(std::move(value)) {}
    ~Secret();
    Secret(const Secret&) = default;
    Secret& operator=(const Secret& other);
    Secret(Secret&&) noexcept;
    Secret& operator=(Secret&&) noexcept;

    bool empty() const { return value_.empty(); }
    std::string_view reveal() const { return value_; }  // grep for this word to see who reads secrets
    std::string hint() const;                           // "set, ends in ab12" for people, "unset" when empty

  private:
    std::string value_;
};

}  // namespace trot
