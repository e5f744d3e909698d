#include "shim/standalone/heads.h"

#include <algorithm>
#include <ctime>

#include "shim/standalone/http_text.h"

namespace trot::host {
namespace {

using http::equal_nocase;

void field(std::string& to, std::string_view name, std::string_view value) {
    to += name;
    to += ": ";
    to += value;
    to += "\r\n";
}

std::string_view phrase(int status) {
    switch (status) {
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 204:
            return "No Content";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 406:
            return "Not Acceptable";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 412:
            return "Precondition Failed";
        case 413:
            return "Content Too Large";
        case 414:
            return "URI Too Long";
        case 415:
            return "Unsupported Media Type";
        case 417:
            return "Expectation Failed";
        case 422:
            return "Unprocessable Content";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        case 505:
            return "HTTP Version Not Supported";
        default:
            return "";
    }
}

bool forwarded_field(std::string_view name) {
    return equal_nocase(name, "x-forwarded-for") || equal_nocase(name, "x-forwarded-proto") ||
           equal_nocase(name, "x-forwarded-host");
}

void append_forwarded(std::string& to, const http::RequestHead& head, const RequestShape& shape) {
    std::string_view proto = "http";
    std::string_view host = head.host.empty() ? shape.fallback_host : std::string_view(head.host);
    std::string chain;
    if (shape.trust_forwarded) {
        for (const http::Field& one : head.fields) {
            if (equal_nocase(one.name, "x-forwarded-proto")) proto = one.value;
            if (equal_nocase(one.name, "x-forwarded-host")) host = one.value;
            if (!equal_nocase(one.name, "x-forwarded-for") || one.value.empty()) continue;
            if (!chain.empty()) chain += ", ";
            chain += one.value;
        }
    }
    if (!shape.peer.empty()) {
        if (!chain.empty()) chain += ", ";
        chain += shape.peer;
    }
    if (!chain.empty()) field(to, "X-Forwarded-For", chain);
    field(to, "X-Forwarded-Proto", proto);
    field(to, "X-Forwarded-Host", host);
}

}  // namespace

std::string decodable_codings(std::string_view accept) {
    static constexpr std::string_view known[] = {"gzip", "x-gzip", "deflate", "br", "identity"};
    std::string kept;
    std::string_view member;
    while (http::next_member(accept, member)) {
        const std::string_view coding = http::trim(member.substr(0, member.find(';')));
        if (std::none_of(std::begin(known), std::end(known),
                         [&](std::string_view one) { return equal_nocase(coding, one); }))
            continue;
        if (!kept.empty()) kept += ", ";
        kept += http::trim(member);
    }
    return kept.empty() ? "identity" : kept;
}

void strip_internal_fields(http::RequestHead& head) {
    std::erase_if(head.fields, [](const http::Field& one) {
        constexpr std::string_view prefix = "trotline-";
        return one.name.size() >= prefix.size() &&
               equal_nocase(std::string_view(one.name).substr(0, prefix.size()), prefix);
    });
}

void append_request_head(std::string& to, const http::RequestHead& head, const RequestShape& shape) {
    to += head.method;
    to += ' ';
    to += head.target;
    to += " HTTP/1.1\r\n";
    const std::string* upgrade = nullptr;
    bool host = false;
    for (const http::Field& one : head.fields) {
        if (head.framing == http::Framing::chunked && equal_nocase(one.name, "transfer-encoding")) {
            field(to, one.name, "chunked");
            continue;
        }
        if (head.upgrade && upgrade == nullptr && equal_nocase(one.name, "upgrade")) {
            upgrade = &one.value;
            field(to, one.name, one.value);
            field(to, "Connection", "upgrade");
            continue;
        }
        if (http::hop_by_hop(one.name, head.fields) || forwarded_field(one.name)) continue;
        if (equal_nocase(one.name, "host")) host = true;
        if (shape.decodable_only && equal_nocase(one.name, "accept-encoding"))
            field(to, one.name, decodable_codings(one.value));
        else
            field(to, one.name, one.value);
    }
    if (!host) field(to, "Host", head.host.empty() ? shape.fallback_host : std::string_view(head.host));
    append_forwarded(to, head, shape);
    to += "\r\n";
}

void append_answer_head(std::string& to, const http::ResponseHead& head, const AnswerShape& shape) {
    const char status[] = {static_cast<char>('0' + head.status / 100), static_cast<char>('0' + head.status / 10 % 10),
                           static_cast<char>('0' + head.status % 10), ' '};
    to += "HTTP/1.1 ";
    to.append(status, sizeof status);
    to += head.reason;
    to += "\r\n";
    bool coding = false;
    const bool no_length = head.status == 204 || head.status < 200;
    for (const http::Field& one : head.fields) {
        if (equal_nocase(one.name, "transfer-encoding")) {
            if (shape.chunked && !coding) field(to, one.name, "chunked");
            coding = true;
            continue;
        }
        if (shape.upgrade && equal_nocase(one.name, "upgrade")) {
            field(to, one.name, one.value);
            continue;
        }
        if (http::hop_by_hop(one.name, head.fields)) continue;
        if (no_length && equal_nocase(one.name, "content-length")) continue;
        field(to, one.name, one.value);
    }
    if (shape.chunked && !coding) field(to, "Transfer-Encoding", "chunked");
    if (shape.upgrade)
        field(to, "Connection", "upgrade");
    else if (shape.close)
        field(to, "Connection", "close");
    else if (shape.keep_alive_10)
        field(to, "Connection", "keep-alive");
    to += "\r\n";
}

void append_own_head(std::string& to, int status) {
    const time_t now = time(nullptr);
    tm parts{};
    char date[40];
    gmtime_r(&now, &parts);
    const size_t length = strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    to += "HTTP/1.1 " + std::to_string(status) + " ";
    to += phrase(status);
    to += "\r\n";
    field(to, "Date", std::string_view(date, length));
}

void append_page(std::string& to, const Page& page) {
    std::string body = std::to_string(page.status) + " ";
    body += phrase(page.status);
    if (!page.why.empty()) {
        body += ": ";
        body += page.why;
    }
    body += "\n";
    append_own_head(to, page.status);
    field(to, "Content-Type", "text/plain; charset=utf-8");
    field(to, "Content-Length", std::to_string(body.size()));
    to += page.extra;
    if (page.close)
        field(to, "Connection", "close");
    else if (page.keep_alive_10)
        field(to, "Connection", "keep-alive");
    to += "\r\n";
    if (!page.head_only) to += body;
}

}  // namespace trot::host
