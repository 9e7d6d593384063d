// A row's log-probabilities, summed up by the answer that each belongs to, and slopes of a loss turned into gradients.
#pragma once

#include "pack/sides.h"
#include "train/losses/pair_loss.h"

#include "nn/model.h"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace yanxing::train {

// An answer of a row: the data set's index, and which side of its comparison. In the order of samples.
using AnswerKey = std::pair<std::int64_t, pack::Side>;
using AnswerScores = std::map<AnswerKey, AnswerScore>;

AnswerKey key_of(const pack::PackedRow &row, const pack::Target &target);
// Σ log p and tokens of each answer; `log_p` has one a target of the row. References stay 0.
AnswerScores scores_of(const pack::PackedRow &row, const at::Tensor &log_p);
// Σ slope · log p over the row's targets: its gradient is the loss's.
at::Tensor descent_of(const pack::PackedRow &row, const at::Tensor &log_p, const std::map<AnswerKey, double> &slopes);

// What a reference model gives the answers of rows, computed once and kept in a file, so that a run that goes on
// compares with the very same numbers.
class References {
public:
  // From `file` where it is of these rows, else computed by `model` with `pass` (adapter off: the base model) and
  // written there. `on_row` is told how many are done. Only the first of several processes writes.
  static Result<References> of(const nn::Model &model, const std::vector<pack::PackedRow> &rows, const nn::Pass &pass,
                               const std::filesystem::path &file, bool writes,
                               const std::function<void(std::size_t)> &on_row);
  void put_into(AnswerScores &scores, std::size_t row) const;

private:
  std::vector<std::vector<double>> sums_; // of each row's answers in their order
};

} // namespace yanxing::train
