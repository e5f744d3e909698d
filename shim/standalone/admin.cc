#include "shim/standalone/admin.h"

#include "shim/standalone/heads.h"
#include "shim/standalone/http_text.h"

namespace trot::host {

// The `user` of trot_manage_submit; outlives a client that did not wait.
class AdminToken final : public Completion {
  public:
    AdminToken(Worker& worker, Admin& admin) : worker_(worker), admin(&admin) { ++worker.waiting_completions; }
    ~AdminToken() override { --worker_.waiting_completions; }
    void done(const trot_done& result) override {
        if (admin != nullptr) admin->answered(result);
    }

  private:
    Worker& worker_;

  public:
    Admin* admin;
};

Admin::~Admin() {
    if (token_ != nullptr) token_->admin = nullptr;
}

void Admin::start() {
    if (request_.expect_continue) {
        client_->continue_sent();
        client_->write("HTTP/1.1 100 Continue\r\n\r\n");
    }
}

void Admin::body_end() {
    std::vector<trot_field>& fields = worker_.fields;
    fields.clear();
    for (const http::Field& one : request_.fields) fields.push_back({to_text(one.name), to_text(one.value)});
    trot_request request{};
    request.size = sizeof request;
    request.method = to_text(request_.method);
    request.target = to_text(request_.target);
    request.host = to_text(request_.host);
    request.fields = fields.data();
    request.nfields = fields.size();
    auto* token = new AdminToken(worker_, *this);
    if (trot_manage_submit(worker_.engine, &request, to_text(body_), token) == TROT_OK) {
        token_ = token;
        return;
    }
    delete token;
    fail(503, "the engine takes no requests at the moment");
}

void Admin::answered(const trot_done& result) {
    token_ = nullptr;
    trot_response head{};
    head.size = sizeof head;
    trot_text body{};
    if (result.reply == nullptr) return fail(503, "the engine has stopped");
    trot_reply_read(result.reply, &head, &body);
    const bool keep = client_->may_keep_alive();
    std::string& text = worker_.scratch;
    text.clear();
    append_own_head(text, static_cast<int>(head.status));
    for (size_t i = 0; i < head.nfields; ++i) {
        const std::string_view name = to_view(head.fields[i].name);
        if (http::equal_nocase(name, "content-length") || http::equal_nocase(name, "connection")) continue;
        text += name;
        text += ": ";
        text += to_view(head.fields[i].value);
        text += "\r\n";
    }
    text += "Content-Length: " + std::to_string(body.len) + "\r\n";
    if (!keep)
        text += "Connection: close\r\n";
    else if (client_->wants_keep_alive_10())
        text += "Connection: keep-alive\r\n";
    text += "\r\n";
    if (request_.method != "HEAD") text += to_view(body);
    client_->write(text);
    log(static_cast<int>(head.status), request_.method == "HEAD" ? 0 : body.len);
    Client* client = client_;
    client_ = nullptr;
    worker_.bury(this);
    client->finish(keep);
}

// Without the query: some systems have their credentials there.
void Admin::log(int status, uint64_t bytes) {
    if (!logged_ || !worker_.access.enabled()) return;
    AccessEntry entry;
    entry.peer = peer_;
    entry.method = request_.method;
    entry.target = std::string_view(request_.target).substr(0, request_.target.find('?'));
    if (const std::string* agent = request_.find("user-agent")) entry.agent = *agent;
    entry.minor = request_.minor;
    entry.status = status;
    entry.bytes = bytes;
    entry.request_ms = now_ms() - began_ms_;
    worker_.access.finish(worker_.access.format(entry), {});
}

void Admin::fail(int status, std::string_view why) {
    log(status, 0);
    Client* client = client_;
    client_ = nullptr;
    worker_.bury(this);
    client->finish_with(status, why, request_.method == "HEAD");
}

void Admin::client_gone() {
    client_ = nullptr;
    if (token_ != nullptr) token_->admin = nullptr;
    token_ = nullptr;
    worker_.bury(this);
}

}  // namespace trot::host
