// Secret: a key that is never printed and is wiped when it goes. Callers: plan (from env, file or literal), dialect
// (signing). Threads: immutable after construction; sharing const ones is fine.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace trot {

class Secret {
  public:
    Secret() = default;
    explicit Secret(std::string value, int64_t until_s = 0) : value_(std::move(value)), until_s_(until_s) {}
    ~Secret();
    Secret(const Secret&) = default;
    Secret& operator=(const Secret& other);
    Secret(Secret&&) noexcept;
    Secret& operator=(Secret&&) noexcept;

    bool empty() const { return value_.empty(); }
    std::string_view reveal() const { return value_; }  // grep for this word to see who reads secrets
    // The end of a rotation's overlap, Unix seconds: it signs nothing from then on. 0: it has none.
    int64_t until_s() const { return until_s_; }
    bool holds(int64_t at_s) const { return until_s_ == 0 || at_s < until_s_; }
    bool operator==(const Secret&) const = default;  // of two configurations; what a client sends: same_secret()
    std::string hint() const;                        // "set, ends in ab12" for people, "unset" when empty

  private:
    std::string value_;
    int64_t until_s_ = 0;
};

}  // namespace trot
