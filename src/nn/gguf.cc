#include "nn/gguf.h"

#include <gguf.h>

namespace yanxing::nn {
namespace {

struct FreeGguf {
  void operator()(gguf_context *context) const { gguf_free(context); }
};
using Gguf = std::unique_ptr<gguf_context, FreeGguf>;

constexpr std::size_t kMaxArray = 4096; // the vocabulary and merges are longer; the tokenizer reads them elsewhere

template <class T> Json numbers(const void *data, std::size_t count) {
  Json array = Json::array();
  for (std::size_t i = 0; i < count; ++i) {
    array.push_back(static_cast<const T *>(data)[i]);
  }
  return array;
}

Json array_of(const gguf_context *context, std::int64_t key) {
  const auto count = gguf_get_arr_n(context, key);
  if (count > kMaxArray) {
    return nullptr;
  }
  const auto type = gguf_get_arr_type(context, key);
  if (type == GGUF_TYPE_STRING) {
    Json array = Json::array();
    for (std::size_t i = 0; i < count; ++i) {
      array.push_back(gguf_get_arr_str(context, key, i));
    }
    return array;
  }
  const void *data = type == GGUF_TYPE_ARRAY ? nullptr : gguf_get_arr_data(context, key);
  switch (type) {
  case GGUF_TYPE_UINT32:
    return numbers<std::uint32_t>(data, count);
  case GGUF_TYPE_INT32:
    return numbers<std::int32_t>(data, count);
  case GGUF_TYPE_UINT64:
    return numbers<std::uint64_t>(data, count);
  case GGUF_TYPE_INT64:
    return numbers<std::int64_t>(data, count);
  case GGUF_TYPE_FLOAT32:
    return numbers<float>(data, count);
  case GGUF_TYPE_BOOL:
  case GGUF_TYPE_INT8:
    return numbers<std::int8_t>(data, count);
  default:
    return nullptr;
  }
}

Json value_of(const gguf_context *context, std::int64_t key) {
  switch (gguf_get_kv_type(context, key)) {
  case GGUF_TYPE_UINT8:
    return gguf_get_val_u8(context, key);
  case GGUF_TYPE_INT8:
    return gguf_get_val_i8(context, key);
  case GGUF_TYPE_UINT16:
    return gguf_get_val_u16(context, key);
  case GGUF_TYPE_INT16:
    return gguf_get_val_i16(context, key);
  case GGUF_TYPE_UINT32:
    return gguf_get_val_u32(context, key);
  case GGUF_TYPE_INT32:
    return gguf_get_val_i32(context, key);
  case GGUF_TYPE_UINT64:
    return gguf_get_val_u64(context, key);
  case GGUF_TYPE_INT64:
    return gguf_get_val_i64(context, key);
  case GGUF_TYPE_FLOAT32:
    return gguf_get_val_f32(context, key);
  case GGUF_TYPE_FLOAT64:
    return gguf_get_val_f64(context, key);
  case GGUF_TYPE_BOOL:
    return gguf_get_val_bool(context, key);
  case GGUF_TYPE_STRING:
    return gguf_get_val_str(context, key);
  case GGUF_TYPE_ARRAY:
    return array_of(context, key);
  default:
    return nullptr;
  }
}

} // namespace

Result<GgufFile> open_gguf(const std::filesystem::path &path) {
  auto mapped = MappedFile::open(path);
  if (!mapped) {
    return mapped.error();
  }
  const auto bytes = (*mapped)->bytes();
  const Gguf context(gguf_init_from_buffer(bytes.data(), bytes.size(), {.no_alloc = true, .ctx = nullptr}));
  if (!context) {
    return Error{path.string() + " is no whole GGUF file", "Fetch it again"};
  }
  GgufFile result{*mapped, Json::object(), {}};
  for (std::int64_t key = 0; key < gguf_get_n_kv(context.get()); ++key) {
    result.metadata[gguf_get_key(context.get(), key)] = value_of(context.get(), key);
  }
  const auto data = gguf_get_data_offset(context.get());
  for (std::int64_t i = 0; i < gguf_get_n_tensors(context.get()); ++i) {
    StoredTensor tensor;
    tensor.name = gguf_get_tensor_name(context.get(), i);
    tensor.format = Format::of_ggml(gguf_get_tensor_type(context.get(), i));
    const auto *sizes = gguf_get_tensor_ne(context.get(), i);
    int dimensions = 4;
    while (dimensions > 1 && sizes[dimensions - 1] == 1) {
      --dimensions;
    }
    for (int d = dimensions - 1; d >= 0; --d) {
      tensor.shape.push_back(sizes[d]);
    }
    const auto offset = gguf_get_tensor_offset(context.get(), i);
    const auto size = gguf_get_tensor_size(context.get(), i);
    if (data > bytes.size() || offset > bytes.size() - data || size > bytes.size() - data - offset) {
      return Error{path.string() + " is cut off: tensor " + tensor.name + " lies beyond its end", "Fetch it again"};
    }
    tensor.bytes = bytes.subspan(data + offset, size);
    result.tensors.push_back(std::move(tensor));
  }
  return result;
}

Status write_vocabulary(const std::filesystem::path &from, const std::filesystem::path &to) {
  const Gguf source(gguf_init_from_file(from.c_str(), {.no_alloc = true, .ctx = nullptr}));
  if (!source) {
    return Error{from.string() + " is no whole GGUF file", "Fetch it again"};
  }
  const Gguf copy(gguf_init_empty());
  gguf_set_kv(copy.get(), source.get());
  if (!gguf_write_to_file(copy.get(), to.c_str(), true)) {
    return Error{"cannot write " + to.string(), "Free some disk space or choose another folder"};
  }
  return {};
}

} // namespace yanxing::nn
