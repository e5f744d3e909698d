// The record of a store, read beside a running host: one query, parsed lines. Callers: lists, status. Threads: one.
#pragma once

#include <string>
#include <vector>

#include "commands.h"
#include "json.h"

namespace trot::cli {

// The directory that the options mean. Throws Failure.
std::string store_of(const StoreArgs& args);

struct Record {
    std::string text;         // one JSON object a line, as the library gave it
    std::vector<Json> lines;  // the same, parsed
};

// trot_query. Throws Failure: exit code 3 when there is no store.
Record query(const std::string& store, const char* what, const json_t* filter);

}  // namespace trot::cli
