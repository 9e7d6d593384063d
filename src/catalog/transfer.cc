#include "catalog/transfer.h"

#include "base/log.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <curl/curl.h>
#include <memory>
#include <thread>
#include <unistd.h>

namespace yanxing::catalog {
namespace fs = std::filesystem;
namespace {

constexpr int kTries = 5;
constexpr long kConnectSeconds = 20;
constexpr long kStalledSeconds = 30;
constexpr std::size_t kPageBytes = std::size_t{64} << 20;

using Easy = std::unique_ptr<CURL, decltype([](CURL *easy) { curl_easy_cleanup(easy); })>;
using Headers = std::unique_ptr<curl_slist, decltype([](curl_slist *list) { curl_slist_free_all(list); })>;
using Url = std::unique_ptr<CURLU, decltype([](CURLU *url) { curl_url_cleanup(url); })>;
using OutFile = std::unique_ptr<std::FILE, decltype([](std::FILE *file) { std::fclose(file); })>;

// One attempt's end. HTTP 0 where there was no answer.
struct Outcome {
  CURLcode code = CURLE_OK;
  long http = 0;
  std::string detail;
  bool disk_full = false;
};

// libcurl itself looks at none of these; pip, curl and openssl do.
const char *certificates() {
  for (const char *name : {"PIP_CERT", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"}) {
    const char *value = std::getenv(name); // NOLINT(concurrency-mt-unsafe): nothing here calls setenv after start
    if (value != nullptr && *value != '\0') {
      return value;
    }
  }
  return nullptr;
}

Easy make_easy(const std::string &url) {
  Easy easy(curl_easy_init());
  curl_easy_setopt(easy.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy.get(), CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(easy.get(), CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(easy.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy.get(), CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(easy.get(), CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(easy.get(), CURLOPT_LOW_SPEED_TIME, kStalledSeconds);
  curl_easy_setopt(easy.get(), CURLOPT_USERAGENT, "yanxing/" YANXING_VERSION);
  if (const char *authority = certificates()) {
    curl_easy_setopt(easy.get(), CURLOPT_CAINFO, authority);
  }
  return easy;
}

Outcome perform(CURL *easy) {
  char detail[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, detail);
  Outcome outcome;
  outcome.code = curl_easy_perform(easy);
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &outcome.http);
  outcome.detail = detail[0] != '\0' ? detail : curl_easy_strerror(outcome.code);
  return outcome;
}

// Worth another try: the network, a server that is busy. Not: a missing page, a refused certificate.
bool passes(const Outcome &outcome) {
  constexpr long kRequestTimeout = 408;
  constexpr long kTooMany = 429;
  constexpr long kServerFault = 500;
  switch (outcome.code) {
  case CURLE_HTTP_RETURNED_ERROR:
    return outcome.http >= kServerFault || outcome.http == kTooMany || outcome.http == kRequestTimeout;
  case CURLE_COULDNT_CONNECT:
  case CURLE_COULDNT_RESOLVE_HOST:
  case CURLE_OPERATION_TIMEDOUT:
  case CURLE_PARTIAL_FILE:
  case CURLE_RECV_ERROR:
  case CURLE_SEND_ERROR:
  case CURLE_GOT_NOTHING:
  case CURLE_SSL_CONNECT_ERROR:
  case CURLE_HTTP2:
  case CURLE_HTTP2_STREAM:
    return true;
  default:
    return false;
  }
}

Error explain(const Outcome &outcome, const std::string &url) {
  constexpr long kNotFound = 404;
  if (outcome.disk_full) {
    return Error{"the disk is full while fetching " + url, "Free some space and run this again: it goes on there"};
  }
  if (outcome.code == CURLE_HTTP_RETURNED_ERROR) {
    const auto status = std::to_string(outcome.http);
    return outcome.http == kNotFound
               ? Error{"nothing is at " + url + " (HTTP 404)",
                       "Check that the package index of pip or npm is a full mirror"}
               : Error{"the server refused " + url + " (HTTP " + status + ")", "Try again later, or use another index"};
  }
  if (outcome.code == CURLE_PEER_FAILED_VERIFICATION || outcome.code == CURLE_SSL_CACERT_BADFILE) {
    return Error{"the certificate of " + url + " is not trusted: " + outcome.detail,
                 "Name your certificates in SSL_CERT_FILE"};
  }
  return Error{"cannot fetch " + url + ": " + outcome.detail, "Check the network or the proxy, and run this again"};
}

// Tries until it succeeds or failed for good; the pauses are 1, 2, 4 and 8 seconds.
Outcome persist(const std::string &url, const std::function<Outcome()> &attempt) {
  for (int tried = 1;; ++tried) {
    auto outcome = attempt();
    if (outcome.code == CURLE_OK || outcome.disk_full || !passes(outcome) || tried == kTries) {
      return outcome;
    }
    log_debug("trying again: " + url + ": " + outcome.detail);
    std::this_thread::sleep_for(std::chrono::seconds(1 << (tried - 1)));
  }
}

std::size_t append_to_page(char *data, std::size_t, std::size_t length, void *user) {
  auto &body = *static_cast<std::string *>(user);
  if (body.size() + length > kPageBytes) {
    return 0;
  }
  body.append(data, length);
  return length;
}

struct Download {
  CURL *easy = nullptr;
  std::FILE *out = nullptr;
  std::uint64_t held = 0;
  bool fresh = true; // no byte yet
  bool disk_full = false;
  const std::function<void(std::uint64_t)> *progress = nullptr;
};

std::size_t append_to_file(char *data, std::size_t, std::size_t length, void *user) {
  auto &download = *static_cast<Download *>(user);
  constexpr long kWhole = 200;
  long http = 0;
  curl_easy_getinfo(download.easy, CURLINFO_RESPONSE_CODE, &http);
  if (download.fresh && download.held > 0 && http == kWhole) { // the server sends all of it again
    download.held = 0;
    if (std::fflush(download.out) != 0 || ::ftruncate(::fileno(download.out), 0) != 0) {
      return 0;
    }
  }
  download.fresh = false;
  const auto written = std::fwrite(data, 1, length, download.out);
  download.disk_full = written != length;
  download.held += written;
  (*download.progress)(download.held);
  return written;
}

Outcome download_once(const std::string &url, const fs::path &file,
                      const std::function<void(std::uint64_t)> &progress) {
  const OutFile out(std::fopen(file.c_str(), "ab"));
  if (!out) {
    return {CURLE_WRITE_ERROR, 0, "cannot write " + file.string(), false};
  }
  std::error_code code;
  const auto easy = make_easy(url);
  Download download{easy.get(), out.get(), fs::file_size(file, code), true, false, &progress};
  curl_easy_setopt(easy.get(), CURLOPT_RESUME_FROM_LARGE, static_cast<curl_off_t>(download.held));
  curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, append_to_file);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &download);
  auto outcome = perform(easy.get());
  outcome.disk_full = download.disk_full || std::fflush(out.get()) != 0;
  return outcome;
}

} // namespace

Result<Page> fetch_page(const std::string &url, const std::string &accept) {
  Page page;
  const auto outcome = persist(url, [&] {
    page = {};
    const auto easy = make_easy(url);
    const Headers headers(curl_slist_append(nullptr, ("Accept: " + accept).c_str()));
    curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(easy.get(), CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, append_to_page);
    curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &page.body);
    auto tried = perform(easy.get());
    const char *text = nullptr;
    if (curl_easy_getinfo(easy.get(), CURLINFO_CONTENT_TYPE, &text) == CURLE_OK && text != nullptr) {
      page.content_type = text;
    }
    if (curl_easy_getinfo(easy.get(), CURLINFO_EFFECTIVE_URL, &text) == CURLE_OK && text != nullptr) {
      page.url = text;
    }
    return tried;
  });
  return outcome.code == CURLE_OK ? Result<Page>(std::move(page)) : explain(outcome, url);
}

Status fetch_file(const std::string &url, const fs::path &file, std::uint64_t expected_bytes,
                  const std::function<void(std::uint64_t)> &progress) {
  std::error_code code;
  auto held = fs::file_size(file, code);
  held = code ? 0 : held;
  if (expected_bytes > 0 && held > expected_bytes) { // not ours: begin again
    fs::remove(file, code);
    held = 0;
  }
  if (expected_bytes > 0 && held == expected_bytes) {
    progress(held);
    return {};
  }
  const auto outcome = persist(url, [&] { return download_once(url, file, progress); });
  return outcome.code == CURLE_OK && !outcome.disk_full ? Status() : explain(outcome, url);
}

std::string resolve_url(const std::string &base, const std::string &reference) {
  const Url url(curl_url());
  char *whole = nullptr;
  if (curl_url_set(url.get(), CURLUPART_URL, base.c_str(), 0) != CURLUE_OK ||
      curl_url_set(url.get(), CURLUPART_URL, reference.c_str(), 0) != CURLUE_OK ||
      curl_url_get(url.get(), CURLUPART_URL, &whole, 0) != CURLUE_OK) {
    return reference;
  }
  std::string text = whole;
  curl_free(whole);
  return text;
}

} // namespace yanxing::catalog
