#include "server/media.h"

#include "base/files.h"
#include "server/errors.h"
#include "server/fetch.h"

#include <algorithm>

namespace yanxing::server {
namespace {

constexpr std::size_t kMostBytes = std::size_t{64} << 20;

bool lies_in(const std::filesystem::path &file, const std::filesystem::path &folder) {
  std::error_code error;
  const auto inner = std::filesystem::weakly_canonical(file, error);
  const auto outer = std::filesystem::weakly_canonical(folder, error);
  return !error && std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

Result<std::string> fetched(const ServiceSettings &settings, const std::string &url) {
  const auto parsed = parse_url(url);
  if (!parsed) {
    return parsed.error();
  }
  const auto &hosts = settings.allow_url;
  const auto allowed = [&](const std::string &host) { return host == "*" || host == parsed->host; };
  if (std::none_of(hosts.begin(), hosts.end(), allowed)) {
    return Error{"nothing may be fetched from " + parsed->host,
                 "Send it as a data URI, or start the server with --allow-url " + parsed->host};
  }
  Outgoing request;
  request.url = url;
  request.silence_s = 20;
  request.max_bytes = kMostBytes;
  auto answer = fetch(request);
  if (!answer) {
    return answer.error();
  }
  return answer->status == 200
             ? Result<std::string>(std::move(answer->body))
             : Result<std::string>(Error{url + " answered with status " + std::to_string(answer->status),
                                         "Redirects are not followed"});
}

Result<std::string> read_allowed(const ServiceSettings &settings, const std::filesystem::path &file) {
  const auto &folders = settings.allow_files;
  const auto holds = [&](const auto &folder) { return lies_in(file, folder); };
  if (std::none_of(folders.begin(), folders.end(), holds)) {
    return Error{"files may not be read from there",
                 "Send it as a data URI, or start the server with --allow-files FOLDER"};
  }
  return read_file(file, kMostBytes);
}

} // namespace

Result<std::string> bytes_of(const ServiceSettings &settings, const std::string &reference, const std::string &what) {
  if (reference.starts_with("http://") || reference.starts_with("https://")) {
    return fetched(settings, reference);
  }
  if (reference.starts_with("file://")) {
    return read_allowed(settings, reference.substr(7));
  }
  std::string_view encoded = reference;
  if (reference.starts_with("data:")) {
    const auto comma = reference.find(',');
    if (comma == std::string::npos || reference.substr(0, comma).find(";base64") == std::string::npos) {
      return Error{what + " is a data URI without base64", "Write data:TYPE;base64,…"};
    }
    encoded.remove_prefix(comma + 1);
  }
  auto bytes = decode_base64(encoded);
  return bytes ? Result<std::string>(std::move(*bytes))
               : Result<std::string>(Error{what + " is neither a data URI nor base64", "Write data:TYPE;base64,…"});
}

Result<Picture> picture_of(const ServiceSettings &settings, const std::string &reference) {
  const auto bytes = bytes_of(settings, reference, "the picture");
  if (!bytes) {
    return bytes.error();
  }
  return screen::decode_picture(*bytes, "the picture");
}

Result<audio::Clip> clip_of(const ServiceSettings &settings, const std::string &bytes, const std::string &what) {
  auto clip = audio::decode_clip(bytes, what);
  if (clip && clip->seconds() > settings.max_audio_s) {
    return Error{what + " is longer than " + std::to_string(static_cast<int>(settings.max_audio_s)) + " seconds",
                 "Send it in parts"};
  }
  return clip;
}

Result<std::string> data_uri_of(const ServiceSettings &settings, const std::string &reference) {
  if (reference.starts_with("data:")) {
    return reference;
  }
  const auto bytes = bytes_of(settings, reference, "the picture");
  if (!bytes) {
    return bytes.error();
  }
  const bool jpeg = bytes->starts_with("\xff\xd8");
  return std::string("data:image/") + (jpeg ? "jpeg" : "png") + ";base64," + encode_base64(*bytes);
}

} // namespace yanxing::server
