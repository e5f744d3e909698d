// What formats without a signature of their own have in common: a secret is optional, and makes their deliveries carry
// the headers of Standard Webhooks besides (see standard.h). Callers: cosmic, cockpit, datocms. Threads: stateless.
#pragma once

#include "dialect/standard.h"

namespace trot {

class UnsignedFormat : public Format {
  public:
    FormatPolicy policy() const override {
        FormatPolicy out;
        out.trace = false;
        return out;
    }
    Result<void> check_secret(const Secret& secret) const override { return check_extra_secret(secret); }
    Result<void> verify(const Fields& headers, std::string_view body, const std::vector<Secret>& secrets,
                        int64_t now_s) const override {
        return standard_format().verify(headers, body, secrets, now_s);
    }
    std::vector<std::string_view> reserved() const override { return standard_format().reserved(); }
};

}  // namespace trot
