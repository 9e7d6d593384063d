// The live loop on real models: recordings played into it in real time, as a microphone delivers them.
#include "action/registry.h"
#include "assistant/live.h"
#include "base/paths.h"
#include "os/recorded_microphone.h"
#include "support/source.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <gtest/gtest.h>
#include <random>
#include <thread>

namespace yanxing::assistant {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
namespace fs = std::filesystem;

constexpr std::size_t kRate = audio::kSpeechRateHz;

using test::source;

// A loudspeaker that takes as long as the sound does.
class SlowSpeaker final : public os::Speaker {
public:
  Status play(std::span<const float> samples, int sample_rate_hz) override {
    const std::lock_guard lock(mutex_);
    ends_ = std::max(ends_, Clock::now()) +
            milliseconds(static_cast<long>(samples.size()) * 1000 / std::max(1, sample_rate_hz));
    return {};
  }
  void wait() override {
    while (left() > milliseconds(0)) {
      std::this_thread::sleep_for(milliseconds(5));
    }
  }
  void stop() override {
    const std::lock_guard lock(mutex_);
    ends_ = Clock::now();
    ++stops;
  }
  std::atomic<int> stops{0};

private:
  Clock::duration left() {
    const std::lock_guard lock(mutex_);
    return ends_ - Clock::now();
  }
  std::mutex mutex_;
  Clock::time_point ends_;
};

// A tone of a tenth of a second a byte, made at once.
class Beeper final : public speech::Synthesizer {
public:
  [[nodiscard]] int sample_rate_hz() const override { return 24000; }
  Status speak(const std::string &utf8, const std::function<bool(std::span<const float>)> &sink) override {
    spoken.push_back(utf8);
    sink(std::vector<float>(utf8.size() * 2400, 0.1F));
    return {};
  }
  std::vector<std::string> spoken;
};

// The models are loaded once; each test has a turn, a voice and a loop of its own.
class LiveTest : public testing::Test {
protected:
  static void SetUpTestSuite() {
    const auto whisper = model_file("whisper-base", "ggml-model.bin");
    const auto vad = model_file("silero-vad", "silero_vad.onnx");
    const auto pinyin = model_file("pinyin", "pinyin_dict.json");
    if (!whisper || !vad || !pinyin || !model_file("qwen2.5-0.5b", "model.gguf")) {
      return;
    }
    MindSettings settings;
    settings.light = "qwen2.5-0.5b";
    settings.one_registry = true;
    auto opened = Mind::open(settings);
    ASSERT_TRUE(opened.ok()) << opened.error().message();
    mind = std::move(*opened);
    recognizer = std::move(*speech::make_whisper_recognizer(*whisper, *vad, 2));
    repairer = std::make_unique<text::Repairer>(*text::Pinyin::open(pinyin->parent_path()));
    registry = std::make_unique<action::Registry>(*action::Registry::load(source("actions")));
  }
  static void TearDownTestSuite() {
    mind.reset();
    recognizer.reset();
    repairer.reset();
  }
  void SetUp() override {
    if (!mind) {
      GTEST_SKIP() << "whisper-base, silero-vad, pinyin or qwen2.5-0.5b is not installed";
    }
    Turn::Parts parts;
    parts.mind = mind.get();
    parts.recognizer = recognizer.get();
    parts.repairer = repairer.get();
    parts.registry = registry.get();
    parts.contacts = *action::read_contacts(source("assets/contacts.vcf"));
    parts.confirm = [this](const std::string &question) {
      ++questions_;
      return live_->confirm(question);
    };
    parts.hands.state = state_;
    parts.hands.settings = &settings_;
    turn_parts_ = std::move(parts);
  }
  void TearDown() override { fs::remove_all(state_); }

  // With `hand`, actions are carried out; otherwise the run is dry.
  void open(bool hand = false, bool push_to_talk = false) {
    if (hand) {
      hand_ = std::make_unique<action::Operator>();
      turn_parts_.hand = hand_.get();
    }
    turn_ = std::make_unique<Turn>(std::move(turn_parts_));
    auto beeper = std::make_unique<Beeper>();
    auto speaker = std::make_unique<SlowSpeaker>();
    beeper_ = beeper.get();
    speaker_ = speaker.get();
    voice_ = std::make_unique<Voice>(std::move(beeper), std::move(speaker));
    Live::Parts parts;
    parts.turn = turn_.get();
    parts.recognizer = recognizer.get();
    parts.endpointer = std::make_unique<speech::Endpointer>(
        std::move(*speech::VoiceActivity::open(model_file("silero-vad", "silero_vad.onnx")->string())),
        speech::EndpointSettings{});
    parts.look = [] {
      screen::Sight sight;
      sight.screen.title = "预算表.xlsx";
      sight.screen.elements = {{"current_table", "table", "预算表", "", {0, 0, 100, 100}, {}, "", 8, 5}};
      return Result<screen::Sight>(sight);
    };
    parts.voice = voice_.get();
    parts.push_to_talk = push_to_talk;
    parts.answer_ms = 4000;
    parts.on_turn = [this](const TurnReport &report) {
      reports_.push_back(report);
      ++turns_;
    };
    live_ = std::make_unique<Live>(std::move(parts));
  }

