// The command line: names, help and checks of every option (CLI11). Callers: main.
#pragma once

#include <functional>

namespace trot::cli {

// The chosen command, ready to run. Help and version are printed here: the command then is a plain success. Throws
// Failure (exit code 2) for what cannot be understood, with the nearest known name.
std::function<int()> read_arguments(int argc, const char* const* argv);

}  // namespace trot::cli
