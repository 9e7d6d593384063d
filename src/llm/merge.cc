#include "llm/merge.h"

#include <ggml.h>
#include <gguf.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace yanxing::llm {
namespace {

namespace fs = std::filesystem;

struct Free {
  void operator()(gguf_context *file) const { gguf_free(file); }
  void operator()(ggml_context *tensors) const { ggml_free(tensors); }
};

// The header of a GGUF file and its tensors' shapes; the data stay in the file.
struct Header {
  std::unique_ptr<gguf_context, Free> file;
  std::unique_ptr<ggml_context, Free> tensors;
  std::uintmax_t bytes = 0;
};

Result<Header> read_header(const fs::path &path) {
  Header header;
  std::error_code code;
  header.bytes = fs::file_size(path, code);
  ggml_context *tensors = nullptr;
  header.file.reset(code ? nullptr : gguf_init_from_file(path.c_str(), {true, &tensors}));
  header.tensors.reset(tensors);
  if (!header.file) {
    return Error{path.string() + " is not a readable GGUF file", "Fetch or make it again"};
  }
  return header;
}

struct Place {
  const ggml_tensor *tensor = nullptr; // null: the file has none of this name
  std::uint64_t offset = 0;            // in the file
};

Place find(const Header &header, const std::string &name) {
  const auto index = gguf_find_tensor(header.file.get(), name.c_str());
  if (index < 0) {
    return {};
  }
  return {ggml_get_tensor(header.tensors.get(), name.c_str()),
          gguf_get_data_offset(header.file.get()) + gguf_get_tensor_offset(header.file.get(), index)};
}

bool lies_within(const Header &header, const Place &place) {
  return place.offset <= header.bytes && ggml_nbytes(place.tensor) <= header.bytes - place.offset;
}

std::vector<char> read_bytes(std::istream &in, const Place &place) {
  std::vector<char> bytes(ggml_nbytes(place.tensor));
  in.seekg(static_cast<std::streamoff>(place.offset));
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return bytes;
}

bool can_convert(ggml_type type) { return type == GGML_TYPE_F32 || ggml_get_type_traits(type)->to_float != nullptr; }

void to_floats(ggml_type type, const char *bytes, float *out, std::int64_t count) {
  if (type == GGML_TYPE_F32) {
    std::copy_n(reinterpret_cast<const float *>(bytes), count, out);
  } else {
    ggml_get_type_traits(type)->to_float(bytes, out, count);
  }
}

std::vector<float> as_floats(const ggml_tensor &tensor, const std::vector<char> &bytes) {
  std::vector<float> values(static_cast<std::size_t>(ggml_nelements(&tensor)));
  to_floats(tensor.type, bytes.data(), values.data(), ggml_nelements(&tensor));
  return values;
}

// The type of a weight that has been changed.
ggml_type merged_type(const ggml_tensor &weight) {
  const bool fits = weight.ne[0] % ggml_blck_size(GGML_TYPE_Q8_0) == 0;
  return ggml_is_quantized(weight.type) ? fits ? GGML_TYPE_Q8_0 : GGML_TYPE_F16 : weight.type;
}

// out = weight (rows × width) + scale · b (rows × rank) · a (rank × width), for rows [begin, end).
void merge_rows(const ggml_tensor &weight, const std::vector<char> &bytes, const std::vector<float> &a,
                const std::vector<float> &b, std::size_t rank, float scale, std::int64_t begin, std::int64_t end,
                std::vector<char> &out) {
  const auto width = weight.ne[0];
  const auto type = merged_type(weight);
  std::vector<float> row(static_cast<std::size_t>(width));
  for (auto i = begin; i < end; ++i) {
    const auto at = static_cast<std::size_t>(i);
    to_floats(weight.type, bytes.data() + at * ggml_row_size(weight.type, width), row.data(), width);
    for (std::size_t k = 0; k < rank; ++k) {
      const float factor = scale * b[at * rank + k];
      const float *direction = a.data() + k * static_cast<std::size_t>(width);
      for (std::size_t j = 0; j < row.size(); ++j) {
        row[j] += factor * direction[j];
      }
    }
    ggml_quantize_chunk(type, row.data(), out.data() + at * ggml_row_size(type, width), 0, 1, width, nullptr);
  }
}

struct Pair {
  Place weight, a, b;
};

// What the adapter changes, by the weight's name; checked against the base.
Result<std::map<std::string, Pair>> pairs_of(const Header &base, const Header &adapter) {
  const std::string ending = ".lora_a";
  std::map<std::string, Pair> pairs;
  for (std::int64_t i = 0; i < gguf_get_n_tensors(adapter.file.get()); ++i) {
    const std::string name = gguf_get_tensor_name(adapter.file.get(), i);
    if (!name.ends_with(ending)) {
      continue;
    }
    Pair pair;
    const auto changed = name.substr(0, name.size() - ending.size());
    pair.weight = find(base, changed);
    pair.a = find(adapter, name);
    pair.b = find(adapter, changed + ".lora_b");
    const auto *weight = pair.weight.tensor;
    const bool fits = weight != nullptr && pair.b.tensor != nullptr && weight->ne[2] == 1 &&
                      pair.a.tensor->ne[0] == weight->ne[0] && pair.b.tensor->ne[1] == weight->ne[1] &&
                      pair.a.tensor->ne[1] == pair.b.tensor->ne[0] && can_convert(weight->type) &&
                      can_convert(pair.a.tensor->type) && can_convert(pair.b.tensor->type);
    if (!fits) {
      return Error{"the adapter does not fit the model: " + changed, "Use an adapter that was trained from this model"};
    }
    if (!lies_within(base, pair.weight) || !lies_within(adapter, pair.a) || !lies_within(adapter, pair.b)) {
      return Error{"the model or the adapter is cut short at " + changed, "Fetch or make it again"};
    }
    pairs.emplace(changed, pair);
  }
  if (pairs.empty()) {
    return Error{"the adapter holds no LoRA weights", "Check the file"};
  }
  return pairs;
}

// 0 where the adapter does not tell: then B·A is added as it is, as llama.cpp does.
float alpha_of(const Header &adapter) {
  const auto key = gguf_find_key(adapter.file.get(), "adapter.lora.alpha");
  return key >= 0 && gguf_get_kv_type(adapter.file.get(), key) == GGUF_TYPE_FLOAT32
             ? gguf_get_val_f32(adapter.file.get(), key)
             : 0.0F;
}

std::vector<char> merged(const Pair &pair, float alpha, std::istream &adapter, const std::vector<char> &bytes,
                         int threads) {
  const auto rank = static_cast<std::size_t>(pair.b.tensor->ne[0]);
  const float scale = alpha != 0 ? alpha / static_cast<float>(rank) : 1.0F;
  const auto a = as_floats(*pair.a.tensor, read_bytes(adapter, pair.a));
  const auto b = as_floats(*pair.b.tensor, read_bytes(adapter, pair.b));
  const auto &weight = *pair.weight.tensor;
  const auto rows = weight.ne[1];
  std::vector<char> out(ggml_row_size(merged_type(weight), weight.ne[0]) * static_cast<std::size_t>(rows));
  const auto share = (rows + threads - 1) / threads;
  std::vector<std::jthread> workers;
  for (std::int64_t begin = 0; begin < rows; begin += share) {
    workers.emplace_back(
        [&, begin] { merge_rows(weight, bytes, a, b, rank, scale, begin, std::min(begin + share, rows), out); });
  }
  workers.clear(); // joins them
  return out;
}

// The base's metadata and tensors, those of the pairs changed, into `out`.
void write_model(const Header &base, const std::map<std::string, Pair> &pairs, float alpha, std::istream &model,
                 std::istream &adapter, std::ostream &out, int threads, const std::function<void(double)> &progress) {
  const std::unique_ptr<gguf_context, Free> file(gguf_init_empty());
  gguf_set_kv(file.get(), base.file.get());
  const auto count = gguf_get_n_tensors(base.file.get());
  for (std::int64_t i = 0; i < count; ++i) {
    const auto *name = gguf_get_tensor_name(base.file.get(), i);
    gguf_add_tensor(file.get(), ggml_get_tensor(base.tensors.get(), name));
    if (const auto pair = pairs.find(name); pair != pairs.end()) {
      gguf_set_tensor_type(file.get(), name, merged_type(*pair->second.weight.tensor));
    }
  }
  std::vector<char> header(gguf_get_meta_size(file.get()));
  gguf_get_meta_data(file.get(), header.data());
  out.write(header.data(), static_cast<std::streamsize>(header.size()));
  const auto alignment = gguf_get_alignment(file.get());
  for (std::int64_t i = 0; i < count && out && model && adapter; ++i) {
    const std::string name = gguf_get_tensor_name(base.file.get(), i);
    auto bytes = read_bytes(model, find(base, name));
    if (const auto pair = pairs.find(name); pair != pairs.end()) {
      bytes = merged(pair->second, alpha, adapter, bytes, threads);
    }
    bytes.resize((bytes.size() + alignment - 1) / alignment * alignment, 0);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (progress) {
      progress(static_cast<double>(i + 1) / static_cast<double>(count));
    }
  }
}

// Every tensor must lie in the file before anything is written.
bool is_whole(const Header &base) {
  for (std::int64_t i = 0; i < gguf_get_n_tensors(base.file.get()); ++i) {
    if (!lies_within(base, find(base, gguf_get_tensor_name(base.file.get(), i)))) {
      return false;
    }
  }
  return true;
}

} // namespace

