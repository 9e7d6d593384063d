#include "speech/whisper_decoder.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <numeric>
#include <string_view>

namespace yanxing::speech {
namespace {

// Softmax normaliser of `logits` over what `keep` admits.
template <class Keep> double log_sum_exp(const std::vector<float> &logits, Keep keep) {
  float top = -1e30F;
  for (std::size_t id = 0; id < logits.size(); ++id) {
    if (keep(id)) {
      top = std::max(top, logits[id]);
    }
  }
  double sum = 0;
  for (std::size_t id = 0; id < logits.size(); ++id) {
    if (keep(id)) {
      sum += std::exp(logits[id] - top);
    }
  }
  return static_cast<double>(top) + std::log(sum);
}

// Length of a run of tokens that stands several times in a row at the end (the decoder is caught in a loop), else 0,
// and how often it stands there at least.
std::size_t loop_length(const std::vector<whisper_token> &tokens, std::size_t &times) {
  constexpr std::size_t kLongestRun = 16;
  for (std::size_t length = 1; length <= kLongestRun; ++length) {
    times = length == 1 ? 6 : length <= 4 ? 4 : 3; // "no no no no" is said; longer runs hardly
    if (tokens.size() < length * times) {
      continue;
    }
    const auto last = tokens.end() - static_cast<std::ptrdiff_t>(length);
    bool same = true;
    for (std::size_t i = 1; i < times && same; ++i) {
      same = std::equal(last, tokens.end(), last - static_cast<std::ptrdiff_t>(i * length));
    }
    if (same) {
      return length;
    }
  }
  return 0;
}

std::string_view without_blanks(std::string_view piece) {
  while (!piece.empty() && piece.front() == ' ') {
    piece.remove_prefix(1);
  }
  return piece;
}

// After the reference decoder's list of symbols that annotate instead of spelling what is said. ':' stays: 3:30.
bool is_symbol(std::string_view piece) {
  piece = without_blanks(piece);
  static constexpr std::string_view kSymbols = "\"#()*+/;<=>@[\\]^_`{|}~";
  static constexpr std::array<std::string_view, 8> kOthers{"♪", "♩", "♫", "♬", "「", "」", "『", "』"};
  return !piece.empty() &&
         (std::all_of(piece.begin(), piece.end(), [](char c) { return kSymbols.find(c) != std::string_view::npos; }) ||
          std::any_of(kOthers.begin(), kOthers.end(), [&](auto other) { return piece.starts_with(other); }));
}

bool is_wordless(std::string_view piece) {
  piece = without_blanks(piece);
  static constexpr std::array<std::string_view, 6> kMarks{"，", "。", "！", "？", "、", "…"};
  return std::all_of(piece.begin(), piece.end(),
                     [](char c) { return std::ispunct(static_cast<unsigned char>(c)) != 0; }) ||
         std::any_of(kMarks.begin(), kMarks.end(), [&](auto mark) { return piece == mark; });
}

} // namespace

WhisperDecoder::WhisperDecoder(whisper_context *context, int threads) : context_(context), threads_(threads) {
  const auto size = static_cast<std::size_t>(whisper_n_vocab(context));
  banned_.assign(size, true);
  wordless_.assign(size, true);
  const auto end = static_cast<std::size_t>(whisper_token_eot(context));
  for (std::size_t id = 0; id < end; ++id) {
    const std::string_view piece = whisper_token_to_str(context, static_cast<whisper_token>(id));
    banned_[id] = is_symbol(piece);
    wordless_[id] = is_wordless(piece);
    if (!banned_[id]) {
      pieces_.add(piece, static_cast<std::int32_t>(id));
    }
  }
  banned_[end] = false;
}

void WhisperDecoder::expect(const std::vector<std::string> &phrases) {
  phrases_ = PhraseBias(pieces_);
  for (const auto &phrase : phrases) {
    phrases_.add(phrase);
  }
}

std::vector<float> WhisperDecoder::logits_after(const std::vector<whisper_token> &tokens, int past) {
  const auto count = static_cast<int>(tokens.size());
  if (whisper_decode(context_, tokens.data(), count, past, threads_) != 0) {
    return {};
  }
  const auto size = static_cast<std::size_t>(whisper_n_vocab(context_));
  const float *row = whisper_get_logits(context_) + static_cast<std::size_t>(count - 1) * size;
  return {row, row + size};
}

// Radford et al. 2022, section 2.3: what follows <|startoftranscript|> tells the language and whether anybody speaks.
WhisperDecoder::Start WhisperDecoder::tell_start() {
  Start start;
  const auto logits = logits_after({whisper_token_sot(context_)}, 0);
  if (logits.empty()) {
    start.no_speech_probability = 1;
    return start;
  }
  const double total = log_sum_exp(logits, [](std::size_t) { return true; });
  const auto silence = static_cast<std::size_t>(whisper_token_nosp(context_));
  start.no_speech_probability = std::exp(static_cast<double>(logits[silence]) - total);
  if (whisper_is_multilingual(context_) != 0) {
    const auto zh = static_cast<std::size_t>(whisper_token_lang(context_, whisper_lang_id("zh")));
    const auto en = static_cast<std::size_t>(whisper_token_lang(context_, whisper_lang_id("en")));
    start.language = logits[zh] > logits[en] ? Language::kChinese : Language::kEnglish;
  }
  return start;
}

// Ranked with the bonuses of expected phrases; the probabilities told are the model's own.
WhisperDecoder::Step WhisperDecoder::two_likeliest(const std::vector<float> &logits,
                                                   const std::vector<whisper_token> &written) const {
  const bool at_start = written.empty();
  const auto end = static_cast<std::size_t>(whisper_token_eot(context_));
  const auto allowed = [&](std::size_t id) { return !banned_[id] && !(at_start && (id == end || wordless_[id])); };
  const double total = log_sum_exp(logits, allowed);
  auto ranked = logits;
  for (const auto &[token, bonus] : phrases_.bonuses(text_of(written))) {
    ranked[static_cast<std::size_t>(token)] += static_cast<float>(bonus);
  }
  std::size_t first = logits.size();
  std::size_t second = logits.size();
  for (std::size_t id = 0; id < logits.size(); ++id) {
    if (!allowed(id)) {
      continue;
    }
    if (first == logits.size() || ranked[id] > ranked[first]) {
      second = std::exchange(first, id);
    } else if (second == logits.size() || ranked[id] > ranked[second]) {
      second = id;
    }
  }
  const auto choice = [&](std::size_t id) {
    return Choice{static_cast<whisper_token>(id), static_cast<double>(logits[id]) - total};
  };
  return {choice(first), choice(second)};
}

void WhisperDecoder::extend(Path &path, std::vector<whisper_token> feed, int past, int most_tokens) {
  const auto end = whisper_token_eot(context_);
  while (static_cast<int>(path.tokens.size()) < most_tokens) {
    const auto logits = logits_after(feed, past);
    if (logits.empty()) {
      return;
    }
    past += static_cast<int>(feed.size());
    path.steps.push_back(two_likeliest(logits, path.tokens));
    const auto next = path.steps.back().best.token;
    if (next == end) {
      path.finished = true;
      return;
    }
    path.tokens.push_back(next);
    std::size_t times = 0;
    if (const auto run = loop_length(path.tokens, times); run > 0) {
      path.looping = true;
      path.tokens.resize(path.tokens.size() - run * (times - 1));
      path.whole_again = path.tokens.size() == run;
    } else if (const auto whole = begun_again(path); whole > 0) {
      path.looping = path.whole_again = true;
      path.tokens.resize(whole);
    }
    if (path.looping) {
      path.steps.resize(path.tokens.size()); // the repeats are ever likelier and would flatter the mean
      return;
    }
    feed = {next};
  }
}

// With little silence behind the words the decoder can miss the end and say the whole text again. Length of the text
// where it has just begun to: its first tokens stand there once more, and at that place the end was the runner-up
// (where somebody does say it twice, it is not).
std::size_t WhisperDecoder::begun_again(const Path &path) const {
  constexpr std::size_t kAgain = 3;
  constexpr std::size_t kLeast = 4;
  const auto &tokens = path.tokens;
  if (tokens.size() < kLeast + kAgain) {
    return 0;
  }
  const auto whole = tokens.size() - kAgain;
  const bool again =
      std::equal(tokens.begin(), tokens.begin() + kAgain, tokens.begin() + static_cast<std::ptrdiff_t>(whole));
  return again && path.steps[whole].second.token == whisper_token_eot(context_) ? whole : 0;
}

std::string WhisperDecoder::text_of(const std::vector<whisper_token> &tokens) const {
  std::string text;
  for (const auto token : tokens) {
    text += whisper_token_to_str(context_, token);
  }
  return text;
}

double WhisperDecoder::mean(const std::vector<Step> &steps) {
  constexpr double kNothing = -10;
  const double sum = std::accumulate(steps.begin(), steps.end(), 0.0,
                                     [](double total, const Step &step) { return total + step.best.log_probability; });
  return steps.empty() ? kNothing : sum / static_cast<double>(steps.size());
}

// Where the runner-up came closest it is taken and the text goes on from there. From back to front, so that the
// decoder's cache still holds the best path up to each of those places: an alternative costs its own tail only.
void WhisperDecoder::add_alternatives(DecodedWindow &window, const Path &best, int prompt_size, int most_tokens,
                                      int n_best) {
  constexpr double kTooUnlikely = -4; // log of the runner-up against the choice
  const auto gap = [&](std::size_t i) {
    return best.steps[i].second.log_probability - best.steps[i].best.log_probability;
  };
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < best.steps.size() && i <= best.tokens.size(); ++i) {
    if (!wordless_[static_cast<std::size_t>(best.steps[i].second.token)] && gap(i) > kTooUnlikely) {
      places.push_back(i);
    }
  }
  std::sort(places.begin(), places.end(), [&](std::size_t a, std::size_t b) { return gap(a) > gap(b); });
  places.resize(std::min(places.size(), static_cast<std::size_t>(n_best - 1)));
  std::sort(places.rbegin(), places.rend());
  for (const auto at : places) {
    const auto offset = static_cast<std::ptrdiff_t>(at);
    Path path;
    path.tokens.assign(best.tokens.begin(), best.tokens.begin() + offset);
    path.steps.assign(best.steps.begin(), best.steps.begin() + offset);
    const auto taken = best.steps[at].second;
    path.tokens.push_back(taken.token);
    path.steps.push_back({taken, taken});
    extend(path, {taken.token}, prompt_size + static_cast<int>(at), most_tokens);
    if (path.finished) {
      window.alternatives.push_back({text_of(path.tokens), mean(path.steps)});
    }
  }
  std::sort(window.alternatives.begin(), window.alternatives.end(),
            [](const auto &a, const auto &b) { return a.mean_log_probability > b.mean_log_probability; });
}

