// /webhook_calls: what was sent to a project's webhooks, and sending it again. Callers: datocms. Threads: the errands',
// which may block.
#pragma once

#include <string>

#include "manage/datocms/visit.h"

namespace trot::datocms {

Reply list_calls(const Visit& visit);
Reply find_call(const Visit& visit, const std::string& id);
Reply resend_call(const Visit& visit, const std::string& id);

}  // namespace trot::datocms
