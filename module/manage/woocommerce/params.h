// Query parameters as PHP reads them: of several with one name the last one counts, "a[b]" is a member, a list comes as
// "a[]", "a[0]" or with commas. Callers: legacy, rest. Threads: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace trot::woo {

class Params {
  public:
    explicit Params(const Fields& fields) : fields_(fields) {}

    const std::string* find(std::string_view name) const;  // null: not there
    std::string_view text(std::string_view name) const;    // "" when not there
    std::vector<std::string> list(std::string_view name) const;
    std::vector<std::string> ids(std::string_view name) const;  // those of the list that are whole numbers

  private:
    const Fields& fields_;
};

std::optional<int64_t> read_number(std::string_view text);  // decimal, with sign

}  // namespace trot::woo
