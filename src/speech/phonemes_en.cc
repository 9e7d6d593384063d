#include "base/json.h"
#include "speech/phonemes.h"

#include <array>
#include <cctype>
#include <espeak-ng/speak_lib.h>
#include <mutex>

namespace yanxing::speech {
namespace {

struct Replacement {
  std::string_view from;
  std::string_view to;
};

void replace_all(std::string &text, const Replacement &replacement) {
  for (auto at = text.find(replacement.from); at != std::string::npos; at = text.find(replacement.from, at + replacement.to.size())) {
    text.replace(at, replacement.from.size(), replacement.to);
  }
}

// espeak-ng's IPA → the alphabet of the lexicon: diphthongs and affricates are one letter each, length marks go.
std::string to_lexicon_alphabet(std::string ipa) {
  static constexpr std::array kReplacements{
      Replacement{"aɪ", "I"}, Replacement{"aʊ", "W"}, Replacement{"dʒ", "ʤ"}, Replacement{"eɪ", "A"}, Replacement{"tʃ", "ʧ"}, Replacement{"ɔɪ", "Y"},
      Replacement{"oʊ", "O"}, Replacement{"əl", "ᵊl"}, Replacement{"ɜː", "ɜɹ"}, Replacement{"ɚ", "əɹ"}, Replacement{"r", "ɹ"}, Replacement{"ɐ", "ə"},
      Replacement{"ɾ", "T"}, Replacement{"ʔ", "t"},   Replacement{"ː", ""},    Replacement{"o", "ɔ"},  Replacement{"e", "A"},  Replacement{"g", "ɡ"}};
  for (const auto &replacement : kReplacements) {
    replace_all(ipa, replacement);
  }
  return ipa;
}

// espeak-ng is one global engine behind a C interface; one caller at a time.
std::string espeak_phonemes(const std::string &word) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  static const bool ready = espeak_Initialize(AUDIO_OUTPUT_RETRIEVAL, 0, nullptr, espeakINITIALIZE_DONT_EXIT) >= 0 && espeak_SetVoiceByName("en-us") == EE_OK;
  if (!ready) {
    return "";
  }
  const void *input = word.c_str();
  constexpr int kIpa = 0x02;
  const char *ipa = espeak_TextToPhonemes(&input, espeakCHARS_UTF8, kIpa);
  return ipa == nullptr ? "" : to_lexicon_alphabet(ipa);
}

std::string lower(std::string text) {
  for (auto &c : text) {
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return text;
}

bool ends_in(const std::string &phonemes, std::initializer_list<std::string_view> sounds) {
  for (const auto sound : sounds) {
    if (phonemes.ends_with(sound)) {
      return true;
    }
  }
  return false;
}

} // namespace

Result<std::unique_ptr<EnglishPhonemes>> EnglishPhonemes::open(const std::filesystem::path &lexicon) {
  const auto json = read_json_file(lexicon);
  if (!json) {
    return json.error();
  }
  auto phonemes = std::make_unique<EnglishPhonemes>();
  for (const auto &[word, value] : json->items()) {
    auto text = value.is_string() ? value.get<std::string>() : string_or_empty(value, "DEFAULT");
    if (!text.empty()) {
      phonemes->lexicon_.emplace(word, std::move(text));
    }
  }
  return phonemes;
}

std::string EnglishPhonemes::known(const std::string &word) const {
  for (const auto &form : {word, lower(word)}) {
    if (const auto found = lexicon_.find(form); found != lexicon_.end()) {
      return found->second;
    }
  }
  return "";
}

std::string EnglishPhonemes::word(const std::string &word) const {
  if (auto whole = known(word); !whole.empty()) {
    return whole;
  }
  const auto small = lower(word);
  const auto stem_of = [&](std::string_view suffix) { return small.size() > suffix.size() + 1 && small.ends_with(suffix) ? known(small.substr(0, small.size() - suffix.size())) : ""; };
  if (const auto stem = small.ends_with("'s") ? stem_of("'s") : stem_of("s"); !stem.empty()) {
    return stem + (ends_in(stem, {"s", "z", "ʃ", "ʒ", "ʧ", "ʤ"}) ? "ᵻz" : ends_in(stem, {"p", "t", "k", "f", "θ"}) ? "s" : "z");
  }
  if (auto stem = stem_of("ed"); !stem.empty() || !(stem = stem_of("d")).empty()) {
    return stem + (ends_in(stem, {"t", "d"}) ? "ᵻd" : ends_in(stem, {"p", "k", "f", "θ", "s", "ʃ", "ʧ"}) ? "t" : "d");
  }
  if (const auto stem = stem_of("ing"); !stem.empty()) {
    return stem + "ɪŋ";
  }
  return espeak_phonemes(word);
}

std::string EnglishPhonemes::operator()(const std::string &text) const {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto is_letter = [&](std::size_t at) { return std::isalpha(static_cast<unsigned char>(text[at])) != 0 || (text[at] == '\'' && at > i); };
    auto end = i;
    while (end < text.size() && is_letter(end)) {
      ++end;
    }
    if (end > i) {
      out += word(text.substr(i, end - i));
      i = end;
      continue;
    }
    const char c = text[i++];
    if (std::string_view(" ,.!?;:").find(c) != std::string_view::npos && !(c == ' ' && (out.empty() || out.ends_with(" ")))) {
      out += c;
    } else if (c == '-' && !out.empty()) {
      out += ' ';
    }
  }
  return out;
}

} // namespace yanxing::speech
