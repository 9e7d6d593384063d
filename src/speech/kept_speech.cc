#include "speech/kept_speech.h"

#include "base/hash.h"
#include "base/log.h"

#include <algorithm>
#include <vector>

namespace yanxing::speech {
namespace fs = std::filesystem;

fs::path KeptSpeech::file_of(const std::string &key) const {
  Fnv1a hash;
  hash.add(key);
  return folder_ / (hash.hex() + ".wav");
}

std::optional<audio::Clip> KeptSpeech::find(const std::string &key) const {
  std::error_code code;
  if (folder_.empty() || !fs::exists(file_of(key), code)) {
    return std::nullopt;
  }
  auto clip = audio::read_clip(file_of(key));
  if (!clip) {
    return std::nullopt;
  }
  fs::last_write_time(file_of(key), fs::file_time_type::clock::now(), code); // in use: it goes last
  return std::move(*clip);
}

void KeptSpeech::put(const std::string &key, const audio::Clip &clip) const {
  if (folder_.empty() || clip.samples.empty()) {
    return;
  }
  make_room(clip.samples.size() * sizeof(std::int16_t));
  if (const auto written = audio::write_wav(file_of(key), clip); !written) {
    log_debug(written.error().message());
  }
}

void KeptSpeech::make_room(std::uintmax_t bytes) const {
  struct Old {
    fs::file_time_type used;
    fs::path file;
    std::uintmax_t bytes;
  };
  std::error_code code;
  std::vector<Old> files;
  for (const auto &entry : fs::directory_iterator(folder_, code)) {
    if (entry.path().extension() == ".wav") {
      files.push_back({entry.last_write_time(code), entry.path(), entry.file_size(code)});
      bytes += files.back().bytes;
    }
  }
  std::sort(files.begin(), files.end(), [](const Old &a, const Old &b) { return a.used < b.used; });
  for (const auto &old : files) {
    if (bytes <= most_bytes_) {
      break;
    }
    bytes -= std::min(bytes, old.bytes);
    fs::remove(old.file, code);
  }
}

} // namespace yanxing::speech
