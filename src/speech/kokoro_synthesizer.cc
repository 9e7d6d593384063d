// Kokoro-82M (StyleTTS 2 family) through ONNX. A clause at a time: the first is kept short, so that sound starts while
// the rest is still being made; finished clauses are kept, so that frequent replies start at once.
#include "audio/clip.h"
#include "base/files.h"
#include "base/log.h"
#include "onnx/session.h"
#include "speech/phonemes.h"
#include "speech/synthesizer.h"
#include "text/normalize.h"
#include "text/utf8.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

namespace yanxing::speech {
namespace fs = std::filesystem;
namespace {

constexpr int kRateHz = 24000;
constexpr std::size_t kStyleSize = 256;
constexpr std::size_t kMostTokens = 500; // the voices have 510 styles, by length

struct Clause {
  std::string text;
  Language language;
};

bool ends_clause(char32_t c) {
  static constexpr std::u32string_view kMarks = U"，。！？；：、,.!?;:\n";
  return kMarks.find(c) != kMarks.npos;
}

// Clauses of one language each, in order. A clause is cut at punctuation once it is long enough to be worth a run.
std::vector<Clause> clauses_of(const std::string &utf8) {
  constexpr std::size_t kFirst = 4; // code points before the first cut may come
  constexpr std::size_t kLater = 12;
  std::vector<Clause> clauses;
  std::u32string current;
  Language language = language_of(utf8);
  const auto flush = [&] {
    const bool speaks = std::any_of(current.begin(), current.end(), [](char32_t c) { return text::is_han(c) || text::is_ascii_letter(c) || text::is_digit(c); });
    if (speaks) {
      clauses.push_back({text::to_utf8(current), language});
    }
    current.clear();
  };
  const auto text = text::to_code_points(utf8);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char32_t c = text[i];
    const bool switches = (text::is_han(c) && language == Language::kEnglish) || (text::is_ascii_letter(c) && language == Language::kChinese);
    if (switches) {
      flush();
      language = text::is_han(c) ? Language::kChinese : Language::kEnglish;
    }
    current += c;
    const bool decimal = (c == U'.' || c == U',' || c == U':') && i + 1 < text.size() && text[i + 1] != U' ' && i > 0 && text[i - 1] < 0x80;
    if (ends_clause(c) && !decimal && current.size() >= (clauses.empty() ? kFirst : kLater)) {
      flush();
    }
  }
  flush();
  return clauses;
}

std::string key_of(const std::string &text) {
  std::uint64_t hash = 14695981039346656037ULL; // FNV-1a
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  }
  std::string key;
  for (int i = 0; i < 16; ++i) {
    key += "0123456789abcdef"[(hash >> (60U - 4U * static_cast<unsigned>(i))) & 0xFU];
  }
  return key;
}

// Silence at both ends, but for a breath.
void trim(std::vector<float> &samples) {
  constexpr float kQuiet = 0.006F;
  constexpr std::ptrdiff_t kKeep = kRateHz * 60 / 1000;
  const auto loud = [](float s) { return std::fabs(s) > kQuiet; };
  const auto last = std::find_if(samples.rbegin(), samples.rend(), loud).base();
  samples.erase(std::min(last + std::min(kKeep * 2, samples.end() - last), samples.end()), samples.end());
  const auto first = std::find_if(samples.begin(), samples.end(), loud);
  samples.erase(samples.begin(), first - std::min(kKeep, first - samples.begin()));
}

class Kept {
public:
  explicit Kept(fs::path folder) : folder_(std::move(folder)) {}

  [[nodiscard]] std::optional<std::vector<float>> find(const std::string &key) const {
    if (folder_.empty()) {
      return std::nullopt;
    }
    const auto clip = audio::read_clip(folder_ / (key + ".wav"));
    return clip && clip->sample_rate_hz == kRateHz ? std::optional(clip->samples) : std::nullopt;
  }

  void put(const std::string &key, const std::vector<float> &samples) const {
    if (folder_.empty()) {
      return;
    }
    make_room();
    if (const auto written = audio::write_wav(folder_ / (key + ".wav"), {samples, kRateHz}); !written) {
      log_debug(written.error().message());
    }
  }

private:
  // Oldest out; bounded, so that the folder does not grow for ever.
  void make_room() const {
    constexpr std::uintmax_t kMostBytes = 64ULL << 20U;
    std::error_code code;
    std::vector<std::pair<fs::file_time_type, fs::path>> files;
    std::uintmax_t total = 0;
    for (const auto &entry : fs::directory_iterator(folder_, code)) {
      files.emplace_back(entry.last_write_time(code), entry.path());
      total += entry.file_size(code);
    }
    std::sort(files.begin(), files.end());
    for (const auto &[time, path] : files) {
      if (total <= kMostBytes) {
        break;
      }
      total -= std::min(total, fs::file_size(path, code));
      fs::remove(path, code);
    }
  }

  fs::path folder_;
};

