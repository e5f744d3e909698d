// Format `cloudevents`: CloudEvents 1.0 over HTTP. Callers: find_format. Threads: stateless.
//
// Attributes: id (the event's), source (an option), type (the topic), subject ("order/1042"), time, datacontenttype.
// mode "structured": all of it is one JSON object, application/cloudevents+json, with the payload's own bytes as "data"
// or, where it is no JSON, "data_base64" and datacontenttype application/octet-stream; no data at all without a
// payload; the extension "truncated":true where it is not whole. Several events in one request are a JSON array,
// application/cloudevents-batch+json. mode "binary": the body is the payload's own bytes, the attributes are headers
// "ce-…", percent-encoded as HTTP binding 3.1.3.2 says; several never go together.
//
// CloudEvents knows no signature: a secret makes deliveries carry the three headers of Standard Webhooks besides. They
// cover the body alone, so in binary mode not the attributes.
#pragma once

#include "dialect/format.h"

namespace trot {

const Format& cloudevents_format();

// Space, '"', '%' and what is not printable ASCII as %XX of its UTF-8; bytes that are no UTF-8 as U+FFFD.
std::string cloudevents_header(std::string_view value);

}  // namespace trot
