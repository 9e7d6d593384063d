#include "assistant/mind.h"

#include "assistant/learned.h"
#include "base/json.h"
#include "base/log.h"
#include "base/paths.h"
#include "llm/merge.h"

namespace yanxing::assistant {
namespace {

// The model with that adapter in its weights, made once: an adapter beside them costs a quarter of the time. Empty
// where it cannot be made.
std::filesystem::path with_adapter(const std::filesystem::path &model, const std::filesystem::path &adapter,
                                   int threads) {
  const auto folder = cache_folder() / "merged";
  const auto base = llm::fingerprint_of(model);
  auto merged = folder / (base + "-" + llm::fingerprint_of(adapter) + "-q8.gguf");
  std::error_code error;
  if (std::filesystem::exists(merged, error)) {
    return merged;
  }
  for (const auto &entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().filename().string().starts_with(base + "-")) { // with an adapter of an earlier version
      std::filesystem::remove(entry.path(), error);
    }
  }
  log_info("preparing the model (once; some seconds)");
  if (auto made = llm::merge_adapter(model, adapter, merged, threads); !made) {
    log_warning(made.error().message());
    return {};
  }
  return merged;
}

Result<std::unique_ptr<llm::Decider>> open_tier(const std::string &model, const std::string &tier,
                                                const MindSettings &settings) {
  const auto file = weights_file(model);
  if (!file) {
    return file.error();
  }
  auto weights = *file;
  llm::EngineSettings engine_settings;
  engine_settings.threads = settings.threads;
  if (tier == "large" || settings.adapter.empty()) {
    engine_settings.adapter = adapter_for(model, weights);
    const auto merged = engine_settings.adapter.empty()
                            ? std::filesystem::path()
                            : with_adapter(weights, engine_settings.adapter, settings.threads);
    if (!merged.empty()) {
      weights = merged;
      engine_settings.adapter.clear();
    }
  } else if (settings.adapter != "none") {
    engine_settings.adapter = settings.adapter;
  }
  auto engine = llm::Engine::open(weights, engine_settings);
  if (!engine) {
    return engine.error();
  }
  llm::DeciderSettings decider;
  decider.tier = tier;
  decider.kept_prefixes = cache_folder() / "prefixes";
  decider.keep_functions = settings.one_registry;
  return std::make_unique<llm::Decider>(std::move(*engine), decider);
}

} // namespace

std::optional<text::Calibration> calibration_for(const std::string &model) {
  const auto json = read_json_file(share_folder() / "assets" / "calibration.json");
  if (!json || !json->contains(model)) {
    return std::nullopt;
  }
  const auto &own = (*json)[model];
  return text::Calibration{own.value("slope", 1.0), own.value("offset", 0.0)};
}

struct Mind::Impl {
  MindSettings settings;
  std::unique_ptr<llm::Decider> light;
  std::unique_ptr<llm::Decider> large;
  std::optional<text::Calibration> light_calibration;
  std::optional<text::Calibration> large_calibration;
};

Mind::Mind(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Mind::~Mind() = default;

Result<std::unique_ptr<Mind>> Mind::open(const MindSettings &settings) {
  auto impl = std::make_unique<Impl>();
  impl->settings = settings;
  auto light = open_tier(settings.light, "light", settings);
  if (!light) {
    return light.error();
  }
  impl->light = std::move(*light);
  impl->light_calibration = calibration_for(settings.light);
  impl->large_calibration = calibration_for(settings.large);
  if (!impl->large_calibration && !settings.large_is_named) {
    impl->settings.large.clear();
  }
  return std::unique_ptr<Mind>(new Mind(std::move(impl)));
}

const Rewards &Mind::rewards() const { return impl_->settings.rewards; }

Status Mind::prepare(const text::TurnContext &context, const std::stop_token &stop) {
  return impl_->light->prepare(context, stop);
}

Result<llm::Decided> Mind::decide(const text::TurnContext &context, const std::string &utterance) {
  auto first = impl_->light->decide(context, utterance);
  if (!first) {
    return first;
  }
  first->decision.confidence = impl_->light_calibration.value_or(text::Calibration{})(first->decision.confidence);
  if (impl_->settings.large.empty() || first->decision.confidence >= impl_->settings.rewards.act_above()) {
    return first;
  }
  if (!impl_->large) {
    auto large = open_tier(impl_->settings.large, "large", impl_->settings);
    if (!large) {
      log_warning("the large tier is not available: " + large.error().message());
      impl_->settings.large.clear();
      return first;
    }
    impl_->large = std::move(*large);
  }
  auto second = impl_->large->decide(context, utterance);
  if (!second) {
    return first;
  }
  second->decision.confidence = impl_->large_calibration.value_or(text::Calibration{})(second->decision.confidence);
  const bool are_comparable = impl_->light_calibration && impl_->large_calibration;
  auto &better = are_comparable && first->decision.confidence >= second->decision.confidence ? first : second;
  better->prefill_ms = first->prefill_ms + second->prefill_ms;
  better->decode_ms = first->decode_ms + second->decode_ms;
  return std::move(better);
}

} // namespace yanxing::assistant
