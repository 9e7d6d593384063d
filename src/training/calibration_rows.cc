#include "training/calibration_rows.h"

#include "base/log.h"
#include "convert/gguf_model.h"
#include "llm/vocabulary.h"
#include "sample/prepare.h"
#include "verb/parts.h"

#include <algorithm>

namespace yanxing::training {
namespace {

Result<std::unique_ptr<llm::Vocabulary>> open_vocabulary(const nn::Checkpoint &base,
                                                         const std::filesystem::path &scratch) {
  if (base.is_gguf()) {
    return llm::Vocabulary::open(base.path());
  }
  if (auto written = convert::write_gguf_vocabulary(scratch, base); !written) {
    return written.error();
  }
  auto vocabulary = llm::Vocabulary::open(scratch);
  std::error_code ignored;
  std::filesystem::remove(scratch, ignored);
  return vocabulary;
}

} // namespace

Result<std::vector<nn::PackedRow>> calibration_rows(const CalibrationOptions &options, const nn::Checkpoint &base,
                                                    const std::filesystem::path &scratch) {
  const auto vocabulary = open_vocabulary(base, scratch);
  if (!vocabulary) {
    return vocabulary.error();
  }
  const auto registry = verb::open_registry(options.actions);
  if (!registry) {
    return registry.error();
  }
  const auto repairer = verb::open_repairer();
  if (!repairer) {
    return repairer.error();
  }
  const auto &words = **vocabulary;
  sample::Encoder encoder(
      {[&](std::string_view text, bool special) { return words.tokenize(text, special); }, words.end_of_turn()},
      repairer->get(), &*registry);
  sample::PrepareSettings settings;
  settings.packing.max_length = options.max_length;
  settings.packing.share_prefixes = true; // what samples begin with counts once
  const auto each = std::max<std::int64_t>(1, options.samples / static_cast<std::int64_t>(options.datasets.size()));
  auto datasets = options.datasets;
  for (auto &name : datasets) {
    name += name.find('#') == std::string::npos ? "#" + std::to_string(each) : "";
  }
  auto prepared =
      sample::prepare(datasets, encoder, settings, [](const Error &error) { log_warning(error.message()); });
  if (!prepared) {
    return prepared.error();
  }
  if (prepared->rows.empty()) {
    return Error{"no sample fits into " + std::to_string(options.max_length) + " tokens", "Give a larger --max_length"};
  }
  std::size_t tokens = 0;
  for (const auto &row : prepared->rows) {
    tokens += row.tokens.size();
  }
  log_info("calibrating on " + std::to_string(prepared->samples) + " samples, " + std::to_string(tokens) + " tokens");
  return std::move(prepared->rows);
}

} // namespace yanxing::training
