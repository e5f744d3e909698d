#include "dispatch/jq_line.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

namespace trot {
namespace {

constexpr size_t most_flying = 32;
constexpr size_t most_unsent = size_t{1} << 20;
constexpr unsigned most_ended = 3;
constexpr int64_t ban_ms = 30000;
constexpr int64_t start_again_ms = 5000;
// The process bounds its own processor time; this is for a machine that gives it none.
constexpr int64_t longest_silence_ms = 15000;

}  // namespace

JqLine::JqLine(Context& context)
    : context_(context), sweep_(context.base, -1, 0, [this] { gone_.clear(); }), watch_(context.base, -1, 0, [this] {
          if (!flying_.empty()) give_back_all({Code::internal, "the jq process does not answer"});
      }) {}

void JqLine::ask(JqAsk ask, const std::string& program, std::string input, Back back) {
    const int64_t now = context_.steady_ms();
    if (input.size() > most_jq_input)
        return back(
            JqAnswer{JqVerdict::error, "the event is larger than " + std::to_string(most_jq_input >> 20U) + " MiB"});
    if (now < not_before_ms_) return back(Fault{Code::internal, why_not_});
    queue_.push_back({ask, program, std::move(input), std::move(back)});
    pump();
}

bool JqLine::start() {
    if (helper_.running()) return true;
    if (Result<void> started = helper_.start(); !started) {
        give_back_all(started.fault());
        return false;
    }
    greeted_ = false;
    in_.clear();
    out_.clear();
    readable_ = std::make_shared<LoopEvent>(context_.base, helper_.socket(), static_cast<short>(EV_READ | EV_PERSIST),
                                            [this] { read(); });
    readable_->arm();
    writable_ =
        std::make_shared<LoopEvent>(context_.base, helper_.socket(), static_cast<short>(EV_WRITE), [this] { pump(); });
    return true;
}

bool JqLine::banned(const std::string& program) const {
    if (records_.empty()) return false;
    const auto found = records_.find(program);
    return found != records_.end() && found->second.banned_until > context_.steady_ms();
}

// What it gives back here may ask again: each round looks at the queue anew.
void JqLine::pump() {
    while (!queue_.empty() && flying_.size() < most_flying && out_.size() < most_unsent) {
        if (banned(queue_.front().program)) {
            const Question left_alone = std::move(queue_.front());
            queue_.pop_front();
            left_alone.back(JqAnswer{JqVerdict::error, "it was stopped " + std::to_string(most_ended) +
                                                           " times in a row and is left alone for half a minute"});
            continue;
        }
        if (!start()) return;
        if (flying_.empty()) watch_.arm_ms(longest_silence_ms);
        flying_.push_back(std::move(queue_.front()));
        queue_.pop_front();
        put_question(out_, flying_.back().ask, flying_.back().program, flying_.back().input);
    }
    if (!out_.empty()) flush();
}

void JqLine::flush() {
    while (!out_.empty()) {
        const ssize_t sent = send(helper_.socket(), out_.data(), out_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) break;  // full, or gone: then read() is told as well
        out_.erase(0, static_cast<size_t>(sent));
    }
    if (!out_.empty()) writable_->arm();
}

void JqLine::read() {
    std::array<char, 65536> piece;  // NOLINT: written before read
    const ssize_t got = recv(helper_.socket(), piece.data(), piece.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return lost();
    in_.append(piece.data(), static_cast<size_t>(got));
    JqAnswer answer;
    while (helper_.running() && take_reply(in_, answer)) {
        greeted_ = true;
        if (answer.verdict != JqVerdict::greeting) answered(std::exchange(answer, JqAnswer()));
    }
    pump();
}

void JqLine::note(const Question& question, const JqAnswer& answer) {
    if (!answer.fatal()) {
        if (!records_.empty()) records_.erase(question.program);
        return;
    }
    Record& record = records_[question.program];
    if (++record.ended < most_ended) return;
    record.ended = most_ended - 1;  // one more try after the ban
    record.banned_until = context_.steady_ms() + ban_ms;
    context_.log.write(Level::warning, "dispatch: a jq program was stopped " + std::to_string(most_ended) +
                                           " times in a row (" + explain(answer, question.ask, false) +
                                           "); it is not run for half a minute, its deliveries are dead letters");
}

void JqLine::answered(JqAnswer answer) {
    if (flying_.empty()) return lost();
    const Question done = std::move(flying_.front());
    flying_.pop_front();
    note(done, answer);
    if (answer.fatal())
        restart();
    else if (!flying_.empty())
        watch_.arm_ms(longest_silence_ms);
    else
        watch_.disarm();
    done.back(std::move(answer));
}

// The process has gone without a word: by whatever it was at.
void JqLine::lost() {
    if (greeted_ && !flying_.empty()) {
        answered({JqVerdict::crash, ""});
        return pump();
    }
    if (greeted_) return restart();
    give_back_all({Code::internal,
                   "the jq process does not come up (is the package libjq1 installed, and may memory be executed?)"});
}

// What it had not answered is asked again.
void JqLine::restart() {
    // One of them may be what calls this: they go when the loop comes round, but let go of the socket now.
    sweep_.fire();
    for (std::shared_ptr<LoopEvent>* event : {&readable_, &writable_}) {
        if (!*event) continue;
        (*event)->disarm();
        gone_.push_back(std::move(*event));
        event->reset();
    }
    helper_.end();
    watch_.disarm();
    out_.clear();
    in_.clear();
    while (!flying_.empty()) {
        queue_.push_front(std::move(flying_.back()));
        flying_.pop_back();
    }
}

void JqLine::give_back_all(const Fault& fault) {
    restart();
    not_before_ms_ = context_.steady_ms() + start_again_ms;
    why_not_ = fault.text;
    context_.log.write(Level::error, "dispatch: jq programs cannot be run, their deliveries wait: " + fault.text);
    std::deque<Question> all;
    all.swap(queue_);
    for (const Question& question : all) question.back(fault);
}

void JqLine::stop() {
    restart();
    queue_.clear();
}

}  // namespace trot
