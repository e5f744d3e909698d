// /webhooks: list, find, create, update, destroy. Callers: datocms. Threads: the errands', which may block.
#pragma once

#include <string>

#include "manage/datocms/visit.h"

namespace trot::datocms {

Reply list_webhooks(const Visit& visit);
Reply create_webhook(const Visit& visit);
Reply find_webhook(const Visit& visit, const std::string& id);
Reply update_webhook(const Visit& visit, const std::string& id);
Reply destroy_webhook(const Visit& visit, const std::string& id);

}  // namespace trot::datocms
