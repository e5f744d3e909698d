#include "say.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace trot::cli {
namespace {

struct Close {
    void operator()(FILE* file) const {
        if (file != stdin) (void)fclose(file);
    }
};

}  // namespace

void put(std::string_view text) { (void)fwrite(text.data(), 1, text.size(), stdout); }

void put_line(std::string_view text) {
    put(text);
    put("\n");
    finish_output();
}

void warn(std::string_view text) {
    // The answer so far comes first when both go to one terminal.
    (void)fflush(stdout);
    const std::string line = fmt::format("trotline: {}\n", text);
    (void)fwrite(line.data(), 1, line.size(), stderr);
}

void finish_output() {
    if (fflush(stdout) != 0 || ferror(stdout) != 0)
        throw Failure(exit_unreachable, fmt::format("cannot write the answer: {}", strerror(errno)));
}

std::string read_file(const std::string& path) {
    const std::unique_ptr<FILE, Close> file(path == "-" ? stdin : fopen(path.c_str(), "rbe"));
    std::string text;
    char piece[65536];
    if (file) {
        size_t got = 0;
        while ((got = fread(piece, 1, sizeof piece, file.get())) > 0) text.append(piece, got);
    }
    if (!file || ferror(file.get()) != 0)
        throw Failure(exit_usage, fmt::format("cannot read {}: {}", path, strerror(errno)));
    return text;
}

std::string read_secret(const std::string& path) {
    if (path.empty()) throw Failure(exit_usage, "a secret is needed: --secret-file FILE");
    std::string secret = read_file(path);
    while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) secret.pop_back();
    if (secret.empty()) throw Failure(exit_usage, fmt::format("the secret in {} is empty", path));
    return secret;
}

}  // namespace trot::cli
