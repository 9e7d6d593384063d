// HTTP downloads: proxies and certificates as the environment says, retries with growing pauses, resumption.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace yanxing::catalog {

struct Page {
  std::string body;
  std::string content_type;
  std::string url; // after redirects
};
Result<Page> fetch_page(const std::string &url, const std::string &accept);

// Appends to `file` what it does not hold yet; `expected_bytes` tells when it is whole (0: unknown).
// `progress` gets the bytes the file holds.
Status fetch_file(const std::string &url, const std::filesystem::path &file, std::uint64_t expected_bytes,
                  const std::function<void(std::uint64_t)> &progress);

// `reference` as a browser resolves it on the page `base`.
std::string resolve_url(const std::string &base, const std::string &reference);

} // namespace yanxing::catalog
