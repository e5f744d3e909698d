#include "egress/attempt.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "egress/address.h"
#include "egress/hardening.h"
#include "egress/send_error.h"
#include "url/header.h"

namespace trot {
namespace {

constexpr size_t max_head = 64UL * 1024;
constexpr size_t kept_answer = 4096;
constexpr size_t kept_head = 8192;
constexpr unsigned max_addresses = 8;
constexpr int receive_buffer = 16384;
constexpr uint64_t most_chunked = 28UL * 1024;  // see on_progress
constexpr size_t chunk_cost = 5;  // bytes around the smallest chunk: endless one-byte chunks reach the cap, too

// 100, 103, …: another head follows. 101 is the last one: nobody asked for another protocol.
bool is_interim(int status) { return status < 200 && status != 101; }

}  // namespace

CurlAttempt::CurlAttempt(const AttemptOptions& options) : options_(options), easy_(curl_easy_init()) {
    if (easy_ == nullptr) throw std::bad_alloc();
    set_fixed_options();
}

CurlAttempt::~CurlAttempt() { curl_easy_cleanup(easy_); }

CurlAttempt* CurlAttempt::of(CURL* easy) {
    char* self = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &self);
    return reinterpret_cast<CurlAttempt*>(self);
}

// What is the same for every delivery. Each line closes a door or saves time that was measured (reliability.md 2.3,
// performance.md 2).
void CurlAttempt::set_fixed_options() {
    const auto set = [this](CURLoption option, auto value) { curl_easy_setopt(easy_, option, value); };
    set(CURLOPT_PRIVATE, this);
    set(CURLOPT_ERRORBUFFER, error_);

    set(CURLOPT_OPENSOCKETFUNCTION, on_open);
    set(CURLOPT_OPENSOCKETDATA, this);
    set(CURLOPT_PREREQFUNCTION, on_ready);
    set(CURLOPT_PREREQDATA, this);
    harden(easy_);
    set_tls(easy_, {}, options_.ca_file);

    set(CURLOPT_HTTP09_ALLOWED, 0L);
    set(CURLOPT_TCP_NODELAY, 1L);
    set(CURLOPT_TCP_KEEPALIVE, 1L);
    set(CURLOPT_MAXLIFETIME_CONN, 600L);  // so that a changed DNS record is seen within ten minutes
    // Up to a hundred of them are read before on_progress is asked: no more than one answer may be.
    set(CURLOPT_BUFFERSIZE, 1024L);
    set(CURLOPT_UPLOAD_BUFFERSIZE, 16384L);
    set(CURLOPT_USERAGENT, options_.user_agent.c_str());

    set(CURLOPT_HEADERFUNCTION, on_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_WRITEFUNCTION, on_body);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, on_progress);
    set(CURLOPT_XFERINFODATA, this);
}

Result<void> CurlAttempt::prepare(std::shared_ptr<CurlTarget> target, std::shared_ptr<const Guard>* guard,
                                  const Fields& headers, std::shared_ptr<const std::string> body,
                                  std::function<void(SendResult)> done) {
    target_ = std::move(target);
    guard_ = guard;
    body_ = std::move(body);
    done_ = std::move(done);
    blocked_ = hopeless_ = head_done_ = false;
    addresses_ = 0;
    status_ = 0;
    head_bytes_ = 0;
    fd_ = CURL_SOCKET_BAD;
    chunked_ = false;
    body_bytes_ = 0;
    error_[0] = '\0';
    answer_.clear();
    retry_after_.clear();
    head_.clear();

    // The second wall: the configuration has been checked, but libcurl would write a line break as it is.
    for (const Field& field : headers)
        if (!is_token(field.name) || !is_header_value(field.value))
            return Fault{Code::internal, "a header holds a control byte and was not sent"};

    // "Name;" is libcurl's spelling of a header without a value, "Name:" of none at all: a delivery waits for no 100,
    // and has no User-Agent where a format says so.
    lines_.assign("Expect:");
    lines_ += '\0';
    std::vector<size_t> starts = {0};
    for (const Field& field : headers) {
        starts.push_back(lines_.size());
        lines_ += field.name;
        if (!field.value.empty())
            lines_ += ": ";
        else
            lines_ += equal_nocase(field.name, "user-agent") ? ':' : ';';
        lines_ += field.value;
        lines_ += '\0';
    }
    nodes_.resize(starts.size());
    for (size_t i = 0; i < starts.size(); ++i)
        nodes_[i] = {lines_.data() + starts[i], i + 1 < starts.size() ? &nodes_[i + 1] : nullptr};

    curl_easy_setopt(easy_, CURLOPT_CURLU, target_->url.get());
    curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, target_->timeout_ms);
    curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS, target_->connect_timeout_ms);
    curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, nodes_.data());
    if (!target_->tls.plain() || !plain_tls_) set_tls(easy_, target_->tls, options_.ca_file);
    plain_tls_ = target_->tls.plain();
    if (target_->options_method || asking_) {
        asking_ = target_->options_method;
        curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, asking_ ? "OPTIONS" : nullptr);
    }
    if (!body_) {
        curl_easy_setopt(easy_, CURLOPT_HTTPGET, 1L);
        return {};
    }
    curl_easy_setopt(easy_, CURLOPT_POST, 1L);
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, body_->data());
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body_->size()));
    return {};
}