DecodedWindow WhisperDecoder::decode(std::optional<Language> language, int most_tokens, int n_best, bool translate) {
  const auto start = tell_start();
  DecodedWindow window;
  window.no_speech_probability = start.no_speech_probability;
  window.language = language.value_or(start.language);
  std::vector<whisper_token> prompt; // behind <|startoftranscript|>, which is in the cache by now
  if (whisper_is_multilingual(context_) != 0) {
    prompt.push_back(
        whisper_token_lang(context_, whisper_lang_id(std::string(language_code(window.language)).c_str())));
    prompt.push_back(translate ? whisper_token_translate(context_) : whisper_token_transcribe(context_));
  }
  prompt.push_back(whisper_token_not(context_));
  const int prompt_size = 1 + static_cast<int>(prompt.size());
  most_tokens = std::min(most_tokens, whisper_n_text_ctx(context_) - prompt_size - 1);
  Path best;
  extend(best, std::move(prompt), 1, most_tokens);
  window.text = text_of(best.tokens);
  window.mean_log_probability = mean(best.steps);
  window.finished = best.finished;
  window.looping = best.looping;
  window.whole_again = best.whole_again;
  if (n_best > 1) {
    add_alternatives(window, best, prompt_size, most_tokens, n_best);
  }
  return window;
}

} // namespace yanxing::speech
