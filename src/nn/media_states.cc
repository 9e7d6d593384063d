#include "nn/media_states.h"

#include <ATen/ops/cat.h>

#include <map>
#include <stdexcept>

namespace yanxing::nn {

Seen see(const Towers &towers, const MediaInput &input, const Pass &pass) {
  for (const auto &tower : towers) {
    if (tower->kind() == input.kind) {
      return tower->encode(input, pass);
    }
  }
  throw std::runtime_error(input.kind == MediaInput::Kind::kPicture ? "this model sees no pictures"
                                                                    : "this model hears no sounds");
}

MediaStates media_states(const PackedRow &row, const Towers &towers, const MediaReader &read, const Pass &pass) {
  if (!read) {
    throw std::logic_error("a row with media, but nothing reads them");
  }
  std::map<std::int64_t, Seen> seen; // by source
  MediaStates states;
  std::vector<at::Tensor> tokens;
  std::vector<std::vector<at::Tensor>> levels;
  for (const auto &media : row.media) {
    auto found = seen.find(media.source);
    if (found == seen.end()) {
      const auto input = read(media.source);
      if (!input) {
        throw std::runtime_error(input.error().message());
      }
      found = seen.emplace(media.source, see(towers, *input, pass)).first;
    }
    const auto &one = found->second;
    if (one.tokens.size(0) != media.end - media.begin) {
      throw std::runtime_error("a picture or sound makes " + std::to_string(one.tokens.size(0)) + " tokens where " +
                               std::to_string(media.end - media.begin) + " stand for it");
    }
    for (auto place = media.begin; place < media.end; ++place) {
      states.places.push_back(place);
    }
    tokens.push_back(one.tokens);
    levels.resize(std::max(levels.size(), one.levels.size()));
    for (std::size_t i = 0; i < one.levels.size(); ++i) {
      levels[i].push_back(one.levels[i]);
    }
  }
  states.tokens = at::cat(tokens);
  for (const auto &level : levels) {
    states.levels.push_back(at::cat(level));
  }
  return states;
}

} // namespace yanxing::nn