std::function<void(SendResult)> CurlAttempt::release() {
    std::function<void(SendResult)> done = std::move(done_);
    done_ = nullptr;
    target_.reset();
    body_.reset();
    return done;
}

bool CurlAttempt::judged(const sockaddr* address, socklen_t length) {
    if (target_->upstream) return true;
    // After one forbidden address the whole attempt is off: a name with a public and a private address is a trick.
    if (!blocked_ && !(*guard_)->allows(address, length, target_->allow)) blocked_ = true;
    return !blocked_;
}

curl_socket_t CurlAttempt::give_up() {
    hopeless_ = true;
    options_.hopeless();
    return CURL_SOCKET_BAD;
}

curl_socket_t CurlAttempt::on_open(void* self, curlsocktype purpose, curl_sockaddr* address) {
    auto* attempt = static_cast<CurlAttempt*>(self);
    if (purpose != CURLSOCKTYPE_IPCXN || !attempt->judged(&address->addr, address->addrlen)) {
        attempt->blocked_ = true;
        return attempt->give_up();
    }
    if (++attempt->addresses_ > max_addresses) return attempt->give_up();  // a name with 5,000 addresses
    const curl_socket_t fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    // A receiver's answer is small; what nobody will read should not even be taken into the kernel.
    if (fd >= 0) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    return fd;
}

