#include "speech/whisper_decoder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string_view>

namespace yanxing::speech {
namespace {

double log_sum_exp(const std::vector<float> &logits, const std::vector<whisper_token> &ids) {
  double top = -1e30;
  for (const auto id : ids) {
    top = std::max(top, static_cast<double>(logits[static_cast<std::size_t>(id)]));
  }
  double sum = 0;
  for (const auto id : ids) {
    sum += std::exp(static_cast<double>(logits[static_cast<std::size_t>(id)]) - top);
  }
  return top + std::log(sum);
}

// The same run of tokens three times in a row at the end: the decoder is caught in a loop.
bool repeats(const std::vector<whisper_token> &tokens) {
  for (std::size_t length = 1; length <= 8; ++length) {
    const std::size_t times = length == 1 ? 5 : 3;
    if (tokens.size() < length * times) {
      continue;
    }
    const auto last = tokens.end() - static_cast<std::ptrdiff_t>(length);
    bool same = true;
    for (std::size_t i = 1; i < times && same; ++i) {
      same = std::equal(last, tokens.end(), last - static_cast<std::ptrdiff_t>(i * length));
    }
    if (same) {
      return true;
    }
  }
  return false;
}

bool is_symbol(std::string_view piece) {
  while (!piece.empty() && piece.front() == ' ') {
    piece.remove_prefix(1);
  }
  static constexpr std::string_view kSymbols = "\"#()*+/:;<=>@[\\]^_`{|}~";
  if (piece.empty()) {
    return false;
  }
  if (std::all_of(piece.begin(), piece.end(), [](char c) { return kSymbols.find(c) != std::string_view::npos; })) {
    return true;
  }
  static constexpr std::array<std::string_view, 8> kOthers{"♪", "♩", "♫", "♬", "「", "」", "『", "』"};
  return std::any_of(kOthers.begin(), kOthers.end(), [&](std::string_view other) { return piece.starts_with(other); });
}

} // namespace

WhisperDecoder::WhisperDecoder(whisper_context *context, int threads) : context_(context), threads_(threads) {
  const auto size = static_cast<std::size_t>(whisper_n_vocab(context));
  banned_.assign(size, false);
  const auto end = whisper_token_eot(context);
  for (std::size_t id = 0; id < size; ++id) {
    const auto token = static_cast<whisper_token>(id);
    banned_[id] = token > end || (token < end && is_symbol(whisper_token_to_str(context, token)));
  }
}

std::vector<float> WhisperDecoder::step(const std::vector<whisper_token> &tokens, int past) {
  const auto count = static_cast<int>(tokens.size());
  if (whisper_decode(context_, tokens.data(), count, past, threads_) != 0) {
    return {};
  }
  const auto size = static_cast<std::size_t>(whisper_n_vocab(context_));
  const float *row = whisper_get_logits(context_) + static_cast<std::size_t>(count - 1) * size;
  return {row, row + size};
}

Language WhisperDecoder::tell_language() {
  const auto logits = step({whisper_token_sot(context_)}, 0);
  if (logits.empty()) {
    return Language::kEnglish;
  }
  const auto zh = static_cast<std::size_t>(whisper_token_lang(context_, whisper_lang_id("zh")));
  const auto en = static_cast<std::size_t>(whisper_token_lang(context_, whisper_lang_id("en")));
  return logits[zh] > logits[en] ? Language::kChinese : Language::kEnglish;
}

// Whisper, section 2.3 and its reference decoder: probability of <|nospeech|> right after <|startoftranscript|>.
double WhisperDecoder::no_speech() {
  const auto logits = step({whisper_token_sot(context_)}, 0);
  if (logits.empty()) {
    return 1;
  }
  std::vector<whisper_token> all(logits.size());
  std::iota(all.begin(), all.end(), 0);
  const auto nosp = static_cast<std::size_t>(whisper_token_nosp(context_));
  return std::exp(static_cast<double>(logits[nosp]) - log_sum_exp(logits, all));
}

WhisperDecoder::Path WhisperDecoder::greedy(const std::vector<whisper_token> &prompt, std::vector<whisper_token> start,
                                            int most_tokens) {
  Path path;
  const auto end = whisper_token_eot(context_);
  std::vector<whisper_token> feed = prompt;
  feed.insert(feed.end(), start.begin(), start.end());
  path.tokens = std::move(start);
  int past = 0;
  while (static_cast<int>(path.tokens.size()) < most_tokens) {
    const auto logits = step(feed, past);
    if (logits.empty()) {
      return path;
    }
    past += static_cast<int>(feed.size());
    std::vector<whisper_token> allowed;
    for (whisper_token id = 0; id <= end; ++id) {
      if (!banned_[static_cast<std::size_t>(id)] && !(id == end && path.tokens.empty())) {
        allowed.push_back(id);
      }
    }
    const auto by_logit = [&](whisper_token a, whisper_token b) {
      return logits[static_cast<std::size_t>(a)] > logits[static_cast<std::size_t>(b)];
    };
    std::partial_sort(allowed.begin(), allowed.begin() + 2, allowed.end(), by_logit);
    const double total = log_sum_exp(logits, allowed);
    const auto log_p = [&](whisper_token id) { return static_cast<double>(logits[static_cast<std::size_t>(id)]) - total; };
    path.log_probabilities.push_back(log_p(allowed[0]));
    path.second.emplace_back(allowed[1], log_p(allowed[1]));
    if (allowed[0] == end) {
      path.finished = true;
      return path;
    }
    path.tokens.push_back(allowed[0]);
    if (repeats(path.tokens)) {
      return path;
    }
    feed = {allowed[0]};
  }
  return path;
}

std::string WhisperDecoder::text_of(const Path &path) const {
  std::string text;
  for (const auto token : path.tokens) {
    text += whisper_token_to_str(context_, token);
  }
  return text;
}

DecodedWindow WhisperDecoder::decode(std::optional<Language> language, int most_tokens, int n_best) {
  DecodedWindow window;
  window.language = language ? *language : tell_language();
  window.no_speech_probability = no_speech();
  std::vector<whisper_token> prompt{whisper_token_sot(context_)};
  if (whisper_is_multilingual(context_) != 0) {
    prompt.push_back(whisper_token_lang(context_, whisper_lang_id(window.language == Language::kChinese ? "zh" : "en")));
    prompt.push_back(whisper_token_transcribe(context_));
  }
  prompt.push_back(whisper_token_not(context_));
  const auto best = greedy(prompt, {}, most_tokens);
  const auto mean = [](const std::vector<double> &values) {
    return values.empty() ? -10.0 : std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  };
  window.text = text_of(best);
  window.mean_log_probability = mean(best.log_probabilities);
  window.finished = best.finished;
  // Alternatives: where the runner-up was closest, take it and go on from there.
  std::vector<std::size_t> unsure(best.second.size());
  std::iota(unsure.begin(), unsure.end(), 0U);
  std::sort(unsure.begin(), unsure.end(), [&](std::size_t a, std::size_t b) {
    return best.second[a].second - best.log_probabilities[a] > best.second[b].second - best.log_probabilities[b];
  });
  for (std::size_t i = 0; i + 1 < static_cast<std::size_t>(n_best) && i < unsure.size(); ++i) {
    const auto at = unsure[i];
    if (best.second[at].first == whisper_token_eot(context_)) {
      continue;
    }
    auto start = std::vector<whisper_token>(best.tokens.begin(), best.tokens.begin() + static_cast<std::ptrdiff_t>(at));
    start.push_back(best.second[at].first);
    const auto other = greedy(prompt, start, most_tokens);
    auto scores = std::vector<double>(best.log_probabilities.begin(), best.log_probabilities.begin() + static_cast<std::ptrdiff_t>(at));
    scores.push_back(best.second[at].second);
    scores.insert(scores.end(), other.log_probabilities.begin(), other.log_probabilities.end());
    window.alternatives.push_back({text_of(other), mean(scores)});
  }
  return window;
}

} // namespace yanxing::speech
