#include "server/fetch.h"

#include <httplib.h>

#include <charconv>

namespace yanxing::server {

Result<Url> parse_url(const std::string &url) {
  const Error wrong{"'" + url.substr(0, 200) + "' is no URL that can be fetched", "Give http://… or https://…"};
  const auto scheme_end = url.find("://");
  if (scheme_end == std::string::npos) {
    return wrong;
  }
  Url parsed;
  parsed.scheme = url.substr(0, scheme_end);
  if (parsed.scheme != "http" && parsed.scheme != "https") {
    return wrong;
  }
  const auto begin = scheme_end + 3;
  const auto path = std::min(url.find_first_of("/?#", begin), url.size());
  const auto authority = url.substr(begin, path - begin);
  parsed.target = url.substr(path, url.find('#', path) - path);
  if (parsed.target.empty() || parsed.target[0] != '/') {
    parsed.target.insert(0, "/");
  }
  if (authority.empty() || authority.find('@') != std::string::npos ||
      url.find_first_of(" \t\r\n") != std::string::npos) {
    return wrong;
  }
  const auto bracket = authority.starts_with('[') ? authority.find(']') : 0;
  const auto colon = authority.find(':', bracket == std::string::npos ? 0 : bracket);
  parsed.host = authority.substr(0, colon);
  if (parsed.host.starts_with('[') && parsed.host.ends_with(']')) {
    parsed.host = parsed.host.substr(1, parsed.host.size() - 2);
  }
  parsed.port = parsed.scheme == "https" ? 443 : 80;
  if (colon != std::string::npos) {
    const auto digits = authority.substr(colon + 1);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), parsed.port);
    if (read.ec != std::errc() || read.ptr != digits.data() + digits.size() || parsed.port < 1 || parsed.port > 65535) {
      return wrong;
    }
  }
  return parsed.host.empty() ? Result<Url>(wrong) : Result<Url>(std::move(parsed));
}

Result<Incoming> fetch(const Outgoing &request) {
  const auto url = parse_url(request.url);
  if (!url) {
    return url.error();
  }
  const bool six = url->host.find(':') != std::string::npos;
  httplib::Client client(url->scheme + "://" + (six ? "[" + url->host + "]" : url->host) + ":" +
                         std::to_string(url->port));
  client.set_connection_timeout(request.connect_s);
  client.set_read_timeout(request.silence_s);
  client.set_write_timeout(request.silence_s);
  client.set_follow_location(false);
  httplib::Request outgoing;
  outgoing.method = request.method;
  outgoing.path = url->target;
  for (const auto &[name, value] : request.headers) {
    outgoing.set_header(name, value);
  }
  if (!request.body.empty()) {
    outgoing.set_header("Content-Type", "application/json");
    outgoing.body = request.body;
  }
  Incoming incoming;
  std::size_t bytes = 0;
  bool too_large = false;
  bool enough = false;
  int status = 0;
  outgoing.response_handler = [&](const httplib::Response &response) {
    status = response.status;
    return true;
  };
  outgoing.content_receiver = [&](const char *data, std::size_t size, std::size_t /*offset*/, std::size_t /*total*/) {
    bytes += size;
    too_large = bytes > request.max_bytes;
    if (too_large) {
      return false;
    }
    if (request.on_piece && status < 400) {
      enough = !request.on_piece({data, size});
      return !enough;
    }
    incoming.body.append(data, size);
    return true;
  };
  auto result = client.send(outgoing);
  if (too_large) {
    return Error{"the answer of " + url->host + " is larger than " + std::to_string(request.max_bytes >> 20U) + " MiB",
                 ""};
  }
  if (enough) {
    incoming.status = status;
    return incoming;
  }
  if (!result) {
    return Error{url->host + " does not answer: " + httplib::to_string(result.error()), "Check the address"};
  }
  incoming.status = result->status;
  incoming.content_type = result->get_header_value("Content-Type");
  incoming.retry_after = result->get_header_value("Retry-After");
  return incoming;
}

} // namespace yanxing::server
