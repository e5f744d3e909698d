// The body of a DatoCMS delivery, of which templates are filled in. See datocms.h for its members. Callers: datocms.
// Threads: one.
#pragma once

#include <string>

#include "dialect/format.h"
#include "json/pointer.h"

namespace trot {

class DatocmsBody {
  public:
    explicit DatocmsBody(const Recipient& recipient);
    std::string make(const EventView& event, const DeliveryView& delivery);

  private:
    void append_call(std::string& out, const EventView& event, const DeliveryView& delivery) const;
    void append_environment(std::string& out);
    void append_related(std::string& out);

    char version_;
    std::string site_, environment_, primary_, webhook_;
    JsonReader context_, element_;
};

}  // namespace trot
