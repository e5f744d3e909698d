#include "egress/send_error.h"

#include <cstring>

namespace trot {

std::string_view name_of(SendError error) {
    switch (error) {
        case SendError::none:
            return "none";
        case SendError::resolve:
            return "resolve";
        case SendError::connect:
            return "connect";
        case SendError::tls:
            return "tls";
        case SendError::timeout:
            return "timeout";
        case SendError::reset:
            return "reset";
        case SendError::bad_answer:
            return "bad_answer";
        case SendError::blocked:
            return "blocked";
        case SendError::too_large:
            return "too_large";
        case SendError::internal:
            break;
    }
    return "internal";
}

SendError error_of(CURLcode code, const char* message) {
    // With TLS 1.3 a server refuses the client's certificate after the handshake, to the first read.
    if ((code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR) && strstr(message, " alert ") != nullptr)
        return SendError::tls;
    switch (code) {
        case CURLE_OK:
            return SendError::none;
        case CURLE_COULDNT_RESOLVE_HOST:
            return SendError::resolve;
        case CURLE_COULDNT_CONNECT:
        case CURLE_INTERFACE_FAILED:
            return SendError::connect;
        case CURLE_OPERATION_TIMEDOUT:
            return SendError::timeout;
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CIPHER:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_ISSUER_ERROR:
        case CURLE_SSL_INVALIDCERTSTATUS:
        case CURLE_SSL_CRL_BADFILE:
        case CURLE_SSL_SHUTDOWN_FAILED:
        case CURLE_SSL_CLIENTCERT:
        case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
            return SendError::tls;
        case CURLE_SEND_ERROR:
        case CURLE_RECV_ERROR:
        case CURLE_GOT_NOTHING:
        case CURLE_PARTIAL_FILE:
            return SendError::reset;
        case CURLE_WRITE_ERROR:  // our callbacks said stop
        case CURLE_ABORTED_BY_CALLBACK:
            return SendError::too_large;
        case CURLE_WEIRD_SERVER_REPLY:
        case CURLE_UNSUPPORTED_PROTOCOL:  // HTTP/0.9
        case CURLE_BAD_CONTENT_ENCODING:
        case CURLE_OUT_OF_MEMORY:  // a header line without an end
            return SendError::bad_answer;
        default:
            return SendError::internal;
    }
}

std::string detail_of(CURLcode code, const char* message) {
    if (error_of(code) == SendError::too_large) return "the answer is larger than allowed";
    if (code == CURLE_OUT_OF_MEMORY) return "a header line of the answer has no end";
    if (code == CURLE_SSL_PINNEDPUBKEYNOTMATCH) return "the server's public key is none of the pinned ones";
    return message != nullptr && message[0] != '\0' ? message : curl_easy_strerror(code);
}

}  // namespace trot
