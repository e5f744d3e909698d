// LogFile: appends lines to a file, standard output or standard error, and never blocks the loop: what a full pipe does
// not take waits in a bounded buffer, then is dropped and counted. Callers: the access log and the host's log. Threads:
// the loop's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace trot::host {

class LogFile {
  public:
    ~LogFile();
    // "" none, "-" the given standard descriptor, else a file. False with errno when it cannot be opened.
    bool open(const std::string& path, int standard);
    bool reopen();  // the same path anew (USR1); keeps the old one when that fails
    bool enabled() const { return fd_ >= 0; }
    const std::string& path() const { return path_; }

    void append(std::string_view line);  // with its newline
    void flush();
    size_t waiting() const { return buffer_.size() - start_; }
    uint64_t dropped() const { return dropped_; }

  private:
    bool use(int fd, bool ours);
    void release();

    std::string path_;
    int standard_ = 2;
    int fd_ = -1;
    bool ours_ = false;
    bool regular_ = false;
    std::string buffer_;
    size_t start_ = 0;  // written up to here
    uint64_t dropped_ = 0;
};

}  // namespace trot::host
