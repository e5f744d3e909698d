// Report: every mistake and warning of one load, each with its place, so that the operator sees all of them at once.
// Callers: the loader's files. Threads: one load, one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace trot {

// A place in one of the files of a load. Line 0 is the file as a whole.
struct Mark {
    uint32_t file = 0;
    uint32_t line = 0;
    uint32_t column = 0;
};

class Report {
  public:
    uint32_t add_file(std::string name);
    const std::string& file(uint32_t index) const { return files_[index]; }
    // A path of the configuration as seen from the file that names it.
    std::string beside(const Mark& mark, std::string_view path) const;

    // text: what is wrong, what would be right. Control characters in it are shown as \n and \xHH.
    void mistake(const Mark& mark, const std::string& text);
    void warning(const Mark& mark, const std::string& text);

    bool clean() const { return mistakes_.empty(); }
    std::string mistakes() const;               // one a line, in the order of their places
    std::vector<std::string> warnings() const;  // the same

    std::string place(const Mark& mark) const;  // file:line:column

  private:
    struct Entry {
        Mark mark;
        std::string text;
    };
    std::vector<std::string> sorted(std::vector<Entry> entries) const;

    std::vector<std::string> files_;
    std::vector<Entry> mistakes_, warnings_;
};

}  // namespace trot
