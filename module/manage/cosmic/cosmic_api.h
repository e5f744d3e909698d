// Cosmic's management API. Callers: handlers.cc. Threads: as ApiHandler's.
#pragma once

#include "manage/api.h"

namespace trot {

ApiHandler& cosmic_api();

}  // namespace trot
