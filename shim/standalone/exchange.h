// Exchange: one request and its answer on their way through: judged, captured, sent up, and the answer held until it is
// recorded. exchange.cc has the request's half, exchange_answer.cc the answer's; hold.h the waiting. It outlives its
// client when it is captured: the upstream may have done the change. Callers: Client, Connection, Token. Threads: the
// loop's.
#pragma once

#include <list>
#include <string>
#include <vector>

#include "shim/standalone/client.h"
#include "shim/standalone/hold.h"
#include "shim/standalone/upstream.h"
#include "shim/standalone/worker.h"

namespace trot::host {

class Exchange final : public Mortal, public Handler, public Borrower {
  public:
    Exchange(Worker& worker, Client& client, http::RequestHead&& head);
    ~Exchange() override;

    void recorded(const trot_done& result);  // the token is back
    void stop_now();                         // the process ends: record what is known
    void discard();                          // and forget the rest

  private:
    enum class Phase { head, body, tunnel, over };

    // Handler: the request
    void start() override;
    void body(std::string_view piece) override;
    void body_end() override;
    void body_refused(int status, const std::string& why) override;
    void client_writable() override;
    void client_gone() override;

    // Borrower: the answer
    void upstream_readable() override;
    void upstream_writable() override;
    void upstream_ended(End how) override;
    void upstream_failed(int status, const std::string& why) override;
    void upstream_timeout() override;

    bool open_capture();  // false: rejected, and answered
    void send_up(bool fresh);
    bool retry();
    void drop_upstream();
    void abandon();
    void fail(int status, const std::string& why);

    void read_answer_head(std::string_view bytes);
    void read_answer_body(std::string_view bytes);
    void resume_answer();
    void answer_head();
    void judge_answer();
    void interim();
    void begin_tunnel();
    void shape_answer(AnswerShape& shape);
    void answer_piece(std::string_view piece);
    void limit_flow();
    void answer_end();
    void answer_broken();
    void end_tunnel_side(bool& side);
    void end_tunnel();
    void send(std::string_view bytes);  // towards the client, or into the hold
    void commit(uint32_t parts);
    void settle(uint32_t parts);
    void release();
    void complete();
    std::string log_line() const;
    static void timer_fired(void* self);

    Worker& worker_;
    const SnapshotPtr plan_;
    const std::string peer_;
    Client* client_;
    Connection* upstream_ = nullptr;
    http::RequestHead request_;
    http::ResponseParser answer_;
    BodyReader answer_body_;
    std::vector<std::string_view> pieces_;

    trot_verdict verdict_{};
    trot_capture* capture_ = nullptr;
    Token* token_ = nullptr;  // commit given, not yet back
    Hold hold_;
    Deadline timer_;  // waits for 100 (Continue), later the longest hold
    std::string events_;

    Phase phase_ = Phase::head;
    bool request_done_ = false;
    bool upstream_deaf_ = false;  // it does not read any more; its answer may still come
    bool expects_continue_ = false;
    bool chunk_answer_ = false;                       // towards the client
    bool keep_alive_ = false;                         // of the client's connection after the answer
    bool answer_started_ = false;                     // a byte of it has come
    bool answer_read_ = false;                        // all of it, or all that ever comes
    bool client_end_ = false, upstream_end_ = false;  // sides of a tunnel
    int interims_ = 0;
    int status_ = 0;
    uint64_t captured_ = 0;  // bytes of the answer's body given to the capture
    uint64_t sent_body_ = 0;
    const int64_t began_ms_;
    std::list<Exchange*>::iterator place_;
};

}  // namespace trot::host
