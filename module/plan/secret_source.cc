#include "plan/secret_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "plan/section.h"

namespace trot {
namespace {

constexpr size_t most_of_secret = 64 * 1024;

const KeyList& source_keys() {
    static const KeyList keys{"secret", {"env", "file"}};
    return keys;
}

Secret from_environment(const std::string& name, const Mark& at, Report& report) {
    const char* value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nothing here ever sets it
    if (!value)
        report.mistake(at, fmt::format("environment variable {} is not set, set it before starting", quoted(name)));
    else if (*value == '\0')
        report.mistake(at, fmt::format("environment variable {} is empty, it must hold the secret", quoted(name)));
    return Secret(value ? value : "");
}

void read_one(const RawValue& value, Report& report, std::vector<Secret>& out) {
    if (value.kind == RawValue::Kind::text) {
        report.warning(value.at,
                       "the secret stands in the file itself, { env = \"NAME\" } or { file = \"path\" } keeps it out");
        if (value.text.empty())
            report.mistake(value.at, "the secret is empty, give one of at least 16 bytes");
        else
            out.emplace_back(value.text);
        return;
    }
    if (value.kind != RawValue::Kind::table) {
        wrong_type(value, "secret", "a string, { env = \"NAME\" }, { file = \"path\" } or a list of them", report);
        return;
    }
    refuse_unknown(value, source_keys(), report);
    const RawMember* env = value.find("env");
    const RawMember* file = value.find("file");
    const RawMember* only = env ? env : file;
    if (!only || (env && file)) {
        report.mistake(value.at, "a secret is either { env = \"NAME\" } or { file = \"path\" }");
        return;
    }
    if (only->value.kind != RawValue::Kind::text || only->value.text.empty()) {
        wrong_type(only->value, only->name, "a string that is not empty", report);
        return;
    }
    Secret secret = env ? from_environment(only->value.text, only->value.at, report)
                        : read_secret_file(only->value.text, only->value.at, report);
    if (!secret.empty()) out.push_back(std::move(secret));
}

// All of an open file, at most `most_of_secret` and one more to notice a longer one.
bool read_all(int fd, std::string& out) {
    out.resize(most_of_secret + 1);
    size_t filled = 0;
    while (filled < out.size()) {
        const ssize_t got = read(fd, out.data() + filled, out.size() - filled);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return false;
        if (got == 0) break;
        filled += static_cast<size_t>(got);
    }
    out.resize(filled);
    return true;
}

}  // namespace

Secret read_secret_file(const std::string& path, const Mark& at, Report& report) {
    const std::string full = report.beside(at, path);
    const int fd = open(full.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat info {};
    std::string content;
    const bool opened = fd >= 0 && fstat(fd, &info) == 0 && read_all(fd, content);
    const int why = errno;
    if (fd >= 0) close(fd);
    if (!opened) {
        report.mistake(at, fmt::format("cannot read secret file {}: {}", quoted(full), std::strerror(why)));
        return {};
    }
    if (content.size() > most_of_secret) {
        report.mistake(
            at, fmt::format("secret file {} is longer than 64 KiB, it must hold the secret alone", quoted(full)));
        return {};
    }
    if (S_ISREG(info.st_mode) && (info.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        report.warning(at, fmt::format("secret file {} can be read by others (mode {:04o}), run: chmod 600 {}",
                                       quoted(full), info.st_mode & 07777, full));
    if (!content.empty() && content.back() == '\n') content.pop_back();
    if (!content.empty() && content.back() == '\r') content.pop_back();
    if (content.empty()) report.mistake(at, fmt::format("secret file {} is empty", quoted(full)));
    return Secret(std::move(content));
}

std::vector<Secret> read_secrets(const RawValue& value, Report& report) {
    std::vector<Secret> out;
    if (value.kind != RawValue::Kind::list) {
        read_one(value, report, out);
        return out;
    }
    if (value.list.empty()) report.mistake(value.at, "the list of secrets is empty, it must hold at least one");
    for (const RawValue& one : value.list) read_one(one, report, out);
    return out;
}

}  // namespace trot