int CurlAttempt::on_ready(void* self, char* peer, char* /*local*/, int peer_port, int /*local_port*/) {
    auto* attempt = static_cast<CurlAttempt*>(self);
    std::optional<Address> address = parse_address(peer);
    bool allowed = false;
    if (address) {
        address->port = static_cast<uint16_t>(peer_port);
        const sockaddr_storage one = sockaddr_of(*address);
        allowed = attempt->judged(reinterpret_cast<const sockaddr*>(&one), sizeof one);
    }
    attempt->blocked_ = !allowed;
    return allowed ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

void CurlAttempt::header_line(std::string_view line) {
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
    if (line.substr(0, 5) == "HTTP/" && (!head_done_ || is_interim(status_))) {
        const std::string_view code = line.substr(std::min(line.size(), line.find(' ') + 1), 3);
        status_ = 0;
        for (char c : code) status_ = c >= '0' && c <= '9' ? status_ * 10 + (c - '0') : 0;
        head_done_ = chunked_ = false;
        retry_after_.clear();
        head_.clear();
        keep_line(line);
        return;
    }
    if (head_done_) return;  // trailers
    if (line.empty()) {
        head_done_ = true;
        if (chunked_) received_before_ = received() - unread();
        return;
    }
    keep_line(line);
    constexpr std::string_view coding = "transfer-encoding:";
    if (equal_nocase(line.substr(0, coding.size()), coding)) chunked_ = true;
    constexpr std::string_view name = "retry-after:";
    if (equal_nocase(line.substr(0, name.size()), name)) retry_after_ = trim(line.substr(name.size()).substr(0, 128));
}

// For logs that people see: whole lines, as far as they go.
void CurlAttempt::keep_line(std::string_view line) {
    if (!target_->keep_head || head_.size() + line.size() + 1 > kept_head) return;
    head_ += line;
    head_ += '\n';
}

size_t CurlAttempt::on_header(char* data, size_t size, size_t count, void* self) {
    auto* attempt = static_cast<CurlAttempt*>(self);
    const size_t bytes = size * count;
    attempt->head_bytes_ += bytes;
    if (attempt->head_bytes_ > max_head) return 0;
    attempt->header_line({data, bytes});
    return bytes;
}

// Bytes and what stands around them. One whose answer matters may send it in small chunks; how much of it is kept has
// a bound of its own.
uint64_t CurlAttempt::most_answer() const {
    return target_->answer_bytes > 0 ? (1 + chunk_cost) * target_->answer_bytes + max_head : options_.response_bytes;
}

size_t CurlAttempt::on_body(char* data, size_t size, size_t count, void* self) {
    auto* attempt = static_cast<CurlAttempt*>(self);
    const size_t bytes = size * count;
    attempt->body_bytes_ += bytes + chunk_cost;
    const bool matters = attempt->target_->answer_bytes > 0;
    const size_t room = (matters ? attempt->target_->answer_bytes : kept_answer) - attempt->answer_.size();
    attempt->answer_.append(data, std::min(bytes, room));
    if (matters && bytes > room) return 0;
    return attempt->body_bytes_ > attempt->most_answer() ? 0 : bytes;
}

// What the kernel has received on the connection, chunk extensions and all.
uint64_t CurlAttempt::received() const {
    tcp_info info{};
    socklen_t length = sizeof info;
    return getsockopt(fd_, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 ? info.tcpi_bytes_received : 0;
}

// Of these, what waits to be read.
uint64_t CurlAttempt::unread() const {
    int bytes = 0;
    return ioctl(fd_, FIONREAD, &bytes) == 0 && bytes > 0 ? static_cast<uint64_t>(bytes) : 0;
}

// libcurl hands out the bytes of heads and bodies only: an endless chunk extension would pass both caps. So of a
// chunked answer the socket itself is asked how much has come, which costs a system call. Another hundred KiB may be
// read before it is asked again.
int CurlAttempt::on_progress(void* self, curl_off_t /*all*/, curl_off_t /*now*/, curl_off_t /*up_all*/,
                             curl_off_t /*up*/) {
    auto* attempt = static_cast<CurlAttempt*>(self);
    if (!attempt->chunked_ || !attempt->head_done_) return 0;
    const uint64_t most =
        attempt->target_->answer_bytes > 0 ? attempt->most_answer() : std::min(attempt->most_answer(), most_chunked);
    return attempt->received() > attempt->received_before_ + most ? 1 : 0;
}

SendResult CurlAttempt::result(CURLcode code) {
    SendResult out;
    if (blocked_) {
        // One text and no time for every refusal: neither tells whether a port is open or a name exists.
        out.error = SendError::blocked;
        out.detail = blocked_text;
        return out;
    }
    curl_off_t total = 0;
    long connects = 0;
    curl_easy_getinfo(easy_, CURLINFO_TOTAL_TIME_T, &total);
    curl_easy_getinfo(easy_, CURLINFO_NUM_CONNECTS, &connects);
    out.duration_us = total;
    out.reused = connects == 0;
    const bool answered = head_done_ && !is_interim(status_);
    if (code != CURLE_OK) out.detail = hopeless_ ? "none of the first 8 addresses answers" : detail_of(code, error_);
    if (answered) {
        // The head has decided; a body that broke, stalled or never ended changes nothing.
        out.status = status_;
        out.whole = code == CURLE_OK;
        out.cut = error_of(code) == SendError::too_large;
        out.answer = std::move(answer_);
        out.retry_after = std::move(retry_after_);
        out.head = std::move(head_);
    } else {
        out.error = code == CURLE_OK ? SendError::bad_answer : error_of(code, error_);
    }
    return out;
}

}  // namespace trot
