// The management APIs of the five systems: what a handler of one of them gets, and what it gives back. A handler knows
// its system's routes, credentials, shapes and errors; what it makes is a row of the Registry. Callers: apis.cc (finds
// the handler for a request), engine (calls it). Threads: `owns` any; `answer` the errands' thread, which may block.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/text.h"
#include "manage/reply.h"
#include "plan/plan.h"
#include "url/check.h"

namespace trot {

class Registry;

struct ApiRequest {
    std::string method;  // as sent; HEAD has become GET (the host leaves the body out)
    std::string path;    // behind the API's prefix, as sent but for one trailing slash: "/wp-json/wc/v3/webhooks/7"
    std::string target;  // as sent, with prefix and query
    std::string host;    // with port, as sent
    Fields query;        // decoded, in the order it was sent, repeats kept
    Fields fields;       // headers
    std::string body;
    bool secure = false;  // came over TLS, to us or to what stands before us
};

// What a handler works with besides the request.
struct ApiWorld {
    // The APIs of the handler's dialect that the request could be meant for: prefix and host fit. Never empty. Several
    // where one address serves several tenants: the route or the credential tells which.
    std::vector<const ApiConfig*> tenants;
    const Plan& plan;
    Registry& registry;
    const Clock& clock;
    // Form of the URL, and where it leads: the guard's verdict, with the API's own `allow`. A name that does not
    // resolve now is taken. Blocks on DNS.
    std::function<Result<CheckedUrl>(const std::string& url, const ApiConfig& api)> check_url;
};

class ApiHandler {
  public:
    virtual ~ApiHandler() = default;
    virtual std::string_view dialect() const = 0;
    // Does the system have this route, whatever the method? Only these are kept from the upstream. path: as
    // ApiRequest's. Pure, quick: asked on the host's loop for every request.
    virtual bool owns(std::string_view path, std::string_view raw_query) const = 0;
    virtual Reply answer(const ApiRequest& request, ApiWorld& world) = 0;
};

}  // namespace trot
