// The `dialects` list: shipped ones by name, an operator's own by path. A dialect file holds [[hook]] and additions to
// [capture], nothing else. Callers: load.cc. Threads: one load, one thread; reads files.
#pragma once

#include "plan/tables.h"

namespace trot {

void read_dialects(const RawValue& list, Loading& load, CaptureConfig& capture, std::vector<Hook>& hooks);

}  // namespace trot
