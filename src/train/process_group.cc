#include "train/process_group.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#define USE_C10D_GLOO // the library is built with it; Debian's libgloo-dev has the declarations
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <functional>
#include <numeric>
#include <optional>
#include <string>

namespace yanxing::train {
namespace {

constexpr std::chrono::minutes kPatience{5};
// Collectives of many small tensors are slow, and one of all gradients would hold them twice.
constexpr std::int64_t kBucketElements = 8 << 20;

std::string variable(const char *name) {
  const char *value = std::getenv(name); // NOLINT(concurrency-mt-unsafe): nothing here sets any
  return value == nullptr ? "" : value;
}

std::optional<int> number(const std::string &text) {
  int value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

// What PyTorch's own launcher expects of those whom it starts (torch/distributed/rendezvous.py, env://).
c10::intrusive_ptr<c10d::Store> open_store(int rank, int size, const std::string &host, int port) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<std::uint16_t>(port);
  options.timeout = kPatience;
  options.numWorkers = static_cast<std::size_t>(size);
  const bool agent = variable("TORCHELASTIC_USE_AGENT_STORE") == "True"; // then torchrun itself is the server
  options.isServer = rank == 0 && !agent;
  options.waitWorkers = false;
  auto store = c10::make_intrusive<c10d::TCPStore>(host, options);
  const auto attempt = variable("TORCHELASTIC_RESTART_COUNT");
  return c10::make_intrusive<c10d::PrefixStore>("/worker/attempt_" + (attempt.empty() ? "0" : attempt), store);
}

c10::intrusive_ptr<c10d::ProcessGroupGloo> open_group(int rank, int size, const std::string &host, int port) {
  auto options = c10d::ProcessGroupGloo::Options::create(kPatience);
  const auto interface = variable("GLOO_SOCKET_IFNAME");
  const bool here = host == "localhost" || host == "127.0.0.1";
  options->devices.push_back(!interface.empty() ? c10d::ProcessGroupGloo::createDeviceForInterface(interface)
                             : here             ? c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1")
                                                : c10d::ProcessGroupGloo::createDefaultDevice());
  return c10::make_intrusive<c10d::ProcessGroupGloo>(open_store(rank, size, host, port), rank, size, options);
}

// The one place where the library's exceptions become errors.
Status translated(const std::function<void()> &collective) {
  try {
    collective();
    return {};
  } catch (const std::exception &failed) {
    const std::string what = failed.what();
    return Error{"the other processes of this run do not answer: " + what.substr(0, what.find('\n')),
                 "Look at what they said; then start all of them again with --resume_from_checkpoint last"};
  }
}

// Calls `collective` with flat copies of the tensors, bucket by bucket, and copies the result back.
void in_buckets(const std::vector<at::Tensor> &tensors, const std::function<void(at::Tensor &)> &collective) {
  for (std::size_t first = 0; first < tensors.size();) {
    std::int64_t elements = 0;
    std::size_t last = first;
    while (last < tensors.size() && (last == first || elements + tensors[last].numel() <= kBucketElements)) {
      elements += tensors[last++].numel();
    }
    auto bucket = at::empty({elements}, tensors[first].options());
    std::int64_t at = 0;
    for (auto i = first; i < last; ++i) {
      bucket.slice(0, at, at + tensors[i].numel()).copy_(tensors[i].reshape({-1}));
      at += tensors[i].numel();
    }
    collective(bucket);
    at = 0;
    for (auto i = first; i < last; ++i) {
      tensors[i].copy_(bucket.slice(0, at, at + tensors[i].numel()).view(tensors[i].sizes()));
      at += tensors[i].numel();
    }
    first = last;
  }
}

} // namespace

struct ProcessGroup::State {
  int rank = 0;
  int size = 1;
  int processes_here = 1;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> group; // null where the process is alone

