#include "shape/program.h"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <vector>

#include "shape/asker.h"

namespace trot {
namespace {

constexpr size_t most_known = 1000;

struct Refused {
    std::string_view name, why;
};

constexpr std::string_view no_clock = "a delivery's bytes must not depend on the time";
constexpr std::string_view no_environment = "a program sees the event and nothing else";
constexpr std::string_view no_input = "there is one input, the payload: write . for it";
constexpr std::string_view no_files = "a program cannot read files: write it out here";
constexpr std::string_view no_output = "a program's only output is its value";
constexpr std::array<Refused, 18> refused{{
    {"now", no_clock},
    {"localtime", "it depends on the machine's time zone: use gmtime"},
    {"strflocaltime", "it depends on the machine's time zone: use strftime"},
    {"env", no_environment},
    {"$ENV", no_environment},
    {"$__prog_args", no_environment},
    {"input", no_input},
    {"inputs", no_input},
    {"input_filename", no_input},
    {"input_line_number", no_input},
    {"import", no_files},
    {"include", no_files},
    {"modulemeta", no_files},
    {"get_search_list", no_files},
    {"debug", no_output},
    {"stderr", no_output},
    {"halt", no_output},
    {"halt_error", no_output},
}};

bool begins_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool in_name(char c) { return begins_name(c) || (c >= '0' && c <= '9') || c == ':'; }

// Finds names that call something: not those behind a dot, in a string, in a comment, or that are an object's keys.
class Scan {
  public:
    explicit Scan(std::string_view text) : text_(text) {}

    Result<void> run() {
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == '#') {
                while (at_ < text_.size() && text_[at_] != '\n') ++at_;
            } else if (c == '"') {
                ++at_;
                string();
            } else if (begins_name(c) || c == '$') {
                if (Result<void> taken = name(); !taken) return taken;
            } else {
                symbol(c);
            }
        }
        return {};
    }

  private:
    void symbol(char c) {
        ++at_;
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r') return;
        if (c == '{' || c == '[' || c == '(') open_.push_back(c);
        if ((c == '}' || c == ']' || c == ')') && !open_.empty()) {
            const char was = open_.back();
            open_.pop_back();
            if (was == '"') {  // an interpolation ends: the string goes on
                string();
                return;
            }
        }
        last_ = c;
    }

    // Up to its end, or to an interpolation's beginning.
    void string() {
        while (at_ < text_.size()) {
            const char c = text_[at_++];
            if (c == '\\' && at_ < text_.size()) {
                if (text_[at_++] == '(') {
                    open_.push_back('"');
                    last_ = '(';
                    return;
                }
            } else if (c == '"') {
                last_ = '"';
                return;
            }
        }
    }

    Result<void> name() {
        const size_t from = at_;
        if (text_[at_] == '$') ++at_;
        while (at_ < text_.size() && in_name(text_[at_])) {
            // "a::b" is one name, "a:b" is not.
            if (text_[at_] == ':' && !(at_ + 1 < text_.size() && text_[at_ + 1] == ':')) break;
            at_ += text_[at_] == ':' ? 2 : 1;
        }
        const std::string_view found = text_.substr(from, at_ - from);
        const bool field = last_ == '.' || (from > 0 && text_[from - 1] == '@') || is_key(from);
        last_ = 'a';
        const auto bad =
            std::find_if(refused.begin(), refused.end(), [&](const Refused& one) { return one.name == found; });
        if (bad == refused.end() || (field && found.front() != '$')) return {};
        return Fault{Code::usage, place(from) + std::string(found) + " cannot be used here, " + std::string(bad->why)};
    }

    // {now: 1}, {now}, {a: 1, now}
    bool is_key(size_t from) const {
        if (open_.empty() || open_.back() != '{' || text_[from] == '$') return false;
        if (last_ != '{' && last_ != ',') return false;
        size_t next = at_;
        while (next < text_.size() && std::string_view(" \t\r\n").find(text_[next]) != std::string_view::npos) ++next;
        return next < text_.size() && (text_[next] == ':' || text_[next] == ',' || text_[next] == '}');
    }

    std::string place(size_t from) const {
        const std::string_view before = text_.substr(0, from);
        const auto line = std::count(before.begin(), before.end(), '\n') + 1;
        const size_t column = from - (before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1) + 1;
        return "at its line " + std::to_string(line) + ", column " + std::to_string(column) + ": ";
    }

    std::string_view text_;
    size_t at_ = 0;
    std::vector<char> open_;
    char last_ = ' ';
};

}  // namespace

Result<void> refuse_program(std::string_view program) {
    if (program.empty()) return Fault{Code::usage, "it is empty"};
    if (program.size() > most_program)
        return Fault{Code::usage, "it is longer than " + std::to_string(most_program) + " bytes"};
    if (program.find('\0') != std::string_view::npos) return Fault{Code::usage, "it has a NUL byte"};
    return Scan(program).run();
}

// The names are refused before; should one get by, it raises an error. And the process has nothing that they could
// tell of, but the time.
std::string wrap_program(std::string_view program) {
    static const std::string shadows = [] {
        std::string out;
        for (const std::string_view name : {"now", "localtime", "strflocaltime(f)", "env", "input", "inputs",
                                            "input_filename", "input_line_number", "debug", "stderr", "halt"})
            out += "def " + std::string(name) + ": error(\"" + std::string(name) + " cannot be used\"); ";
        return out;
    }();
    return shadows + ".event as $event | .payload | (\n" + std::string(program) + "\n)";
}

Result<void> check_program(std::string_view program) {
    if (Result<void> may = refuse_program(program); !may) return may;
    // A program of [delivery] is read once for each subscription, and a reload brings the same ones again.
    static std::mutex lock;
    static std::map<std::string, Result<void>, std::less<>> known;
    const std::lock_guard<std::mutex> hold(lock);
    if (const auto found = known.find(program); found != known.end()) return found->second;
    Asker asker;
    const Result<JqAnswer> answer = asker.ask(JqAsk::compile, program, {});
    if (!answer) return answer.fault();
    Result<void> verdict = answer.value().verdict == JqVerdict::value
                               ? Result<void>()
                               : Fault{Code::usage, explain(answer.value(), JqAsk::compile)};
    if (known.size() >= most_known) known.clear();
    known.emplace(program, verdict);
    return verdict;
}

}  // namespace trot
