#include "os/audio_device.h"

#include "os/audio_device_stream.h"

#include <algorithm>
#include <atomic>
#include <fcntl.h>
#include <optional>
#include <portaudio.h>
#include <string>
#include <thread>
#include <unistd.h>

namespace yanxing::os {
namespace {

constexpr int kSpeechRateHz = 16000;

// ALSA and JACK write about every device they fail to find on stderr, past any log level. Held while they search.
class QuietStderr {
public:
  QuietStderr() : kept_(dup(STDERR_FILENO)) {
    if (const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC); nowhere >= 0) {
      dup2(nowhere, STDERR_FILENO);
      close(nowhere);
    }
  }
  ~QuietStderr() {
    if (kept_ >= 0) {
      dup2(kept_, STDERR_FILENO);
      close(kept_);
    }
  }
  QuietStderr(const QuietStderr &) = delete;
  QuietStderr &operator=(const QuietStderr &) = delete;

private:
  int kept_;
};

// PortAudio counts its initialisations; each device holds one.
class Library {
public:
  Library() {
    const QuietStderr quiet;
    state_ = Pa_Initialize();
  }
  ~Library() {
    if (state_ == paNoError) {
      Pa_Terminate();
    }
  }
  Library(const Library &) = delete;
  Library &operator=(const Library &) = delete;
  [[nodiscard]] PaError state() const { return state_; }

private:
  PaError state_ = paNoError;
};

struct StreamCloser {
  void operator()(PaStream *stream) const { Pa_CloseStream(stream); }
};
using Stream = std::unique_ptr<PaStream, StreamCloser>;

struct Format {
  int rate_hz = 0;
  int channels = 0;
};

PaStreamParameters parameters_of(PaDeviceIndex device, int channels, bool input) {
  const auto *info = Pa_GetDeviceInfo(device);
  PaStreamParameters parameters{};
  parameters.device = device;
  parameters.channelCount = channels;
  parameters.sampleFormat = paFloat32;
  parameters.suggestedLatency = input ? info->defaultLowInputLatency : info->defaultLowOutputLatency;
  return parameters;
}

// The first format that the device takes: the wanted rate, else its own; mono, else stereo.
std::optional<Format> format_of(PaDeviceIndex device, int wanted_rate_hz, bool input) {
  const int own_rate_hz = static_cast<int>(Pa_GetDeviceInfo(device)->defaultSampleRate);
  for (const int rate_hz : {wanted_rate_hz, own_rate_hz}) {
    for (const int channels : {1, 2}) {
      const auto parameters = parameters_of(device, channels, input);
      if (Pa_IsFormatSupported(input ? &parameters : nullptr, input ? nullptr : &parameters, rate_hz) ==
          paFormatIsSupported) {
        return Format{rate_hz, channels};
      }
    }
  }
  return std::nullopt;
}

Error failure(const std::string &what, PaError code) {
  return {what + ": " + Pa_GetErrorText(code), "Check that no other program holds the device, then try again"};
}

class PortMicrophone final : public Microphone {
public:
  PortMicrophone(std::unique_ptr<Library> library, PaDeviceIndex device, Format format)
      : library_(std::move(library)), device_(device), format_(format) {}
  ~PortMicrophone() override { stop(); }
  PortMicrophone(const PortMicrophone &) = delete;
  PortMicrophone &operator=(const PortMicrophone &) = delete;

  Status start(SoundSink sink) override {
    stop();
    sink_ = std::move(sink);
    resampler_.emplace(format_.rate_hz, kSpeechRateHz);
    const auto parameters = parameters_of(device_, format_.channels, true);
    PaStream *stream = nullptr;
    const QuietStderr quiet;
    if (const auto code = Pa_OpenStream(&stream, &parameters, nullptr, format_.rate_hz, paFramesPerBufferUnspecified,
                                        paNoFlag, &PortMicrophone::on_sound, this);
        code != paNoError) {
      return failure("the microphone cannot be opened", code);
    }
    stream_.reset(stream);
    if (const auto code = Pa_StartStream(stream); code != paNoError) {
      stream_.reset();
      return failure("the microphone cannot be started", code);
    }
    return {};
  }

  void stop() override {
    if (stream_) {
      Pa_AbortStream(stream_.get()); // returns when the device thread is out of on_sound
      stream_.reset();
    }
  }

private:
  static int on_sound(const void *input, void * /*output*/, unsigned long frames,
                      const PaStreamCallbackTimeInfo * /*time*/, PaStreamCallbackFlags /*flags*/, void *self) {
    static_cast<PortMicrophone *>(self)->hear(static_cast<const float *>(input), frames);
    return paContinue;
  }

  void hear(const float *frames, std::size_t count) {
    if (frames == nullptr) {
      return;
    }
    const auto channels = static_cast<std::size_t>(format_.channels);
    mono_.assign(count, 0.0F);
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t c = 0; c < channels; ++c) {
        mono_[i] += frames[i * channels + c] / static_cast<float>(channels);
      }
    }
    if (format_.rate_hz == kSpeechRateHz) {
      sink_(mono_);
    } else {
      sink_(resampler_->process(mono_));
    }
  }

  std::unique_ptr<Library> library_;
  PaDeviceIndex device_;
  Format format_;
  SoundSink sink_;
  std::optional<StreamResampler> resampler_;
  std::vector<float> mono_;
  Stream stream_; // last: its thread uses the others
};

