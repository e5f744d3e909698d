#include "plan/include.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "plan/section.h"

namespace trot {
namespace {

constexpr size_t most_of_file = 16U << 20;
constexpr size_t most_files = 1000;

std::string canonical(const std::string& path) {
    const std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr), &std::free);
    return real ? real.get() : path;
}

class Joiner {
  public:
    explicit Joiner(Report& report) : report_(report) {}

    void add(std::string_view text, const std::string& name) {
        RawValue file;
        const uint32_t index = report_.add_file(name);
        if (all_.at.line == 0 && open_.empty()) all_.at = {index, 0, 0};
        open_.push_back(canonical(name));
        seen_.push_back(open_.back());
        if (parse_raw(text, index, report_, file)) {
            RawMember* includes = nullptr;
            for (RawMember& member : file.members) {
                if (member.name == "include")
                    includes = &member;
                else
                    join(all_, std::move(member), true);
            }
            if (includes) include(includes->value);
        }
        open_.pop_back();
    }

    RawValue take() { return std::move(all_); }

  private:
    void include(const RawValue& value) {
        if (value.kind == RawValue::Kind::text) return include_pattern(value);
        if (value.kind != RawValue::Kind::list) return wrong_type(value, "include", "a list of files", report_);
        for (const RawValue& one : value.list) {
            if (one.kind == RawValue::Kind::text)
                include_pattern(one);
            else
                wrong_type(one, "include", "a list of files", report_);
        }
    }

    void include_pattern(const RawValue& pattern) {
        const std::string full = report_.beside(pattern.at, pattern.text);
        glob_t found{};
        const int status = glob(full.c_str(), GLOB_NOCHECK, nullptr, &found);
        const std::unique_ptr<glob_t, decltype(&globfree)> owner(&found, &globfree);
        if (status != 0) return report_.mistake(pattern.at, fmt::format("cannot look for files {}", quoted(full)));
        const bool wild = full.find_first_of("*?[") != std::string::npos;
        for (size_t i = 0; i < found.gl_pathc; ++i) {
            const std::string path = found.gl_pathv[i];
            if (wild && path == full)
                break;  // GLOB_NOCHECK gave the pattern back: nothing there, which is fine for a folder
            include_file(path, pattern.at);
        }
    }

    void include_file(const std::string& path, const Mark& at) {
        const std::string real = canonical(path);
        if (std::find(open_.begin(), open_.end(), real) != open_.end())
            return report_.mistake(
                at, fmt::format("{} includes itself: {} → {}", quoted(path), fmt::join(open_, " → "), real));
        if (std::find(seen_.begin(), seen_.end(), real) != seen_.end())
            return report_.mistake(at, fmt::format("{} is included twice, once is enough", quoted(path)));
        if (seen_.size() >= most_files)
            return report_.mistake(at, fmt::format("more than {} files are included", most_files));
        const Result<std::string> text = read_config_file(path);
        if (!text) return report_.mistake(at, fmt::format("cannot include {}: {}", quoted(path), text.fault().text));
        add(text.value(), path);
    }

    void join(RawValue& into, RawMember member, bool top) {
        const auto there = std::find_if(into.members.begin(), into.members.end(),
                                        [&](const RawMember& other) { return other.name == member.name; });
        if (there == into.members.end()) {
            into.members.push_back(std::move(member));
        } else if (top && there->value.kind == RawValue::Kind::table && member.value.kind == RawValue::Kind::table) {
            for (RawMember& inner : member.value.members) join(there->value, std::move(inner), false);
        } else if (top && there->value.kind == RawValue::Kind::list && member.value.kind == RawValue::Kind::list) {
            for (RawValue& one : member.value.list) there->value.list.push_back(std::move(one));
        } else {
            report_.mistake(member.at, fmt::format("'{}' is set a second time, the first is at {}; keep one",
                                                   member.name, report_.place(there->at)));
        }
    }

    Report& report_;
    RawValue all_;
    std::vector<std::string> open_, seen_;  // canonical names: being read now, read at all
};

}  // namespace

Result<std::string> read_config_file(const std::string& path) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return Fault{Code::config, std::strerror(errno)};
    struct Closer {
        int fd;
        ~Closer() { close(fd); }
    } const closer{fd};
    struct stat info {};
    if (fstat(fd, &info) != 0) return Fault{Code::config, std::strerror(errno)};
    if (!S_ISREG(info.st_mode)) return Fault{Code::config, "it is no regular file"};
    if (info.st_size > static_cast<off_t>(most_of_file)) return Fault{Code::config, "it is longer than 16 MiB"};
    std::string out(static_cast<size_t>(info.st_size), '\0');
    size_t filled = 0;
    while (filled < out.size()) {
        const ssize_t got = read(fd, out.data() + filled, out.size() - filled);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return Fault{Code::config, std::strerror(errno)};
        if (got == 0) break;
        filled += static_cast<size_t>(got);
    }
    out.resize(filled);
    return out;
}

RawValue join_files(std::string_view text, const std::string& name, Report& report) {
    Joiner joiner(report);
    joiner.add(text, name);
    return joiner.take();
}

}  // namespace trot
