// The URL check against libcurl's own parser: whatever it accepts, libcurl must read as the same scheme, host and port,
// with nothing before the host and nothing behind the query.
#include <curl/curl.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "egress/address.h"
#include "egress/guard.h"
#include "egress/resolver.h"
#include "url/check.h"

namespace {

struct FreeUrl {
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

std::string part(CURLU* url, CURLUPart which, unsigned flags = 0) {
    char* text = nullptr;
    const CURLUcode code = curl_url_get(url, which, &text, flags);
    std::string out = code == CURLUE_OK ? text : "";
    curl_free(text);
    return out;
}

void must(bool holds) {
    if (!holds) abort();
}

class NoNames : public trot::Resolver {
  public:
    trot::Result<std::vector<trot::Address>> resolve(const std::string&) const override {
        return trot::Fault{trot::Code::network, "none"};
    }
};

}  // namespace

extern "C" __attribute__((visibility("default"))) int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    (void)trot::redacted_url(text);
    const trot::GuardVerdict verdict = trot::Guard().judge_text(text, NoNames());
    const trot::Result<trot::CheckedUrl> checked = trot::check_url(text, {});
    if (!checked) {
        must(!checked.fault().text.empty());
        return 0;
    }
    const trot::CheckedUrl& url = checked.value();
    const std::unique_ptr<CURLU, FreeUrl> theirs(curl_url());
    must(curl_url_set(theirs.get(), CURLUPART_URL, url.text.c_str(), CURLU_PATH_AS_IS) == CURLUE_OK);
    must(part(theirs.get(), CURLUPART_SCHEME) == (url.https ? "https" : "http"));
    std::string host = part(theirs.get(), CURLUPART_HOST);
    if (!host.empty() && host.front() == '[') host = host.substr(1, host.size() - 2);
    must(host == url.host);
    must(part(theirs.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT) == std::to_string(url.port));
    for (CURLUPart which : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_FRAGMENT, CURLUPART_ZONEID})
        must(part(theirs.get(), which).empty());
    must(url.literal == trot::parse_address(url.host).has_value());
    if (verdict.allowed) must(url.literal);
    // Checking is stable: the checked text is accepted and means the same.
    const trot::Result<trot::CheckedUrl> again = trot::check_url(url.text, {});
    must(again.ok() && again.value().text == url.text && again.value().host == url.host &&
         again.value().port == url.port);
    return 0;
}
