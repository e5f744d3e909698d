// HTTP Archives as browsers and proxies save them (HAR 1.2): bodies are already decoded there, and HTTP/2 heads have
// pseudo fields.
#include <fmt/format.h>

#include <algorithm>

#include "json.h"
#include "message.h"
#include "say.h"

namespace trot::cli {
namespace {

bool same_name(std::string_view a, std::string_view b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
               return tolower(static_cast<unsigned char>(x)) == y;
           });
}

// `decoded`: the archive holds the body as it was after these codings were undone.
std::vector<http::Field> fields_of(const json_t* message, bool decoded) {
    std::vector<http::Field> fields;
    size_t index = 0;
    const json_t* header = nullptr;
    json_array_foreach(json_object_get(message, "headers"), index, header) {
        const std::string_view name = text_at(header, "name");
        if (name.empty() || name.front() == ':' || same_name(name, "transfer-encoding")) continue;
        if (decoded && same_name(name, "content-encoding")) continue;
        fields.push_back({std::string(name), std::string(text_at(header, "value"))});
    }
    return fields;
}

// "https://shop.example/api/orders?x=1#top" → host and "/api/orders?x=1"
void split_url(std::string_view url, Exchange& into) {
    const size_t scheme = url.find("://");
    if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
    const size_t path = std::min(url.find_first_of("/?#"), url.size());
    into.host = url.substr(0, path);
    std::string_view target = url.substr(path);
    target = target.substr(0, target.find('#'));
    into.target = target.empty() || target.front() != '/' ? fmt::format("/{}", target) : std::string(target);
}

std::string content_of(const json_t* content, const std::string& name) {
    const std::string_view text = text_at(content, "text");
    if (text_at(content, "encoding") != "base64") return std::string(text);
    std::string bytes;
    if (!unbase64(text, bytes)) throw Failure(exit_usage, fmt::format("{}: content.text is no base64", name));
    return bytes;
}

Exchange entry_of(const json_t* entry, const std::string& name) {
    const json_t* request = json_object_get(entry, "request");
    const json_t* response = json_object_get(entry, "response");
    Exchange exchange;
    exchange.method = text_at(request, "method");
    if (exchange.method.empty() || text_at(request, "url").empty())
        throw Failure(exit_usage, fmt::format("{}: request.method and request.url are needed", name));
    split_url(text_at(request, "url"), exchange);
    exchange.request_fields = fields_of(request, false);
    exchange.request_body = content_of(json_object_get(request, "postData"), name);
    exchange.status = static_cast<int>(number_at(response, "status"));
    exchange.response_fields = fields_of(response, true);
    exchange.response_body = content_of(json_object_get(response, "content"), name);
    return exchange;
}

}  // namespace

std::vector<Exchange> read_har(const std::string& text, const std::string& name) {
    const Json root = parse_json(text);
    if (!root) throw Failure(exit_usage, fmt::format("{}: this is no JSON", name));
    const json_t* entries = json_object_get(json_object_get(root.get(), "log"), "entries");
    if (!json_is_array(entries))
        throw Failure(exit_usage, fmt::format("{}: no log.entries: this is no HTTP Archive", name));
    std::vector<Exchange> exchanges;
    size_t index = 0;
    const json_t* entry = nullptr;
    json_array_foreach(entries, index, entry)
        exchanges.push_back(entry_of(entry, fmt::format("{}: entry {}", name, index)));
    return exchanges;
}

}  // namespace trot::cli
