// From the options of `trotline run --upstream …` to the text of a configuration: the same road as a file from there
// on, and something to keep (`--show`). Callers: run. Threads: pure, but for the environment.
#pragma once

#include <string>

#include "commands.h"

namespace trot::cli {

// Throws Failure for what cannot be meant.
std::string quick_toml(const QuickPlan& quick);

// Where the record goes when nobody says: /var/lib/trotline for root, else under $XDG_STATE_HOME or ~/.local/state.
std::string default_store();

}  // namespace trot::cli
