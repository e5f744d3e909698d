// What the tool says and how it ends. Answers go to standard output, everything about them to standard error.
// Callers: every command. Threads: one.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace trot::cli {

// The contract with scripts.
enum Exit : int {
    exit_fine = 0,
    exit_no = 1,           // the answer is no: a wrong file, a bad signature, a blocked address
    exit_usage = 2,        // this cannot be meant
    exit_unreachable = 3,  // no host, no store, a disk that does not take the answer
};

// Ends the command: main prints the text and exits with the code.
class Failure : public std::runtime_error {
  public:
    Failure(Exit code, const std::string& text) : std::runtime_error(text), code_(code) {}
    Exit code() const { return code_; }

  private:
    Exit code_;
};

void put(std::string_view text);       // to standard output
void put_line(std::string_view text);  // … with a newline, and flushed: a reader of a pipe sees it at once
void warn(std::string_view text);      // "trotline: text" to standard error

// Flushes standard output; throws Failure when it did not take everything (a full disk).
void finish_output();

// A whole file or standard input ("-"). Throws Failure with what the system said.
std::string read_file(const std::string& path);
// The key in a file, without the newline that editors leave behind it.
std::string read_secret(const std::string& path);

}  // namespace trot::cli
