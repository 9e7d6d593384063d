// What mail and HTTP share of libcurl.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>

namespace yanxing::action {

struct CurlCloser {
  void operator()(CURL *handle) const { curl_easy_cleanup(handle); }
  void operator()(curl_slist *list) const { curl_slist_free_all(list); }
  void operator()(CURLU *url) const { curl_url_cleanup(url); }
};
using CurlHandle = std::unique_ptr<CURL, CurlCloser>;
using CurlList = std::unique_ptr<curl_slist, CurlCloser>;

// A proxy of the environment is not asked for this machine's own services.
inline constexpr const char *kLoopbackHosts = "localhost,127.0.0.1,::1,[::1]";

// Parts of a URL, empty where it has none or is no URL. Any scheme.
struct Url {
  std::string scheme;
  std::string user;
  std::string password;
  std::string host;
  int port = 0; // 0: not given
};
Url parse_url(const std::string &url);

inline std::string host_of(const std::string &url) { return parse_url(url).host; }
// Exactly this machine: 127.0.0.0/8, ::1 or localhost; "127.example.com" is not.
bool is_loopback(const std::string &host);

} // namespace yanxing::action