  void add_up(at::Tensor &tensor) const {
    std::vector<at::Tensor> tensors{tensor};
    group->allreduce(tensors, c10d::AllreduceOptions())->wait();
  }
};

ProcessGroup::ProcessGroup(std::unique_ptr<State> state) : state_(std::move(state)) {}
ProcessGroup::ProcessGroup(ProcessGroup &&) noexcept = default;
ProcessGroup &ProcessGroup::operator=(ProcessGroup &&) noexcept = default;
ProcessGroup::~ProcessGroup() = default;

int ProcessGroup::rank() const { return state_->rank; }
int ProcessGroup::size() const { return state_->size; }
int ProcessGroup::processes_here() const { return state_->processes_here; }

ProcessGroup ProcessGroup::alone() { return ProcessGroup(std::make_unique<State>()); }

Result<ProcessGroup> ProcessGroup::join() {
  const auto world = variable("WORLD_SIZE");
  if (world.empty() || world == "1") {
    return alone();
  }
  const auto size = number(world);
  const auto rank = number(variable("RANK"));
  const auto port = number(variable("MASTER_PORT"));
  const auto host = variable("MASTER_ADDR");
  constexpr int kMostPort = 65535;
  if (!size || *size < 1 || !rank || *rank < 0 || *rank >= *size || !port || *port < 1 || *port > kMostPort ||
      host.empty()) {
    return Error{"WORLD_SIZE is set, but RANK, MASTER_ADDR and MASTER_PORT do not tell where the others are",
                 "Start the processes with torchrun, or set all four (RANK from 0 to WORLD_SIZE - 1)"};
  }
  auto state = std::make_unique<State>();
  state->rank = *rank;
  state->size = *size;
  state->processes_here = std::max(1, number(variable("LOCAL_WORLD_SIZE")).value_or(1));
  if (auto joined = translated([&] { state->group = open_group(*rank, *size, host, *port); }); !joined) {
    return joined.error();
  }
  return ProcessGroup(std::move(state));
}

Status ProcessGroup::sum_gradients(const std::vector<nn::Parameter> &parameters) {
  if (!state_->group) {
    return {};
  }
  return translated([&] {
    const at::NoGradGuard no_gradients;
    std::vector<at::Tensor> gradients;
    for (const auto &parameter : parameters) {
      if (!parameter.tensor.grad().defined()) {
        parameter.tensor.mutable_grad() = at::zeros_like(parameter.tensor);
      }
      gradients.push_back(parameter.tensor.grad());
    }
    in_buckets(gradients, [&](at::Tensor &bucket) { state_->add_up(bucket); });
  });
}

Status ProcessGroup::sum(std::span<double> values) {
  if (!state_->group) {
    return {};
  }
  return translated([&] {
    auto tensor = at::from_blob(values.data(), {static_cast<std::int64_t>(values.size())}, at::kDouble);
    state_->add_up(tensor);
  });
}

Status ProcessGroup::share(const std::vector<nn::Parameter> &parameters) {
  if (!state_->group) {
    return {};
  }
  return translated([&] {
    const at::NoGradGuard no_gradients;
    std::vector<at::Tensor> tensors;
    for (const auto &parameter : parameters) {
      tensors.push_back(parameter.tensor);
    }
    in_buckets(tensors, [&](at::Tensor &bucket) {
      std::vector<at::Tensor> all{bucket};
      state_->group->broadcast(all, c10d::BroadcastOptions())->wait();
    });
  });
}

std::vector<int> share_rows(const std::vector<std::size_t> &tokens, int processes) {
  std::vector<std::size_t> order(tokens.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return tokens[a] > tokens[b]; });
  std::vector<std::size_t> load(static_cast<std::size_t>(processes), 0);
  std::vector<int> ranks(tokens.size(), 0);
  for (const auto row : order) {
    const auto least = std::min_element(load.begin(), load.end());
    *least += tokens[row];
    ranks[row] = static_cast<int>(least - load.begin());
  }
  return ranks;
}

} // namespace yanxing::train
