// DatoCMS's management API. Callers: handlers.cc. Threads: as ApiHandler's.
#pragma once

#include "manage/api.h"

namespace trot {

ApiHandler& datocms_api();

}  // namespace trot
