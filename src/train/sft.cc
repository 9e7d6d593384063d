#include "train/sft.h"

#include "train/row_loop.h"

namespace yanxing::train {
namespace {

double weight_of(const pack::PackedRow &row) {
  double sum = 0;
  for (const auto &target : row.targets) {
    sum += static_cast<double>(target.weight);
  }
  return sum;
}

RowObjective objective_of(const nn::Model &model) {
  RowObjective objective;
  objective.weight = weight_of;
  objective.loss = [&model](const pack::PackedRow &row, std::size_t, bool, const nn::Pass &pass) {
    auto loss = model.loss(row, pass);
    const double value = loss.item().toDouble();
    return RowLoss{std::move(loss), value, {}};
  };
  return objective;
}

} // namespace

Result<double> mean_loss(const nn::Model &model, const std::vector<pack::PackedRow> &rows, ProcessGroup &processes) {
  const auto measured = measure_rows(rows, objective_of(model), processes);
  return measured ? Result<double>(measured->loss) : Result<double>(measured.error());
}

Result<RunResult> sft(nn::Model &model, const std::vector<pack::PackedRow> &rows,
                      const std::vector<pack::PackedRow> &validation, const RunSettings &settings,
                      const OnStep &on_step) {
  return run_over_rows(model, rows, validation, objective_of(model), settings, on_step);
}

} // namespace yanxing::train
