// Kokoro-82M (StyleTTS 2 family) through ONNX. A clause at a time: the first is kept short, so that sound starts while
// the rest is still being made; finished clauses are kept, so that frequent replies start at once.
#include "audio/clip.h"
#include "base/files.h"
#include "base/log.h"
#include "onnx/session.h"
#include "speech/clauses.h"
#include "speech/kept_speech.h"
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

class Kokoro final : public Synthesizer {
public:
  Kokoro(KokoroFiles files, std::shared_ptr<const text::Pinyin> pinyin)
      : files_(std::move(files)), pinyin_(std::move(pinyin)), kept_(files_.kept) {}

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
    for (const auto &[language, voice] :
         {std::pair{Language::kChinese, files_.voice_zh}, std::pair{Language::kEnglish, files_.voice_en}}) {
      if (auto read = read_voice(voice); !read) {
        return read;
      }
      voices_[language] = voice;
    }
    auto english = EnglishPhonemes::open(files_.english);
    if (!english) {
      return english.error();
    }
    english_ = std::move(*english);
    std::error_code code;
    const auto bytes = fs::file_size(files_.model, code);
    if (code) {
      return Error{files_.model.string() + " is missing", "Run 'yanxing pull kokoro'"};
    }
    name_ = files_.model.filename().string() + " " + std::to_string(bytes); // other weights, other sound
    return {};
  }

  [[nodiscard]] int sample_rate_hz() const override { return kRateHz; }

  Status set_manner(const std::string &voice, float speed) override {
    auto voices =
        std::map<Language, std::string>{{Language::kChinese, files_.voice_zh}, {Language::kEnglish, files_.voice_en}};
    if (!voice.empty()) {
      voices[voice.starts_with('z') ? Language::kChinese : Language::kEnglish] = voice;
      if (auto read = read_voice(voice); !read) {
        return read;
      }
    }
    voices_ = std::move(voices);
    speed_ = std::clamp(speed, 0.25F, 4.0F);
    return {};
  }

  Status speak(const std::string &utf8, const std::function<bool(std::span<const float>)> &sink) override {
    // The next clause is made when the sink has taken this one: who plays must not wait for the sound to end.
    for (const auto &clause : clauses_of(utf8)) {
      auto key = name_ + '\n' + voices_.at(clause.language) + '\n' + clause.text;
      if (speed_ != 1.0F) {
        key += '\n' + std::to_string(speed_);
      }
      std::optional<std::vector<float>> samples;
      if (auto clip = kept_.find(key); clip && clip->sample_rate_hz == kRateHz) {
        samples = std::move(clip->samples);
      }
      if (!samples) {
        auto made = make(clause);
        if (!made) {
          return made.error();
        }
        samples = std::move(*made);
        kept_.put(key, {*samples, kRateHz});
      }
      if (!samples->empty() && !sink(*samples)) {
        return {};
      }
    }
    return {};
  }

private:
  Status read_voice(const std::string &voice) {
    if (styles_.contains(voice)) {
      return {};
    }
    const bool plain = voice.find_first_of("/\\.") == std::string::npos; // a request may ask for any
    const auto bytes = plain ? read_file(files_.voices / (voice + ".bin")) : Result<std::string>(Error{"", ""});
    if (!bytes || bytes->size() < kStyleSize * sizeof(float) * (kMostTokens + 1)) {
      return Error{"there is no voice \"" + voice + "\" in " + files_.voices.string(),
                   "Run 'yanxing pull kokoro', or choose a voice that is there"};
    }
    std::vector<float> styles(bytes->size() / sizeof(float));
    std::memcpy(styles.data(), bytes->data(), styles.size() * sizeof(float));
    styles_[voice] = std::move(styles);
    return {};
  }

  [[nodiscard]] std::vector<std::int64_t> tokens_of(const Clause &clause) const {
    const auto spoken = text::spoken_form(clause.text, clause.language);
    const auto phonemes =
        clause.language == Language::kChinese ? mandarin_phonemes(spoken, *pinyin_) : (*english_)(spoken);
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
    const auto &styles = styles_.at(voices_.at(clause.language));
    const auto style = styles.begin() + static_cast<std::ptrdiff_t>(spoken * kStyleSize);
    const auto length = static_cast<std::int64_t>(tokens.size());
    auto out = session_->run(
        {{"tokens", {{1, length}, std::move(tokens)}},
         {"style", {{1, static_cast<std::int64_t>(kStyleSize)}, std::vector<float>(style, style + kStyleSize)}},
         {"speed", {{1}, std::vector<float>{speed_}}}});
    if (!out) {
      return out.error();
    }
    if (out->empty() || !std::holds_alternative<std::vector<float>>(out->front().data)) {
      return Error{files_.model.string() + " gave no sound", "Run 'yanxing pull kokoro'"};
    }
    auto samples = out->front().floats();
    trim(samples);
    return samples;
  }

  KokoroFiles files_;
  std::string name_; // of the model, as far as kept speech depends on it
  std::shared_ptr<const text::Pinyin> pinyin_;
  KeptSpeech kept_;
  std::map<char32_t, std::int64_t> ids_;
  std::map<Language, std::string> voices_;           // of now
  std::map<std::string, std::vector<float>> styles_; // by voice
  float speed_ = 1.0F;
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
