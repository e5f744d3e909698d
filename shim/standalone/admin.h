// Admin: one request at the admin listener, answered by the core (which also checks the token). Callers: Client.
// Threads: the loop's.
#pragma once

#include <string>

#include "shim/standalone/client.h"
#include "shim/standalone/worker.h"

namespace trot::host {

class AdminToken;

class Admin final : public Mortal, public Handler {
  public:
    Admin(Worker& worker, Client& client, http::RequestHead&& head)
        : worker_(worker), client_(&client), request_(std::move(head)) {}
    ~Admin() override;

    void answered(const trot_done& result);

  private:
    void start() override;
    void body(std::string_view piece) override { body_ += piece; }
    void body_end() override;
    void body_refused(int status, const std::string& why) override { fail(status, why); }
    void client_writable() override {}
    void client_gone() override;
    void fail(int status, std::string_view why);

    Worker& worker_;
    Client* client_;
    http::RequestHead request_;
    std::string body_;
    AdminToken* token_ = nullptr;
};

}  // namespace trot::host
