// From the names of data sets to the rows that a trainer computes. Samples are read, encoded and packed window by
// window, so that memory holds one window of samples and the rows, which are small where beginnings are shared.
#pragma once

#include "pack/packer.h"
#include "sample/encode.h"

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace yanxing::sample {

// What becomes of a sample's answers.
enum class Answers {
  kLearned,  // the right ones are said
  kPairs,    // a better one against a worse one: DPO and its relatives
  kLabelled, // good ones and bad ones by themselves, each beside an answer to something else: KTO
};

struct PrepareSettings {
  Answers answers = Answers::kLearned; // pairs and labelled ones: samples of the rows are pack::sample_of()
  pack::PackSettings packing;
  std::size_t window = 4096; // samples that are packed together
  double validation = 0;     // share that is held back; whole blocks of 64 samples, so that groups stay together
  bool strict = false;       // a bad row ends the work; else it is told and left out
};

struct Prepared {
  std::vector<pack::PackedRow> rows;
  std::vector<pack::PackedRow> validation;
  std::size_t samples = 0;   // a pair is one
  std::size_t sequences = 0; // a compound sentence makes several
  std::size_t bad_rows = 0;
  std::size_t too_long = 0;
  std::int64_t tokens = 0; // before packing
};

// `on_bad` hears of each row that is left out; `on_progress` of the samples read so far, once a window.
Result<Prepared> prepare(const std::vector<std::string> &datasets, Encoder &encoder, const PrepareSettings &settings,
                         const std::function<void(const Error &)> &on_bad = {},
                         const std::function<void(std::size_t)> &on_progress = {});

} // namespace yanxing::sample
