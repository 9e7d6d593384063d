// Several processes that train one model on their own share of each step's rows (data parallel): the gradients are
// added up over all of them before the optimizer's step, so that every process makes the same step. The processes find
// each other as PyTorch's do, by the variables that torchrun, Slurm's srun wrappers and Kubernetes' PyTorchJob set:
// RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT (and TORCHELASTIC_USE_AGENT_STORE, GLOO_SOCKET_IFNAME where they are set).
//
// Collectives are libtorch's: gloo on the CPU. Each call must be made by every process in the same order; where another
// process has ended, it returns an Error. One caller at a time.
#pragma once

#include "base/result.h"
#include "nn/model.h"

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace yanxing::train {

class ProcessGroup {
public:
  // This process alone where WORLD_SIZE is absent or 1; else waits (at most five minutes) until all have come.
  static Result<ProcessGroup> join();
  static ProcessGroup alone();
  ProcessGroup(ProcessGroup &&) noexcept;
  ProcessGroup &operator=(ProcessGroup &&) noexcept;
  ~ProcessGroup();

  [[nodiscard]] int rank() const;
  [[nodiscard]] int size() const;
  // Processes on this machine, for sharing its cores (LOCAL_WORLD_SIZE).
  [[nodiscard]] int processes_here() const;
  [[nodiscard]] bool leads() const { return rank() == 0; } // who writes files and speaks

  // Each gradient becomes its sum over all processes; an absent one counts as zeros.
  Status sum_gradients(const std::vector<nn::Parameter> &parameters);
  Status sum(std::span<double> values);
  // Every process has the parameters of rank 0 afterwards.
  Status share(const std::vector<nn::Parameter> &parameters);

private:
  struct State;
  explicit ProcessGroup(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Which of these rows each process takes, so that all have about as many tokens: the longest first, each to whom has
// least. `tokens[i]` belongs to row i; the result is row i's rank.
std::vector<int> share_rows(const std::vector<std::size_t> &tokens, int processes);

} // namespace yanxing::train
