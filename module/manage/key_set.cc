#include "manage/key_set.h"

#include "dialect/jwks.h"
#include "plan/key_set.h"
#include "url/target.h"

namespace trot {

bool is_key_set(const Plan& plan, std::string_view target) {
    const std::string_view path = key_set_path(plan);
    return !path.empty() && path_of(target) == path;
}

Reply key_set_reply(const ManageRequest& request, const Plan& plan, int64_t now_s) {
    if (request.method != "GET" && request.method != "HEAD")
        return {405,
                {{"Content-Type", "application/json"}, {"Allow", "GET, HEAD"}},
                "{\"error\":\"the key set is only read: use GET\"}\n"};
    // Short, because a receiver that meets a new key asks again only then.
    return {200,
            {{"Content-Type", std::string(key_set_type)}, {"Cache-Control", "public, max-age=300"}},
            key_set_json(plan, now_s) + "\n"};
}

}  // namespace trot
