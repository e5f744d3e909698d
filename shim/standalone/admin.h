// Admin: one management request, at the admin listener or for a management API at any other, answered by the core
// (which also checks the credential). Of a body at most a byte more than 1 MiB is kept: the core refuses it then, in
// the words of the API it is for. Callers: Client. Threads: the loop's.
#pragma once

#include <string>

#include "shim/standalone/client.h"
#include "shim/standalone/deadline.h"
#include "shim/standalone/worker.h"

namespace trot::host {

class AdminToken;

class Admin final : public Mortal, public Handler {
  public:
    // logged: into the access log, where the site's own requests are.
    Admin(Worker& worker, Client& client, http::RequestHead&& head, bool logged)
        : worker_(worker), client_(&client), request_(std::move(head)), peer_(client.peer()), logged_(logged) {}
    ~Admin() override;

    void answered(const trot_done& result);

  private:
    void start() override;
    void body(std::string_view piece) override { body_ += piece.substr(0, kMostBody - body_.size()); }
    void body_end() override;
    void body_refused(int status, const std::string& why) override { fail(status, why); }
    void client_writable() override {}
    void client_gone() override;
    void fail(int status, std::string_view why);
    void log(int status, uint64_t bytes);

    static constexpr size_t kMostBody = (1 << 20) + 1;
    Worker& worker_;
    Client* client_;
    http::RequestHead request_;
    std::string peer_;
    bool logged_;
    int64_t began_ms_ = now_ms();
    std::string body_;
    AdminToken* token_ = nullptr;
};

}  // namespace trot::host
