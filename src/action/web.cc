#include "action/web.h"

#include <arpa/inet.h>
#include <cstdlib>

namespace yanxing::action {
namespace {

std::string part_of(CURLU *url, CURLUPart part, unsigned flags = 0) {
  char *text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK || text == nullptr) {
    return {};
  }
  std::string copy = text;
  curl_free(text);
  return copy;
}

} // namespace

Url parse_url(const std::string &url) {
  const std::unique_ptr<CURLU, CurlCloser> parsed(curl_url());
  if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
    return {};
  }
  Url parts{part_of(parsed.get(), CURLUPART_SCHEME), part_of(parsed.get(), CURLUPART_USER, CURLU_URLDECODE),
            part_of(parsed.get(), CURLUPART_PASSWORD, CURLU_URLDECODE), part_of(parsed.get(), CURLUPART_HOST),
            std::atoi(part_of(parsed.get(), CURLUPART_PORT).c_str())};
  if (parts.host.starts_with("[") && parts.host.ends_with("]")) {
    parts.host = parts.host.substr(1, parts.host.size() - 2);
  }
  return parts;
}

bool is_loopback(const std::string &host) {
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) {
    return (ntohl(v4.s_addr) >> 24U) == 127;
  }
  in6_addr v6{};
  if (inet_pton(AF_INET6, host.c_str(), &v6) == 1) {
    return IN6_IS_ADDR_LOOPBACK(&v6);
  }
  return host == "localhost";
}

} // namespace yanxing::action
