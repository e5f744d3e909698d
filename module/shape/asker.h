// Asker: asks a jq process and waits for the answer; for where nobody else waits meanwhile. Keeps the process for the
// next question. Callers: program (checks a configuration's), manage (claims). Threads: one at a time; [blocks].
#pragma once

#include <string_view>

#include "shape/helper.h"

namespace trot {

class Asker {
  public:
    // Code::internal: jq cannot be run here. What the program does wrong is in the answer.
    Result<JqAnswer> ask(JqAsk ask, std::string_view program, std::string_view input);

  private:
    JqHelper helper_;
};

}  // namespace trot
