#include "speech/phonemes.h"
#include "text/string_table.h"
#include "text/utf8.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <espeak-ng/speak_lib.h>
#include <mutex>
#include <vector>

namespace yanxing::speech {
namespace {

struct Replacement {
  std::string_view from;
  std::string_view to;
};

void replace_all(std::string &text, const Replacement &replacement) {
  for (auto at = text.find(replacement.from); at != std::string::npos;
       at = text.find(replacement.from, at + replacement.to.size())) {
    text.replace(at, replacement.from.size(), replacement.to);
  }
}

// espeak-ng's IPA → the alphabet of the lexicon: diphthongs and affricates are one letter each, length marks go.
std::string to_lexicon_alphabet(std::string ipa) {
  static constexpr std::array kReplacements{Replacement{"aɪ", "I"}, Replacement{"aʊ", "W"},  Replacement{"dʒ", "ʤ"},
                                            Replacement{"eɪ", "A"}, Replacement{"tʃ", "ʧ"},  Replacement{"ɔɪ", "Y"},
                                            Replacement{"oʊ", "O"}, Replacement{"əl", "ᵊl"}, Replacement{"ɜː", "ɜɹ"},
                                            Replacement{"ɚ", "əɹ"}, Replacement{"r", "ɹ"},   Replacement{"ɐ", "ə"},
                                            Replacement{"ɾ", "T"},  Replacement{"ʔ", "t"},   Replacement{"ː", ""},
                                            Replacement{"o", "ɔ"},  Replacement{"e", "A"},   Replacement{"g", "ɡ"}};
  for (const auto &replacement : kReplacements) {
    replace_all(ipa, replacement);
  }
  return ipa;
}

// espeak-ng is one global engine behind a C interface; one caller at a time.
std::string espeak_phonemes(const std::string &word) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  static const bool ready = espeak_Initialize(AUDIO_OUTPUT_RETRIEVAL, 0, nullptr, espeakINITIALIZE_DONT_EXIT) >= 0 &&
                            espeak_SetVoiceByName("en-us") == EE_OK;
  if (!ready) {
    return "";
  }
  const void *input = word.c_str();
  constexpr int kIpa = 0x02;
  const char *ipa = espeak_TextToPhonemes(&input, espeakCHARS_UTF8, kIpa);
  return ipa == nullptr ? "" : to_lexicon_alphabet(ipa);
}

// The lexicon's newer signs for a flap and a glottal stop, in the spelling of the model's training.
std::string to_model_alphabet(std::string sounds) {
  replace_all(sounds, {"ɾ", "T"});
  replace_all(sounds, {"ʔ", "t"});
  return sounds;
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
  auto phonemes = std::make_unique<EnglishPhonemes>();
  // A word alone, or by part of speech: then the default is taken.
  const auto read =
      text::for_each_string(lexicon, [&](const std::string &word, const std::string &part, const std::string &sounds) {
        if ((part.empty() || part == "DEFAULT") && !sounds.empty()) {
          phonemes->lexicon_.emplace(word, sounds);
        }
      });
  if (!read) {
    return read.error();
  }
  return phonemes;
}

std::string EnglishPhonemes::known(const std::string &word) const {
  for (const auto &form : {word, lower(word)}) {
    if (const auto found = lexicon_.find(form); found != lexicon_.end()) {
      return to_model_alphabet(found->second);
    }
  }
  return "";
}

std::string EnglishPhonemes::inflected(const std::string &small) const {
  const auto stem_of = [&](std::string_view suffix, std::string_view instead = "") {
    const bool fits = small.size() > suffix.size() + 1 && small.ends_with(suffix);
    return fits ? known(small.substr(0, small.size() - suffix.size()) + std::string(instead)) : "";
  };
  const auto first_of = [](std::initializer_list<std::string> stems) {
    const auto found = std::find_if(stems.begin(), stems.end(), [](const std::string &stem) { return !stem.empty(); });
    return found == stems.end() ? std::string() : *found;
  };
  if (const auto stem = first_of({stem_of("'s"), stem_of("ies", "y"), stem_of("s"), stem_of("es")}); !stem.empty()) {
    return stem + (ends_in(stem, {"s", "z", "ʃ", "ʒ", "ʧ", "ʤ"}) ? "ᵻz"
                   : ends_in(stem, {"p", "t", "k", "f", "θ"})    ? "s"
                                                                 : "z");
  }
  if (const auto stem = first_of({stem_of("ied", "y"), stem_of("ed"), stem_of("d")}); !stem.empty()) {
    return stem + (ends_in(stem, {"t", "d"}) ? "ᵻd" : ends_in(stem, {"p", "k", "f", "θ", "s", "ʃ", "ʧ"}) ? "t" : "d");
  }
  if (const auto stem = first_of({stem_of("ing"), stem_of("ing", "e")}); !stem.empty()) {
    return stem + "ɪŋ";
  }
  return "";
}

std::string EnglishPhonemes::word(const std::string &word) const {
  if (auto whole = known(word); !whole.empty()) {
    return whole;
  }
  if (auto whole = inflected(lower(word)); !whole.empty()) {
    return whole;
  }
  const bool initials =
      word.size() <= 5 && std::all_of(word.begin(), word.end(), [](unsigned char c) { return std::isupper(c) != 0; });
  if (initials) {
    std::string spelled;
    for (const char letter : word) {
      spelled += known(std::string(1, letter));
    }
    return spelled;
  }
  return espeak_phonemes(word);
}

// Small words are weak, and "the", "a", "to" listen to what follows.
std::string EnglishPhonemes::weak(const std::string &word, const std::string &next) const {
  static constexpr std::string_view kVowels = "aeiouæɑɔəɛɜɪʊʌAIOWY";
  std::string_view first = next;
  while (first.starts_with("ˈ") || first.starts_with("ˌ")) {
    first.remove_prefix(std::string_view("ˈ").size());
  }
  const auto letter = text::to_utf8(text::to_code_points(first).substr(0, 1));
  const bool before_vowel = !letter.empty() && kVowels.find(letter) != std::string_view::npos;
  const auto small = lower(word);
  if (small == "the") {
    return before_vowel ? "ði" : "ðə";
  }
  if (small == "to") {
    return next.empty() ? "tˈu" : before_vowel ? "tʊ" : "tə";
  }
  return word == "a" ? "ɐ" : small == "an" ? "ɐn" : "";
}

std::string EnglishPhonemes::operator()(const std::string &text) const {
  struct Part {
    std::string text;
    bool is_word;
  };
  std::vector<Part> parts;
  for (std::size_t i = 0; i < text.size();) {
    const auto is_letter = [&](std::size_t at) {
      return std::isalpha(static_cast<unsigned char>(text[at])) != 0 || (text[at] == '\'' && at > i);
    };
    auto end = i;
    while (end < text.size() && is_letter(end)) {
      ++end;
    }
    if (end > i) {
      parts.push_back({text.substr(i, end - i), true});
      i = end;
      continue;
    }
    const char c = text[i++];
    const bool space = c == ' ' || c == '-' || c == '\n' || c == '/' || c == '_';
    if (space && !parts.empty() && !parts.back().text.ends_with(" ")) {
      parts.push_back({" ", false});
    } else if (!space && std::string_view(",.!?;:").find(c) != std::string_view::npos) {
      parts.push_back({std::string(1, c), false});
    }
  }
  // From the end, as a weak word needs the sounds of the next.
  std::string out;
  std::string next;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    auto sounds = part->is_word ? weak(part->text, next) : part->text;
    if (sounds.empty()) {
      sounds = word(part->text);
    }
    next = part->is_word ? sounds : part->text == " " ? next : "";
    out.insert(0, sounds);
  }
  return out;
}

} // namespace yanxing::speech
