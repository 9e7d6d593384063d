// Clauses that were spoken before, so that frequent replies start at once. Files can be deleted at any time.
#pragma once

#include "audio/clip.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace yanxing::speech {

class KeptSpeech {
public:
  // `folder` empty: nothing is kept. What was longest unused goes first where `most_bytes` would be passed.
  explicit KeptSpeech(std::filesystem::path folder, std::uintmax_t most_bytes = 64ULL << 20U)
      : folder_(std::move(folder)), most_bytes_(most_bytes) {}

  [[nodiscard]] std::optional<audio::Clip> find(const std::string &key) const;
  void put(const std::string &key, const audio::Clip &clip) const;

private:
  [[nodiscard]] std::filesystem::path file_of(const std::string &key) const;
  void make_room(std::uintmax_t bytes) const;

  std::filesystem::path folder_;
  std::uintmax_t most_bytes_;
};

} // namespace yanxing::speech
