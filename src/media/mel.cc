#include "media/mel.h"

#include "media/processor_json.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

namespace yanxing::media {
namespace fs = std::filesystem;
namespace {

constexpr std::int64_t kWindow = 400; // samples of a frame
constexpr std::int64_t kHop = 160;    // from frame to frame
constexpr std::int64_t kBands = kWindow / 2 + 1;
constexpr std::int64_t kMostBins = 1024;

// Slaney's scale: linear up to 1 kHz, then logarithmic.
constexpr double kLinearHz = 1000.0;
constexpr double kLinearMel = 15.0;
double mel_of_hertz(double hertz) {
  return hertz < kLinearHz ? 3.0 * hertz / 200.0 : kLinearMel + std::log(hertz / kLinearHz) * (27.0 / std::log(6.4));
}
double hertz_of_mel(double mel) {
  return mel < kLinearMel ? 200.0 * mel / 3.0 : kLinearHz * std::exp((mel - kLinearMel) * (std::log(6.4) / 27.0));
}

// Triangles of equal area: (bins, bands)
std::vector<float> filters(int bins) {
  const double highest = mel_of_hertz(audio::kSpeechRateHz / 2.0);
  std::vector<double> corners;
  for (int i = 0; i < bins + 2; ++i) {
    corners.push_back(hertz_of_mel(highest * i / (bins + 1)));
  }
  std::vector<float> result;
  for (std::size_t bin = 0; bin < static_cast<std::size_t>(bins); ++bin) {
    for (std::int64_t band = 0; band < kBands; ++band) {
      const double hertz = static_cast<double>(band) * (audio::kSpeechRateHz / 2.0) / (kBands - 1);
      const double up = (hertz - corners[bin]) / (corners[bin + 1] - corners[bin]);
      const double down = (corners[bin + 2] - hertz) / (corners[bin + 2] - corners[bin + 1]);
      const double area = 2.0 / (corners[bin + 2] - corners[bin]);
      result.push_back(static_cast<float>(std::max(0.0, std::min(up, down)) * area));
    }
  }
  return result;
}

// Cosines and sines of a frame's 400 places, and the Hann window.
struct Fourier {
  std::array<double, kWindow> cosine{};
  std::array<double, kWindow> sine{};
  std::array<double, kWindow> window{};
  Fourier() {
    for (std::size_t i = 0; i < kWindow; ++i) {
      const double turn = 2.0 * std::numbers::pi * static_cast<double>(i) / kWindow;
      cosine.at(i) = std::cos(turn);
      sine.at(i) = std::sin(turn);
      window.at(i) = 0.5 - 0.5 * std::cos(turn);
    }
  }
};

// The power of each band of one frame, whose samples are windowed already.
void powers(const Fourier &fourier, const std::array<double, kWindow> &frame, std::array<float, kBands> &out) {
  for (std::size_t band = 0; band < kBands; ++band) {
    double real = 0;
    double imaginary = 0;
    std::size_t at = 0;
    for (std::size_t i = 0; i < kWindow; ++i) {
      real += frame[i] * fourier.cosine[at];
      imaginary -= frame[i] * fourier.sine[at];
      at += band;
      at = at >= kWindow ? at - kWindow : at;
    }
    out[band] = static_cast<float>(real * real + imaginary * imaginary);
  }
}

} // namespace

Result<SoundSettings> sound_settings(const fs::path &model) {
  const auto json = processor_json(model, "feature_extractor");
  if (!json) {
    return json.error();
  }
  SoundSettings settings;
  std::int64_t bins = settings.bins;
  std::int64_t seconds = 300;
  std::int64_t rate = audio::kSpeechRateHz;
  std::int64_t hop = kHop;
  std::int64_t window = kWindow;
  const bool numbers = read_number(*json, "feature_size", bins) && read_number(*json, "chunk_length", seconds) &&
                       read_number(*json, "sampling_rate", rate) && read_number(*json, "hop_length", hop) &&
                       read_number(*json, "n_fft", window);
  if (!numbers || bins < 1 || bins > kMostBins || seconds < 1 || seconds > 3600 || rate != audio::kSpeechRateHz ||
      hop != kHop || window != kWindow) {
    return Error{model.string() + ": the description of its sound processor is not that of whisper's",
                 "Fetch preprocessor_config.json again"};
  }
  settings.bins = static_cast<int>(bins);
  settings.longest_seconds = static_cast<double>(seconds);
  return settings;
}

std::int64_t mel_frames(std::size_t samples) { return (static_cast<std::int64_t>(samples) + kHop - 1) / kHop; }

std::int64_t sound_tokens(std::int64_t frames) {
  const auto halved = (frames - 1) / 2 + 1;
  return frames < 3 ? 0 : (halved - 2) / 2 + 1;
}

pack::MediaInput mel_of(const audio::Clip &clip, const SoundSettings &settings) {
  static const Fourier fourier;
  const auto &samples = clip.samples;
  const auto count = static_cast<std::int64_t>(samples.size());
  const auto frames = mel_frames(samples.size());
  const auto weights = filters(settings.bins);
  const auto sample_at = [&](std::int64_t i) -> double { // mirrored before the beginning, silent behind the end
    i = i < 0 ? -i : i;
    return i < count ? static_cast<double>(samples[static_cast<std::size_t>(i)]) : 0.0;
  };
  pack::MediaInput input;
  input.kind = pack::MediaInput::Kind::kSound;
  input.height = settings.bins;
  input.width = frames;
  input.values.resize(static_cast<std::size_t>(settings.bins) * static_cast<std::size_t>(frames));
  std::array<double, kWindow> frame{};
  std::array<float, kBands> power{};
  float loudest = -10.0F; // of the silence behind the clip
  for (std::int64_t at = 0; at < frames; ++at) {
    for (std::size_t i = 0; i < kWindow; ++i) {
      frame[i] = sample_at(at * kHop - kWindow / 2 + static_cast<std::int64_t>(i)) * fourier.window[i];
    }
    powers(fourier, frame, power);
    for (std::int64_t bin = 0; bin < settings.bins; ++bin) {
      const float *weight = &weights[static_cast<std::size_t>(bin * kBands)];
      float sum = 0;
      for (std::size_t band = 0; band < kBands; ++band) {
        sum += weight[band] * power[band];
      }
      const float value = std::log10(std::max(sum, 1e-10F));
      input.values[static_cast<std::size_t>(bin * frames + at)] = value;
      loudest = std::max(loudest, value);
    }
  }
  for (auto &value : input.values) {
    value = (std::max(value, loudest - 8.0F) + 4.0F) / 4.0F;
  }
  return input;
}

} // namespace yanxing::media
