// The body of Standard Webhooks' deliveries. Callers: standard, svix, http-signature. Threads: a StandardBody belongs
// to one.
//
// {"id","type","timestamp","subject","data"}: event id, topic, when it happened (RFC 3339, UTC, milliseconds),
// "resource/id" (just "resource" when the id is unknown), and the payload's own bytes, spliced in and never
// re-serialised. A payload that is not JSON goes in as a base64 string with "data_base64":true behind it; one that was
// cut short in capture carries "truncated":true. No payload is "data":null. The option `with` adds what is known of
// "previous" (the resource before), "changed" (names of the members of its first level that are other than they were),
// "actor" and "request_id". With sequence = true a delivery in a lane says its place there: "sequence":7. A batch is an
// array of bodies.
#pragma once

#include <string>

#include "dialect/changed.h"
#include "dialect/format.h"

namespace trot {

class StandardBody {
  public:
    explicit StandardBody(const FormatOptions& options);
    std::string make(const EventView& event, const DeliveryView& delivery);

  private:
    void append_changed(std::string& out, const EventView& event);
    void append_origin(std::string& out, const EventView& event);

    bool previous_ = false, changed_ = false, actor_ = false, request_id_ = false, sequence_ = false;
    Changes changes_;
    JsonReader origin_;
};

// Its options.
const OptionRule& standard_with();
const OptionRule& standard_sequence();
// Each subscription counts its sequence for itself.
bool standard_shares_bodies(const FormatOptions& options);

}  // namespace trot
