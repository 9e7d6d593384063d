#include "nn/adapter_gguf.h"

#include "nn/fields.h"
#include "nn/gguf.h"

#include <ATen/ops/empty.h>

#include <ggml.h>
#include <gguf.h>

#include <cmath>
#include <memory>

namespace yanxing::nn {
namespace fs = std::filesystem;
namespace {

struct GgmlDeleter {
  void operator()(ggml_context *context) const { ggml_free(context); }
};
struct GgufDeleter {
  void operator()(gguf_context *context) const { gguf_free(context); }
};

// Rows of q and k as llama.cpp's converter orders them: within each head the two halves that rotate together alternate.
at::Tensor interleaved_rows(const at::Tensor &rows, std::int64_t head_dim) {
  const auto columns = rows.size(1);
  return rows.reshape({-1, 2, head_dim / 2, columns}).transpose(1, 2).reshape({-1, columns}).contiguous();
}

at::Tensor halved_rows(const at::Tensor &rows, std::int64_t head_dim) {
  const auto columns = rows.size(1);
  return rows.reshape({-1, head_dim / 2, 2, columns}).transpose(1, 2).reshape({-1, columns}).contiguous();
}

Result<at::Tensor> matrix_of(const StoredTensor &stored) {
  if (stored.shape.size() != 2 || !stored.format.readable()) {
    return Error{"tensor " + stored.name + " is no matrix that can be read", ""};
  }
  auto matrix = at::empty(stored.shape, at::kFloat);
  to_floats(stored, 0, {matrix.mutable_data_ptr<float>(), static_cast<std::size_t>(matrix.numel())});
  return matrix;
}

class Writer {
public:
  explicit Writer(std::size_t tensors)
      : tensors_(ggml_init({tensors * ggml_tensor_overhead(), nullptr, true})), file_(gguf_init_empty()) {}

  gguf_context *file() { return file_.get(); }

  void add(const std::string &name, const at::Tensor &matrix) {
    kept_.push_back(matrix.detach().to(at::kHalf).contiguous());
    auto *tensor = ggml_new_tensor_2d(tensors_.get(), GGML_TYPE_F16, matrix.size(1), matrix.size(0));
    ggml_set_name(tensor, name.c_str());
    gguf_add_tensor(file_.get(), tensor);
    gguf_set_tensor_data(file_.get(), name.c_str(), kept_.back().const_data_ptr());
  }

private:
  std::unique_ptr<ggml_context, GgmlDeleter> tensors_;
  std::unique_ptr<gguf_context, GgufDeleter> file_;
  std::vector<at::Tensor> kept_; // until the file is written
};

} // namespace

Status write_adapter_gguf(const fs::path &file, const Adapter &adapter, const Checkpoint &base) {
  if (!base.is_gguf()) {
    return Error{base.path().string() + " is no GGUF file",
                 "An adapter for llama.cpp needs the GGUF that it goes with"};
  }
  if (adapter.config.dora) {
    return Error{"llama.cpp has no DoRA adapters", "Merge the adapter instead: yanxing export --merge_lora true"};
  }
  Writer writer(2 * adapter.modules.size());
  auto *out = writer.file();
  const auto architecture = string_or_empty(base.description(), "general.architecture");
  // Its scale is alpha / rank; rsLoRA's is alpha / √rank.
  const float rank = static_cast<float>(adapter.config.rank);
  const float alpha = adapter.config.rslora ? adapter.config.alpha * std::sqrt(rank) : adapter.config.alpha;
  gguf_set_val_str(out, "general.type", "adapter");
  gguf_set_val_str(out, "general.architecture", architecture.c_str());
  gguf_set_val_str(out, "general.name", adapter.base_model_name.c_str());
  gguf_set_val_str(out, "adapter.type", "lora");
  gguf_set_val_f32(out, "adapter.lora.alpha", alpha);
  for (const auto &[layer, module] : adapter.modules) {
    const auto weight = layer + ".weight";
    if (!base.find(weight)) {
      return Error{"the adapter's layer " + layer + " is not in " + base.path().string(),
                   "Give the model that it was trained on"};
    }
    if (module.alpha != adapter.config.alpha) {
      return Error{"the adapter's layer " + layer + " has an alpha of its own, which llama.cpp does not know",
                   "Merge the adapter instead: yanxing export --merge_lora true"};
    }
    const auto name = base.stored_name(weight);
    writer.add(name + ".lora_a", module.a);
    writer.add(name + ".lora_b",
               base.interleaved(weight) ? interleaved_rows(module.b, base.config().head_dim) : module.b);
  }
  const auto unfinished = fs::path(file).concat(".unfinished");
  std::error_code error;
  if (!gguf_write_to_file(out, unfinished.c_str(), false)) {
    fs::remove(unfinished, error);
    return Error{"cannot write " + file.string(), "Free some disk space or choose another folder"};
  }
  fs::rename(unfinished, file, error);
  return error ? Status(Error{"cannot write " + file.string() + ": " + error.message(), ""}) : Status();
}

Result<Adapter> read_adapter_gguf(const fs::path &file, const std::vector<std::string> &layers,
                                  const Checkpoint &base) {
  const auto opened = open_gguf(file);
  if (!opened) {
    return opened.error();
  }
  Fields fields(opened->metadata, "", file.string());
  if (fields.text_or("general.type", "") != "adapter" || fields.text_or("adapter.type", "") != "lora") {
    return Error{file.string() + " is no adapter", "Give the adapter.gguf that 'yanxing sft' writes"};
  }
  Adapter adapter;
  adapter.base_model_name = fields.text_or("general.name", "");
  adapter.config.alpha = fields.number("adapter.lora.alpha");
  adapter.config.dropout = 0.05F; // the file does not say; PEFT's training as ms-swift sets it
  if (fields.error()) {
    return *fields.error();
  }
  std::map<std::string, const StoredTensor *> stored;
  for (const auto &tensor : opened->tensors) {
    stored[tensor.name] = &tensor;
  }
  for (const auto &layer : layers) {
    const auto weight = layer + ".weight";
    const auto name = base.find(weight) ? base.stored_name(weight) : std::string();
    const auto a = stored.find(name + ".lora_a");
    const auto b = stored.find(name + ".lora_b");
    if (name.empty() || a == stored.end() || b == stored.end()) {
      continue;
    }
    auto down = matrix_of(*a->second);
    auto up = matrix_of(*b->second);
    if (!down || !up || up->size(1) != down->size(0)) {
      return Error{file.string() + ": the adapter of " + layer + " is no pair of matrices", ""};
    }
    adapter.config.rank = down->size(0);
    const auto head_dim = base.config().head_dim;
    const bool ordered = base.interleaved(weight) && up->size(0) % head_dim == 0;
    adapter.modules[layer] = {*down, ordered ? halved_rows(*up, head_dim) : *up, {}, adapter.config.alpha};
  }
  if (2 * adapter.modules.size() != stored.size()) {
    return Error{file.string() + " is the adapter of another model than " + base.path().string(),
                 "Give the model that it was trained on"};
  }
  return adapter;
}

} // namespace yanxing::nn
