#include "llm/packed_weights.h"

#include "llm/packed_matmul.h"

#include <ggml-backend-impl.h>
#include <ggml-backend.h>
#include <ggml-cpu-impl.h>
#include <ggml-cpu.h>
#include <traits.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <sys/mman.h>
#include <thread>
#include <vector>

namespace yanxing::llm {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kStripBytes = 16U << 10; // of activations that stay in the first cache while the rows go by

std::optional<PackedFormat> format_of(ggml_type type) {
  switch (type) {
  case GGML_TYPE_Q5_0:
    return PackedFormat::kQ50;
  case GGML_TYPE_Q8_0:
    return PackedFormat::kQ80;
  case GGML_TYPE_Q4_K:
    return PackedFormat::kQ4K;
  case GGML_TYPE_Q6_K:
    return PackedFormat::kQ6K;
  default:
    return std::nullopt;
  }
}

bool can_pack(const ggml_tensor &weights) {
  const auto format = format_of(weights.type);
  return format && ggml_n_dims(&weights) == 2 && weights.ne[1] % kRowsOfBlock == 0 &&
         weights.ne[0] % columns_of_block(*format) == 0;
}

// Where the activations of one product lie in the work buffer that the threads share.
struct Activations {
  PackedFormat format;
  std::byte *begin;
  std::size_t stride; // bytes of one token
  int columns;
  int groups; // of one token
  std::int64_t tokens;

  Activations(const ggml_tensor &product, void *work)
      : format(*format_of(product.src[0]->type)), begin(static_cast<std::byte *>(work)),
        columns(static_cast<int>(product.src[0]->ne[0])), groups(columns / kActivationGroup),
        tokens(ggml_nrows(product.src[1])) {
    stride = (bytes_of_activations(format, columns) + kAlignment - 1) / kAlignment * kAlignment;
  }

  [[nodiscard]] std::byte *token(std::int64_t index) const { return begin + static_cast<std::size_t>(index) * stride; }
};

// Row `index` of a tensor whose rows may lie apart, counted over all its other dimensions.
char *row_of(const ggml_tensor &tensor, std::int64_t index) {
  const std::int64_t i1 = index % tensor.ne[1];
  const std::int64_t i2 = index / tensor.ne[1] % tensor.ne[2];
  const std::int64_t i3 = index / tensor.ne[1] / tensor.ne[2];
  return static_cast<char *>(tensor.data) + static_cast<std::size_t>(i1) * tensor.nb[1] +
         static_cast<std::size_t>(i2) * tensor.nb[2] + static_cast<std::size_t>(i3) * tensor.nb[3];
}

// This thread's share of the groups of all tokens.
void quantise_share(const ggml_compute_params &params, const ggml_tensor &numbers, const Activations &activations) {
  const std::int64_t all = activations.tokens * activations.groups;
  const std::int64_t end = all * (params.ith + 1) / params.nth;
  for (std::int64_t at = all * params.ith / params.nth; at < end;) {
    const std::int64_t token = at / activations.groups;
    const int first = static_cast<int>(at % activations.groups);
    const int last = static_cast<int>(std::min<std::int64_t>(activations.groups, first + end - at));
    const auto *row = reinterpret_cast<const float *>(row_of(numbers, token));
    quantise_activations(activations.format, {row, static_cast<std::size_t>(activations.columns)}, first, last,
                         activations.token(token));
    at += last - first;
  }
}

// The blocks [first, last) of eight rows with all tokens, strip by strip.
void multiply_blocks(const ggml_tensor &product, const Activations &activations, std::int64_t first,
                     std::int64_t last) {
  const ggml_tensor &weights = *product.src[0];
  const auto *packed = static_cast<const std::byte *>(weights.data);
  const std::size_t bytes = bytes_of_eight_rows(activations.format, activations.columns);
  const auto fitting = static_cast<std::int64_t>(kStripBytes / activations.stride);
  const std::int64_t strip = std::max<std::int64_t>(2, fitting / kTileTokens) * kTileTokens;
  for (std::int64_t begin = 0; begin < activations.tokens; begin += strip) {
    const std::int64_t end = std::min(activations.tokens, begin + strip);
    for (std::int64_t block = first; block < last; ++block) {
      const std::byte *rows = packed + static_cast<std::size_t>(block) * bytes;
      for (std::int64_t token = begin; token < end; token += kTileTokens) {
        const auto count = static_cast<std::size_t>(std::min<std::int64_t>(kTileTokens, end - token));
        std::array<const std::byte *, kTileTokens> tile{};
        std::array<float *, kTileTokens> out{};
        for (std::size_t t = 0; t < count; ++t) {
          const std::int64_t index = token + static_cast<std::int64_t>(t);
          tile[t] = activations.token(index);
          out[t] = reinterpret_cast<float *>(row_of(product, index)) + block * kRowsOfBlock;
        }
        multiply_packed(activations.format, rows, activations.columns, {tile.data(), count}, {out.data(), count});
      }
    }
  }
}

class PackedProduct : public ggml::cpu::tensor_traits {
public:
  bool work_size(int /*threads*/, const ggml_tensor *op, std::size_t &size) override {
    const Activations activations(*op, nullptr);
    size = activations.stride * static_cast<std::size_t>(activations.tokens);
    return true;
  }

