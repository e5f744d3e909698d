// Tables for people: columns as wide as what is in them. Callers: lists, status. Threads: pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace trot::cli {

struct Table {
    std::vector<std::string> titles;  // upper case
    std::vector<std::vector<std::string>> rows;
    std::vector<size_t> widths;  // of the columns so far: rows that come later (--follow) keep in line
    bool titled = false;         // the titles have been printed

    // The rows since the last call, with the titles before the first ones. The last column is not padded.
    std::string print();
};

size_t width_of(std::string_view text);       // in characters, not bytes
std::string size_text(uint64_t bytes);        // "3.4 MiB"
std::string span_text(int64_t milliseconds);  // "2h 3m"
std::string plain(std::string_view text);  // without control bytes: what a receiver answered must not move the cursor
std::string local_time(std::string_view rfc3339);  // "2026-11-22 03:10:12", in the reader's zone; "-" for nothing

}  // namespace trot::cli