Status merge_adapter(const fs::path &base, const fs::path &adapter, const fs::path &out, int threads,
                     const std::function<void(double)> &progress) {
  const auto base_header = read_header(base);
  if (!base_header) {
    return base_header.error();
  }
  if (!is_whole(*base_header)) {
    return Error{base.string() + " is cut short", "Run 'yanxing pull' to fetch it again"};
  }
  const auto adapter_header = read_header(adapter);
  if (!adapter_header) {
    return adapter_header.error();
  }
  const auto pairs = pairs_of(*base_header, *adapter_header);
  if (!pairs) {
    return pairs.error();
  }
  const fs::path working = out.string() + "." + std::to_string(::getpid()); // another process may be doing the same
  std::error_code code;
  fs::create_directories(out.parent_path(), code);
  std::ifstream model(base, std::ios::binary);
  std::ifstream additions(adapter, std::ios::binary);
  std::ofstream file(working, std::ios::binary | std::ios::trunc);
  write_model(*base_header, *pairs, alpha_of(*adapter_header), model, additions, file, std::max(1, threads), progress);
  file.close();
  if (file && model && additions) {
    fs::rename(working, out, code);
    if (!code) {
      return {};
    }
  }
  fs::remove(working, code);
  return Error{"cannot write " + out.string(), "Check the free disk space (the file is larger than the model)"};
}

} // namespace yanxing::llm