  static std::vector<float> sound(const fs::path &file) {
    const auto clip = audio::read_clip(file);
    EXPECT_TRUE(clip.ok()) << clip.error().message();
    return clip ? audio::resample(*clip, kRate).samples : std::vector<float>{};
  }
  static fs::path foreign(const std::string &name) { return source("../shared/data") / name; }
  static std::vector<float> silence(double seconds) {
    return std::vector<float>(static_cast<std::size_t>(seconds * kRate), 0.0F);
  }
  // In real time, as a device delivers it. How fast the models are must make no difference to a test.
  void hear(const std::vector<float> &samples) {
    std::atomic<bool> over{false};
    os::RecordedMicrophone microphone(samples);
    ASSERT_TRUE(microphone
                    .start([&](std::span<const float> block) {
                      if (!over) {
                        live_->push(block);
                      }
                    })
                    .ok());
    while (!microphone.over()) {
      std::this_thread::sleep_for(milliseconds(5));
    }
    over = true;
  }
  // Silence, until `happened`.
  bool wait_for(const std::function<bool()> &happened) {
    constexpr int kMostSeconds = 120;
    for (int i = 0; i < kMostSeconds * 10 && !happened(); ++i) {
      hear(silence(0.1));
    }
    return happened();
  }
  bool wait_for_turns(int turns) {
    return wait_for([&] { return turns_ >= turns; });
  }
  void settle() { // what was said has ended, and is worked off
    hear(silence(0.8));
    live_->drain();
  }
  [[nodiscard]] std::string decision(std::size_t turn) const {
    return turn < reports_.size() ? dump(to_json(reports_[turn].decision)) : "no such turn";
  }

  static std::unique_ptr<Mind> mind;
  static std::unique_ptr<speech::Recognizer> recognizer;
  static std::unique_ptr<text::Repairer> repairer;
  static std::unique_ptr<action::Registry> registry;