class Kokoro final : public Synthesizer {
public:
  Kokoro(KokoroFiles files, std::shared_ptr<const text::Pinyin> pinyin) : files_(std::move(files)), pinyin_(std::move(pinyin)), kept_(files_.kept) {}

  // Everything that is small is read now, so that a broken installation is said early; the network itself when it is
  // first needed, which kept clauses may avoid.
  Status load() {
    const auto vocabulary = read_json_file(files_.vocabulary);
    if (!vocabulary) {
      return vocabulary.error();
    }
    const auto &table = vocabulary->contains("vocab") ? (*vocabulary)["vocab"] : *vocabulary;
    for (const auto &[phoneme, id] : table.items()) {
      const auto code_points = text::to_code_points(phoneme);
      if (code_points.size() == 1 && id.is_number_integer()) {
        ids_[code_points[0]] = id.get<std::int64_t>();
      }
    }
    for (const auto &[language, voice] : {std::pair{Language::kChinese, files_.voice_zh}, std::pair{Language::kEnglish, files_.voice_en}}) {
      auto bytes = read_file(files_.voices / (voice + ".bin"));
      if (!bytes || bytes->size() < kStyleSize * sizeof(float) * (kMostTokens + 1)) {
        return Error{"there is no voice \"" + voice + "\" in " + files_.voices.string(), "Run 'yanxing pull kokoro', or choose a voice that is there"};
      }
      std::vector<float> styles(bytes->size() / sizeof(float));
      std::memcpy(styles.data(), bytes->data(), styles.size() * sizeof(float));
      styles_[language] = std::move(styles);
    }
    auto english = EnglishPhonemes::open(files_.english);
    if (!english) {
      return english.error();
    }
    english_ = std::move(*english);
    std::error_code code;
    return fs::exists(files_.model, code) ? Status() : Status(Error{files_.model.string() + " is missing", "Run 'yanxing pull kokoro'"});
  }

  [[nodiscard]] int sample_rate_hz() const override { return kRateHz; }

  Status speak(const std::string &utf8, const std::function<bool(std::span<const float>)> &sink) override {
    for (const auto &clause : clauses_of(utf8)) {
      const auto &voice = clause.language == Language::kChinese ? files_.voice_zh : files_.voice_en;
      const auto key = key_of(voice + "|" + clause.text);
      auto samples = kept_.find(key);
      if (!samples) {
        auto made = make(clause);
        if (!made) {
          return made.error();
        }
        samples = std::move(*made);
        kept_.put(key, *samples);
      }
      if (!samples->empty() && !sink(*samples)) {
        return {};
      }
    }
    return {};
  }

private:
  [[nodiscard]] std::vector<std::int64_t> tokens_of(const Clause &clause) const {
    const auto spoken = text::spoken_form(clause.text, clause.language);
    const auto phonemes = clause.language == Language::kChinese ? mandarin_phonemes(spoken, *pinyin_) : (*english_)(spoken);
    std::vector<std::int64_t> tokens{0};
    for (const char32_t c : text::to_code_points(phonemes)) {
      if (const auto id = ids_.find(c); id != ids_.end() && tokens.size() <= kMostTokens) {
        tokens.push_back(id->second);
      }
    }
    tokens.push_back(0);
    return tokens;
  }

  Result<std::vector<float>> make(const Clause &clause) {
    auto tokens = tokens_of(clause);
    const auto spoken = tokens.size() - 2;
    if (spoken == 0) {
      return std::vector<float>();
    }
    if (!session_) {
      auto session = onnx::Session::open(files_.model, files_.threads);
      if (!session) {
        return session.error();
      }
      session_ = std::move(*session);
    }
    const auto &styles = styles_.at(clause.language);
    const auto style = styles.begin() + static_cast<std::ptrdiff_t>(spoken * kStyleSize);
    const auto length = static_cast<std::int64_t>(tokens.size());
    auto out = session_->run({{"tokens", {{1, length}, std::move(tokens)}},
                              {"style", {{1, static_cast<std::int64_t>(kStyleSize)}, std::vector<float>(style, style + kStyleSize)}},
                              {"speed", {{1}, std::vector<float>{1.0F}}}});
    if (!out) {
      return out.error();
    }
    auto samples = out->front().floats();
    trim(samples);
    return samples;
  }

  KokoroFiles files_;
  std::shared_ptr<const text::Pinyin> pinyin_;
  Kept kept_;
  std::map<char32_t, std::int64_t> ids_;
  std::map<Language, std::vector<float>> styles_;
  std::unique_ptr<EnglishPhonemes> english_;
  std::unique_ptr<onnx::Session> session_;
};

} // namespace

Result<std::unique_ptr<Synthesizer>> make_kokoro_synthesizer(const KokoroFiles &files) {
  auto pinyin = text::Pinyin::open(files.pinyin);
  if (!pinyin) {
    return pinyin.error();
  }
  auto kokoro = std::make_unique<Kokoro>(files, *pinyin);
  if (auto loaded = kokoro->load(); !loaded) {
    return loaded.error();
  }
  return std::unique_ptr<Synthesizer>(std::move(kokoro));
}

} // namespace yanxing::speech
