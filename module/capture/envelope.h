// Envelopes: an answer whose body holds the true status, headers and body, as WordPress sends with ?_envelope. Callers:
// Facts. Threads: as Facts.
#pragma once

#include <optional>

#include "capture/source.h"

namespace trot {

// nullopt: this answer is in none. facts: still seen from the outside.
std::optional<Inside> open_envelope(const Envelope& envelope, Facts& facts);

}  // namespace trot
