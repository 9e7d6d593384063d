// Requests of ours to other servers: pictures that a request names by URL, and the remote tier.
#pragma once

#include "base/result.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace yanxing::server {

struct Url {
  std::string scheme; // http, https
  std::string host;
  int port = 0;
  std::string target; // path and query
};
Result<Url> parse_url(const std::string &url);

struct Outgoing {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body; // JSON, where there is one
  int connect_s = 5;
  int silence_s = 60; // that the other side may keep
  std::size_t max_bytes = std::size_t{32} << 20;
  // Gets the body piece by piece as it comes; false: enough. Empty: it is gathered.
  std::function<bool(std::string_view)> on_piece;
};

struct Incoming {
  int status = 0;
  std::string content_type;
  std::string body; // without on_piece
  std::string retry_after;
};

// No redirects are followed: where they lead has not been allowed. Errors: nobody answers, too large, a broken answer.
// A status of failure is an answer.
Result<Incoming> fetch(const Outgoing &request);

} // namespace yanxing::server
