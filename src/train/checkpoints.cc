#include "train/checkpoints.h"

#include "base/files.h"
#include "base/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

namespace yanxing::train {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kPrefix = "checkpoint-";
constexpr const char *kState = "trainer_state.json";
constexpr const char *kOptimizer = "optimizer.safetensors";

struct Found {
  std::int64_t step = 0;
  fs::path folder;
};

// In order of steps.
std::vector<Found> checkpoints_in(const fs::path &output) {
  std::vector<Found> found;
  std::error_code error;
  for (const auto &entry : fs::directory_iterator(output, error)) {
    const auto name = entry.path().filename().string();
    std::int64_t step = 0;
    const auto *digits = name.data() + std::min(kPrefix.size(), name.size());
    const auto parsed = std::from_chars(digits, name.data() + name.size(), step);
    if (name.starts_with(kPrefix) && parsed.ec == std::errc() && parsed.ptr == name.data() + name.size()) {
      found.push_back({step, entry.path()});
    }
  }
  std::sort(found.begin(), found.end(), [](const Found &a, const Found &b) { return a.step < b.step; });
  return found;
}

Error unwritable(const fs::path &folder, const std::string &why) {
  return {"cannot save the checkpoint " + folder.string() + ": " + why,
          "Free some disk space or choose another --output_dir, then go on with --resume_from_checkpoint"};
}

// Better said at once than after minutes of writing.
Status check_space(const fs::path &folder, const nn::Model &model, const nn::Optimizer &optimizer) {
  auto needed = static_cast<std::uintmax_t>(optimizer.state_bytes());
  for (const auto &parameter : model.parameters()) {
    needed += parameter.tensor.nbytes();
  }
  needed += model.has_adapter() ? 0 : model.frozen_bytes();
  std::error_code error;
  const auto space = fs::space(folder, error);
  if (error || space.available >= needed) {
    return {};
  }
  constexpr double kMega = 1e6;
  return Error{"it takes about " + std::to_string(std::llround(static_cast<double>(needed) / kMega)) + " MB, and " +
                   std::to_string(std::llround(static_cast<double>(space.available) / kMega)) + " MB are free",
               ""};
}

} // namespace

Result<fs::path> Checkpoints::save(std::int64_t step, std::int64_t steps, const nn::Model &model,
                                   const std::string &base_model_name, const nn::Optimizer &optimizer,
                                   const LossScale &scale) const {
  const auto folder = output_ / (std::string(kPrefix) + std::to_string(step));
  const auto unfinished = output_ / ("unfinished-" + folder.filename().string());
  std::error_code error;
  fs::remove_all(unfinished, error);
  fs::create_directories(unfinished, error);
  if (error) {
    return unwritable(folder, error.message());
  }
  if (auto fits = check_space(unfinished, model, optimizer); !fits) {
    return unwritable(folder, fits.error().what);
  }
  if (auto saved =
          model.has_adapter() ? model.save_adapter(unfinished, base_model_name) : model.save_weights(unfinished);
      !saved) {
    return unwritable(folder, saved.error().what);
  }
  if (auto saved = optimizer.save(unfinished / kOptimizer); !saved) {
    return unwritable(folder, saved.error().what);
  }
  const Json state{{"global_step", step}, {"max_steps", steps}, {"loss_scale", scale.state()}};
  if (auto saved = write_file(unfinished / kState, state.dump(2) + "\n"); !saved) {
    return unwritable(folder, saved.error().what);
  }
  fs::remove_all(folder, error);
  fs::rename(unfinished, folder, error);
  if (error) {
    return unwritable(folder, error.message());
  }
  drop_old();
  return folder;
}

void Checkpoints::drop_old() const {
  const auto found = checkpoints_in(output_);
  std::error_code error;
  for (std::size_t i = 0; keep_ > 0 && i + keep_ < found.size(); ++i) {
    fs::remove_all(found[i].folder, error);
  }
}

Result<std::int64_t> Checkpoints::resume(const fs::path &checkpoint, std::int64_t steps, nn::Optimizer &optimizer,
                                         LossScale &scale) {
  const auto state = read_json_file(checkpoint / kState);
  if (!state) {
    return state.error();
  }
  const auto field = [&](const char *name) {
    return state->is_object() && state->contains(name) && (*state)[name].is_number_integer()
               ? (*state)[name].get<std::int64_t>()
               : -1;
  };
  const auto done = field("global_step");
  if (done < 0 || field("max_steps") != steps) {
    return Error{checkpoint.string() + " is of a run with " + std::to_string(field("max_steps")) +
                     " steps; this one has " + std::to_string(steps),
                 "Resume with the same data sets and settings, or start afresh from it with --adapters"};
  }
  if (auto loaded = optimizer.load(checkpoint / kOptimizer); !loaded) {
    return loaded.error();
  }
  if (auto restored = scale.restore(state->contains("loss_scale") ? (*state)["loss_scale"] : Json()); !restored) {
    return Error{checkpoint.string() + ": " + restored.error().what, restored.error().hint};
  }
  return done;
}

fs::path Checkpoints::latest(const fs::path &output) {
  const auto found = checkpoints_in(output);
  return found.empty() ? fs::path() : found.back().folder;
}

} // namespace yanxing::train