class PortSpeaker final : public Speaker {
public:
  PortSpeaker(std::unique_ptr<Library> library, PaDeviceIndex device, Format format)
      : library_(std::move(library)), device_(device), format_(format) {}

  Status play(std::span<const float> samples, int sample_rate_hz) override {
    const std::lock_guard lock(control_);
    if (auto running = run(); !running) {
      return running;
    }
    if (sample_rate_hz == format_.rate_hz) {
      queue_.add({samples.begin(), samples.end()});
      return {};
    }
    if (!resampler_ || resampled_from_hz_ != sample_rate_hz) {
      resampler_.emplace(sample_rate_hz, format_.rate_hz);
      resampled_from_hz_ = sample_rate_hz;
    }
    queue_.add(resampler_->process(samples));
    return {};
  }

  void wait() override {
    using std::chrono::milliseconds;
    while (!queue_.wait_empty(milliseconds(50))) {
      if (!active()) {
        return; // the device went away: what is queued will never be heard
      }
    }
    std::this_thread::sleep_for(milliseconds(latency_ms_)); // on its way through the device
  }

  void stop() override {
    const std::lock_guard lock(control_);
    queue_.drop();
    resampler_.reset();
    if (stream_) {
      Pa_AbortStream(stream_.get()); // drops what the device itself holds
    }
  }

private:
  Status run() {
    if (stream_ && Pa_IsStreamActive(stream_.get()) == 1) {
      return {};
    }
    const QuietStderr quiet;
    if (!stream_) {
      const auto parameters = parameters_of(device_, format_.channels, false);
      PaStream *stream = nullptr;
      if (const auto code = Pa_OpenStream(&stream, nullptr, &parameters, format_.rate_hz, paFramesPerBufferUnspecified,
                                          paNoFlag, &PortSpeaker::on_need, this);
          code != paNoError) {
        return failure("the loudspeaker cannot be opened", code);
      }
      stream_.reset(stream);
      latency_ms_ = static_cast<int>(Pa_GetStreamInfo(stream)->outputLatency * 1000);
    } else if (Pa_IsStreamStopped(stream_.get()) == 0) {
      Pa_AbortStream(stream_.get()); // ended by itself; it must be stopped before it can start again
    }
    if (const auto code = Pa_StartStream(stream_.get()); code != paNoError) {
      stream_.reset();
      return failure("the loudspeaker cannot be started", code);
    }
    return {};
  }

  bool active() {
    const std::lock_guard lock(control_);
    return stream_ && Pa_IsStreamActive(stream_.get()) == 1;
  }

  static int on_need(const void * /*input*/, void *output, unsigned long frames,
                     const PaStreamCallbackTimeInfo * /*time*/, PaStreamCallbackFlags /*flags*/, void *self) {
    static_cast<PortSpeaker *>(self)->fill(static_cast<float *>(output), frames);
    return paContinue;
  }

  void fill(float *out, std::size_t frames) {
    const auto channels = static_cast<std::size_t>(format_.channels);
    queue_.take({out, frames});
    for (std::size_t i = frames; channels > 1 && i-- > 0;) { // spread in place, from the back
      std::fill_n(out + i * channels, channels, out[i]);
    }
  }

  std::unique_ptr<Library> library_;
  PaDeviceIndex device_;
  Format format_;
  std::mutex control_; // play and stop may come from two threads
  std::optional<StreamResampler> resampler_;
  int resampled_from_hz_ = 0;
  std::atomic<int> latency_ms_ = 0;
  PlayQueue queue_;
  Stream stream_; // last: its thread uses the others
};

struct Found {
  std::unique_ptr<Library> library;
  PaDeviceIndex device = paNoDevice;
  Format format;
};

Result<Found> find_device(bool input, int wanted_rate_hz) {
  const std::string name = input ? "microphone" : "loudspeaker";
  const std::string hint = input ? "Plug one in, or give a recording with --audio FILE.wav"
                                 : "Plug one in; replies stay on the screen until then";
  Found found;
  found.library = std::make_unique<Library>();
  if (found.library->state() != paNoError) {
    return Error{"the sound system cannot be started: " + std::string(Pa_GetErrorText(found.library->state())), hint};
  }
  found.device = input ? Pa_GetDefaultInputDevice() : Pa_GetDefaultOutputDevice();
  if (found.device == paNoDevice) {
    return Error{"this machine has no " + name, hint};
  }
  const QuietStderr quiet;
  const auto format = format_of(found.device, wanted_rate_hz, input);
  if (!format) {
    return Error{"the " + name + " \"" + Pa_GetDeviceInfo(found.device)->name +
                     "\" cannot be used: another program holds it, or it takes no usual format",
                 hint};
  }
  found.format = *format;
  return found;
}

} // namespace

Result<std::unique_ptr<Microphone>> open_microphone() {
  auto found = find_device(true, kSpeechRateHz);
  if (!found) {
    return found.error();
  }
  return std::unique_ptr<Microphone>(
      std::make_unique<PortMicrophone>(std::move(found->library), found->device, found->format));
}

Result<std::unique_ptr<Speaker>> open_speaker() {
  constexpr int kUsualRateHz = 48000;
  auto found = find_device(false, kUsualRateHz);
  if (!found) {
    return found.error();
  }
  return std::unique_ptr<Speaker>(
      std::make_unique<PortSpeaker>(std::move(found->library), found->device, found->format));
}

} // namespace yanxing::os