  // Run by every thread: each quantises a share of the activations, then they take blocks of rows as they get done.
  bool compute_forward(ggml_compute_params *params, ggml_tensor *op) override {
    const Activations activations(*op, params->wdata);
    quantise_share(*params, *op->src[1], activations);
    if (params->ith == 0) {
      ggml_threadpool_chunk_set(params->threadpool, params->nth);
    }
    ggml_barrier(params->threadpool);
    constexpr int kChunksOfThread = 4; // some threads may be slower than others
    const std::int64_t blocks = op->src[0]->ne[1] / kRowsOfBlock;
    const int chunks = params->nth == 1 ? 1 : params->nth * kChunksOfThread;
    for (int chunk = params->ith; chunk < chunks; chunk = ggml_threadpool_chunk_add(params->threadpool, 1)) {
      multiply_blocks(*op, activations, blocks * chunk / chunks, blocks * (chunk + 1) / chunks);
    }
    return true;
  }
};

ggml_backend_buffer_type_t packed_buffer_type();

class PackedBufferType : public ggml::cpu::extra_buffer_type {
public:
  bool supports_op(ggml_backend_dev_t /*device*/, const ggml_tensor *op) override {
    return op->op == GGML_OP_MUL_MAT && is_packed(op->src[0]) && can_pack(*op->src[0]) &&
           op->src[1]->type == GGML_TYPE_F32 && op->src[1]->nb[0] == sizeof(float) &&
           (op->src[1]->buffer == nullptr || ggml_backend_buft_is_host(op->src[1]->buffer->buft));
  }

  ggml::cpu::tensor_traits *get_tensor_traits(const ggml_tensor *op) override {
    return op->op == GGML_OP_MUL_MAT && is_packed(op->src[0]) ? &product_ : nullptr;
  }

private:
  static bool is_packed(const ggml_tensor *weights) {
    return weights->buffer != nullptr && weights->buffer->buft == packed_buffer_type();
  }

  PackedProduct product_;
};

ggml_status init_tensor(ggml_backend_buffer_t /*buffer*/, ggml_tensor * /*weights*/) { return GGML_STATUS_SUCCESS; }

void set_tensor(ggml_backend_buffer_t /*buffer*/, ggml_tensor *weights, const void *data, std::size_t /*offset*/,
                std::size_t /*size*/) {
  const auto format = *format_of(weights->type);
  const auto *from = static_cast<const std::byte *>(data);
  auto *to = static_cast<std::byte *>(weights->data);
  const auto columns = static_cast<int>(weights->ne[0]);
  const std::int64_t blocks = weights->ne[1] / kRowsOfBlock;
  const std::size_t bytes = weights->nb[1] * kRowsOfBlock;
  const std::size_t packed = bytes_of_eight_rows(format, columns);
  const auto pack = [=](std::int64_t first, std::int64_t last) {
    for (std::int64_t block = first; block < last; ++block) {
      const auto index = static_cast<std::size_t>(block);
      pack_rows(format, from + index * bytes, columns, to + index * packed);
    }
  };
  std::jthread other([&] { pack(0, blocks / 2); });
  pack(blocks / 2, blocks);
}

// Weights are read from end to end for every token: fewer pages, fewer misses of the address cache. Only a wish.
void prefer_large_pages(void *begin, std::size_t size) {
  constexpr std::size_t kLargePage = 2U << 20;
  if (std::align(kLargePage, kLargePage, begin, size) != nullptr) {
    ::madvise(begin, size, MADV_HUGEPAGE);
  }
}

const char *name_of(ggml_backend_buffer_type_t /*type*/) { return "CPU_YANXING"; }

ggml_backend_buffer_t allocate(ggml_backend_buffer_type_t type, std::size_t size) {
  ggml_backend_buffer_t buffer = ggml_backend_buft_alloc_buffer(ggml_backend_cpu_buffer_type(), size);
  if (buffer != nullptr) {
    prefer_large_pages(ggml_backend_buffer_get_base(buffer), size);
    buffer->buft = type;
    buffer->iface.init_tensor = init_tensor;
    buffer->iface.set_tensor = set_tensor;
    buffer->iface.get_tensor = nullptr; // nobody reads weights back
    buffer->iface.cpy_tensor = nullptr;
  }
  return buffer;
}

std::size_t bytes_of(ggml_backend_buffer_type_t /*type*/, const ggml_tensor *weights) {
  if (!can_pack(*weights)) {
    return ggml_nbytes(weights);
  }
  return bytes_of_eight_rows(*format_of(weights->type), static_cast<int>(weights->ne[0])) *
         static_cast<std::size_t>(weights->ne[1] / kRowsOfBlock);
}

std::size_t alignment(ggml_backend_buffer_type_t /*type*/) { return kAlignment; }

ggml_backend_buffer_type_t packed_buffer_type() {
  static PackedBufferType context;
  static ggml_backend_buffer_type type{{name_of, allocate, alignment, nullptr, bytes_of, nullptr},
                                       ggml_backend_reg_dev_get(ggml_backend_cpu_reg(), 0),
                                       &context};
  return &type;
}

} // namespace

void offer_packed_weights() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (can_multiply_packed()) {
      auto &types = ggml_backend_cpu_get_extra_buffer_types();
      types.insert(types.begin(), packed_buffer_type());
    }
  });
}

} // namespace yanxing::llm
