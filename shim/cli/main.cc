// trotline: the one executable. Reads the command line, runs the command, turns what went wrong into a message and an
// exit code.
#include <exception>

#include "arguments.h"
#include "say.h"

int main(int argc, char** argv) {
    using namespace trot::cli;
    try {
        const int code = read_arguments(argc, argv)();
        finish_output();
        return code;
    } catch (const Failure& failure) {
        warn(failure.what());
        return failure.code();
    } catch (const std::exception& error) {
        warn(error.what());
        return exit_unreachable;
    }
}
