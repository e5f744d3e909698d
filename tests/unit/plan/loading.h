// Loading a text in a test: the plan, or all mistakes; and a folder of its own for files.
#pragma once

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "plan/load.h"

extern "C" {
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// clang-format off
#include <cmocka.h>
// clang-format on
}

namespace test {

inline trot::Vocabulary words() {
    trot::Vocabulary out;
    out.formats = {"standard", "plain"};
    out.check_secret = [](std::string_view format, const trot::Secret& secret) -> trot::Result<void> {
        if (format == "standard" && secret.reveal().size() < 8)
            return trot::Fault{trot::Code::refused, "it needs 8 bytes"};
        return {};
    };
    out.reserved = [](std::string_view) {
        return std::vector<std::string_view>{"webhook-id", "webhook-timestamp", "webhook-signature"};
    };
    out.dialects = {"shop", "blog"};
    out.dialect = [](std::string_view name) -> std::string_view {
        if (name == "shop")
            return "[capture]\nredact = [\"key\"]\nmethod_override = true\n[[hook]]\ntopic = \"order.created\"\n"
                   "match = \"POST /orders\"\n";
        if (name == "blog")
            return "[store]\nurl = \"sqlite:/x\"\n[[hook]]\ntopic = \"post.created\"\nmach = \"POST /posts\"\n";
        return {};
    };
    return out;
}

inline trot::PlanPtr load(const std::string& text) {
    const trot::Result<trot::PlanPtr> plan = trot::parse_plan(text, "t.toml", words());
    if (!plan) fail_msg("%s", plan.fault().text.c_str());
    return plan.value();
}

inline std::string mistakes(const std::string& text) {
    const trot::Result<trot::PlanPtr> plan = trot::parse_plan(text, "t.toml", words());
    if (plan) return "";
    assert_int_equal(static_cast<int>(plan.fault().code), static_cast<int>(trot::Code::config));
    return plan.fault().text;
}

inline void says(const std::string& got, const char* want) {
    if (got.find(want) == std::string::npos) fail_msg("wanted: %s\n   got: %s", want, got.c_str());
}

// The mistakes of a text hold each of these.
inline void refused(const std::string& text, std::initializer_list<const char*> wants) {
    const std::string got = mistakes(text);
    if (got.empty()) fail_msg("was accepted: %s", text.c_str());
    for (const char* want : wants) says(got, want);
}

class Folder {
  public:
    Folder() {
        char name[] = "/tmp/trotline-plan-XXXXXX";
        path_ = mkdtemp(name);
    }
    ~Folder() {
        for (const std::string& file : files_) unlink(file.c_str());
        for (auto folder = folders_.rbegin(); folder != folders_.rend(); ++folder) rmdir(folder->c_str());
        rmdir(path_.c_str());
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    const std::string& path() const { return path_; }

    std::string folder(const std::string& name) {
        folders_.push_back(path_ + "/" + name);
        mkdir(folders_.back().c_str(), 0700);
        return folders_.back();
    }

    std::string file(const std::string& name, const std::string& content, mode_t mode = 0600) {
        const std::string full = path_ + "/" + name;
        std::ofstream(full, std::ios::binary) << content;
        chmod(full.c_str(), mode);
        files_.push_back(full);
        return full;
    }

  private:
    std::string path_;
    std::vector<std::string> files_, folders_;
};

}  // namespace test
