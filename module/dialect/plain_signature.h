// The signature of format `plain`: how it is made and proven, as the options' templates say. Callers: plain. Threads:
// belongs to one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dialect/keyring.h"
#include "dialect/line_template.h"
#include "plan/load.h"

namespace trot {

class PlainSignature {
  public:
    explicit PlainSignature(const FormatOptions& options);

    // Names of the headers.
    const std::string& id_header() const { return id_header_; }
    const std::string& topic_header() const { return topic_header_; }
    const std::string& time_header() const { return time_header_; }
    const std::string& header() const { return header_; }
    Digest digest() const { return digest_; }

    struct Over {  // what goes into the templates
        std::string_view id, time, topic, body;
    };
    // The header's value.
    std::string value(const std::vector<Hmac*>& keys, const Over& over) const;
    Result<void> verify(const Fields& headers, std::string_view body, const std::vector<Secret>& secrets,
                        int64_t now_s) const;

    // Do the options' templates stand? For the rules.
    static bool is_signed_template(std::string_view text);
    static bool is_value_template(std::string_view text);

  private:
    std::string one(Hmac& key, const Over& over) const;

    std::string id_header_, topic_header_, time_header_, header_;
    Digest digest_ = Digest::sha256;
    bool base64_ = false;
    LineTemplate signed_, value_;
};

}  // namespace trot
