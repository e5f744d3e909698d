// JqLine: questions to the jq process, and its answers, on the loop. Several are on their way at once; the process
// answers them in their order. One that ends the process is answered for (it took too long, too much, too deep), and
// those behind it are asked again of the next process. A program that does so three times in a row is left alone for a
// while: it must not keep the others waiting. Callers: shaper. Threads: the dispatcher's.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "dispatch/context.h"
#include "dispatch/timers.h"
#include "shape/helper.h"

namespace trot {

class JqLine {
  public:
    // A fault: jq cannot be run now; it is nobody's program's.
    using Back = std::function<void(const Result<JqAnswer>&)>;

    explicit JqLine(Context& context);

    void ask(JqAsk ask, const std::string& program, std::string input, Back back);
    void stop();  // forgets what was asked, ends the process
    size_t waiting() const { return queue_.size() + flying_.size(); }

  private:
    struct Question {
        JqAsk ask;
        std::string program, input;
        Back back;
    };
    struct Record {
        unsigned ended = 0;        // processes, in a row
        int64_t banned_until = 0;  // steady clock
    };

    void pump();
    bool start();
    bool banned(const std::string& program) const;
    void flush();
    void read();
    void answered(JqAnswer answer);
    void lost();
    void restart();
    void give_back_all(const Fault& fault);
    void note(const Question& question, const JqAnswer& answer);

    Context& context_;
    JqHelper helper_;
    std::shared_ptr<LoopEvent> readable_, writable_;
    std::string out_, in_;
    bool greeted_ = false;  // this process has answered something
    std::deque<Question> queue_, flying_;
    std::unordered_map<std::string, Record> records_;  // of programs that have ended a process
    int64_t not_before_ms_ = 0;                        // a process could not be started, or did not come up
    std::string why_not_;
    std::vector<std::shared_ptr<LoopEvent>> gone_;  // of earlier processes, until the loop comes round
    LoopEvent sweep_;
    LoopEvent watch_;  // the one in front has taken too long by the clock on the wall
};

}  // namespace trot