  fs::path state_ = fs::path(testing::TempDir()) / ("live-" + std::to_string(::getpid()));
  Settings settings_;
  Turn::Parts turn_parts_;
  std::unique_ptr<action::Operator> hand_;
  std::unique_ptr<Turn> turn_;
  std::unique_ptr<Voice> voice_;
  Beeper *beeper_ = nullptr;
  SlowSpeaker *speaker_ = nullptr;
  std::vector<TurnReport> reports_;
  std::atomic<int> turns_{0};
  std::atomic<int> questions_{0};
  std::unique_ptr<Live> live_;
};
std::unique_ptr<Mind> LiveTest::mind;
std::unique_ptr<speech::Recognizer> LiveTest::recognizer;
std::unique_ptr<text::Repairer> LiveTest::repairer;
std::unique_ptr<action::Registry> LiveTest::registry;

TEST_F(LiveTest, OneActionForOneSentenceInEachLanguage) {
  open();
  hear(silence(0.5));
  hear(sound(source("assets/say_zh.wav")));
  ASSERT_TRUE(wait_for_turns(1));
  hear(sound(source("assets/say_en.wav")));
  ASSERT_TRUE(wait_for_turns(2));
  settle();
  ASSERT_EQ(reports_.size(), 2U);
  EXPECT_EQ(decision(0), R"({"action":"share","target":"current_table","recipient":"李经理"})");
  EXPECT_EQ(reports_[0].language, Language::kChinese);
  EXPECT_EQ(reports_[1].decision.actions[0].name, "share");
  EXPECT_EQ(reports_[1].language, Language::kEnglish);
  for (const auto &report : reports_) {
    const auto &timings = report.timings_ms;
    EXPECT_LE(timings.at("endpoint"), 500 + 64); // the silence waited for, in windows of 32 ms
    EXPECT_GE(timings.at("dispatch"), timings.at("endpoint"));
    EXPECT_TRUE(timings.contains("first_audio"));
    const double computing = timings.at("asr") + timings.at("prefill") + timings.at("decode");
    if (computing + timings.at("prepare") < 2000) { // a machine that keeps up: waiting and computing overlap
      EXPECT_LT(timings.at("dispatch"), timings.at("endpoint") + computing);
    }
  }
}

TEST_F(LiveTest, SpeechThatGoesOnAfterAPauseIsOneSentence) {
  open();
  const auto whole = sound(source("assets/say_zh.wav"));
  // In the middle of the quietest tenth of a second of the middle half a third of a second of silence is put in.
  std::size_t best = whole.size() / 2;
  float least = 1e9F;
  for (std::size_t at = whole.size() / 4; at + kRate / 10 < whole.size() * 3 / 4; at += kRate / 100) {
    float energy = 0;
    for (std::size_t i = at; i < at + kRate / 10; ++i) {
      energy += whole[i] * whole[i];
    }
    if (energy < least) {
      least = energy;
      best = at + kRate / 20;
    }
  }
  const auto cut = whole.begin() + static_cast<std::ptrdiff_t>(best);
  hear(silence(0.5));
  hear({whole.begin(), cut});
  hear(silence(0.33));
  hear({cut, whole.end()});
  ASSERT_TRUE(wait_for_turns(1));
  settle();
  ASSERT_EQ(reports_.size(), 1U) << "the first half was acted on";
  EXPECT_EQ(reports_[0].decision.actions[0].name, "share");
  EXPECT_NE(reports_[0].transcript.find("李经理"), std::string::npos) << reports_[0].transcript;
}

TEST_F(LiveTest, NoiseDoesNothing) {
  open();
  std::mt19937 random(5);
  std::normal_distribution<float> hiss(0.0F, 0.1F);
  auto noise = silence(3);
  for (std::size_t i = 0; i < noise.size(); ++i) {
    noise[i] = hiss(random) * (i / 4000 % 2 == 0 ? 1.0F : 0.05F); // in bursts
  }
  hear(noise);
  settle();
  EXPECT_TRUE(reports_.empty());
  EXPECT_TRUE(beeper_->spoken.empty());
}

TEST_F(LiveTest, PushToTalkHearsOnlyWhileTheKeyIsDown) {
  open(false, true);
  const auto words = sound(source("assets/say_zh.wav"));
  hear(words);
  settle();
  EXPECT_TRUE(reports_.empty()) << "heard without the key";
  live_->talk(true);
  live_->push(words); // faster than anybody speaks
  live_->talk(false); // and no silence behind
  live_->drain();
  ASSERT_EQ(reports_.size(), 1U);
  EXPECT_EQ(reports_[0].decision.actions[0].name, "share");
  live_->talk(true);
  live_->push(silence(1));
  live_->talk(false);
  live_->drain();
  EXPECT_EQ(reports_.size(), 1U) << "a key pressed for nothing is no turn";
}

TEST_F(LiveTest, ARiskyActionWaitsForTheSpokenWord) {
  const auto yes = foreign("audio_zh/words_shtooka/cmn-是.mp3");
  const auto no = foreign("audio_zh/words_shtooka/cmn-不要.mp3");
  if (!fs::exists(yes) || !fs::exists(no)) {
    GTEST_SKIP() << "the recordings are absent";
  }
  open(true);
  const auto command = sound(source("assets/say_zh.wav"));
  hear(silence(0.5));
  hear(command);
  ASSERT_TRUE(wait_for([&] { return questions_ == 1 && voice_->speaking(); }));
  hear(sound(no)); // into the question, as people do
  ASSERT_TRUE(wait_for_turns(1));
  EXPECT_EQ(reports_[0].outcome.status, action::OutcomeStatus::kRefused) << reports_[0].outcome.detail;
  settle();
  hear(command);
  ASSERT_TRUE(wait_for([&] { return questions_ == 2; }));
  hear(sound(yes));
  ASSERT_TRUE(wait_for_turns(2));
  // A yes: it was tried. This screen is made up, so the cells cannot be read.
  EXPECT_EQ(reports_[1].outcome.status, action::OutcomeStatus::kFailed) << reports_[1].outcome.detail;
  settle();
  hear(command);
  ASSERT_TRUE(wait_for_turns(3));
  EXPECT_EQ(reports_[2].outcome.status, action::OutcomeStatus::kAsked) << "nobody answered";
}

TEST_F(LiveTest, StopEndsTheReplyAndIsNoCommand) {
  const auto stop = foreign("audio_zh/words_shtooka/cmn-停止.mp3");
  if (!fs::exists(stop)) {
    GTEST_SKIP() << "the recording is absent";
  }
  open();
  hear(silence(0.5));
  hear(sound(source("assets/say_zh.wav")));
  ASSERT_TRUE(wait_for([&] { return turns_ == 1 && voice_->speaking(); }));
  hear(sound(stop));
  EXPECT_FALSE(voice_->speaking());
  settle();
  EXPECT_EQ(reports_.size(), 1U);
  EXPECT_EQ(beeper_->spoken.size(), 1U);
  EXPECT_EQ(speaker_->stops, 1);
}

} // namespace
} // namespace yanxing::assistant
