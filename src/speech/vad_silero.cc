#include "onnx/session.h"
#include "speech/endpoint.h"

#include <algorithm>

namespace yanxing::speech {
namespace {

// Silero VAD v5/v6: each call sees 64 samples of what came before and carries a recurrent state.
constexpr std::size_t kContext = 64;
constexpr std::size_t kState = 2 * 1 * 128;

class Silero final : public VoiceActivity {
public:
  explicit Silero(std::unique_ptr<onnx::Session> session) : session_(std::move(session)) { reset(); }

  float probability(std::span<const float, kWindow> window) override {
    std::vector<float> input = context_;
    input.insert(input.end(), window.begin(), window.end());
    context_.assign(window.end() - kContext, window.end());
    auto out = session_->run({{"input", {{1, static_cast<std::int64_t>(input.size())}, std::move(input)}},
                              {"state", {{2, 1, 128}, state_}},
                              {"sr", {{}, std::vector<std::int64_t>{audio::kSpeechRateHz}}}});
    if (!out) {
      throw std::runtime_error(out.error().message()); // the model was checked when it was opened
    }
    state_ = (*out)[1].floats();
    return (*out)[0].floats().front();
  }

  void reset() override {
    context_.assign(kContext, 0.0F);
    state_.assign(kState, 0.0F);
  }

private:
  std::unique_ptr<onnx::Session> session_;
  std::vector<float> context_;
  std::vector<float> state_;
};

} // namespace

Result<std::unique_ptr<VoiceActivity>> VoiceActivity::open(const std::string &onnx_model) {
  auto session = onnx::Session::open(onnx_model, 1);
  if (!session) {
    return session.error();
  }
  if ((*session)->input_names() != std::vector<std::string>{"input", "state", "sr"}) {
    return Error{onnx_model + " is not a Silero VAD model", "Run 'yanxing pull silero-vad'"};
  }
  return std::unique_ptr<VoiceActivity>(std::make_unique<Silero>(std::move(*session)));
}

} // namespace yanxing::speech
