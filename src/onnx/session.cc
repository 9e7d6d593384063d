#include "onnx/session.h"

#include "onnx/ort_abi.h"

#include <array>
#include <fstream>

namespace yanxing::onnx {
namespace {

abi::Table api() { return abi::OrtGetApiBase()->get_api(abi::kApiVersion); }

template <class... Args> abi::Status *call(abi::Index index, Args... args) {
  return reinterpret_cast<abi::Status *(*)(Args...)>(api()[index])(args...);
}

template <class T, abi::Index kRelease> struct Releaser {
  void operator()(T *handle) const { reinterpret_cast<void (*)(T *)>(api()[kRelease])(handle); }
};
template <class T, abi::Index kRelease> using Handle = std::unique_ptr<T, Releaser<T, kRelease>>;
using EnvironmentHandle = Handle<abi::Environment, abi::kReleaseEnv>;
using OptionsHandle = Handle<abi::SessionOptions, abi::kReleaseSessionOptions>;
using SessionHandle = Handle<abi::Session, abi::kReleaseSession>;
using ValueHandle = Handle<abi::Value, abi::kReleaseValue>;
using MemoryHandle = Handle<abi::MemoryInfo, abi::kReleaseMemoryInfo>;
using StatusHandle = Handle<abi::Status, abi::kReleaseStatus>;
using TypeHandle = Handle<abi::TypeInfo, abi::kReleaseTypeInfo>;
using TensorInfoHandle = Handle<abi::TensorInfo, abi::kReleaseTensorInfo>;
using MetadataHandle = Handle<abi::ModelMetadata, abi::kReleaseModelMetadata>;

// Thrown inside this file only; the public functions turn it into a Result.
struct Failure {
  std::string message;
};

template <class... Args> void check(abi::Index index, Args... args) {
  if (StatusHandle status{call(index, args...)}) {
    throw Failure{reinterpret_cast<const char *(*)(const abi::Status *)>(api()[abi::kGetErrorMessage])(status.get())};
  }
}

// One environment a process, kept alive by its sessions.
std::shared_ptr<abi::Environment> environment() {
  static std::weak_ptr<abi::Environment> shared;
  auto existing = shared.lock();
  if (!existing) {
    abi::Environment *made = nullptr;
    check(abi::kCreateEnv, abi::kLogError, "yanxing", &made);
    existing = std::shared_ptr<abi::Environment>(made, Releaser<abi::Environment, abi::kReleaseEnv>());
    shared = existing;
  }
  return existing;
}

abi::Allocator *allocator() {
  abi::Allocator *made = nullptr;
  check(abi::kDefaultAllocator, &made);
  return made;
}

std::string take(char *text) {
  std::string copy = text == nullptr ? "" : text;
  if (text != nullptr) {
    check(abi::kAllocatorFree, allocator(), static_cast<void *>(text));
  }
  return copy;
}

class OrtSession final : public Session {
public:
  OrtSession(const std::filesystem::path &model, int threads) : environment_(environment()) {
    abi::SessionOptions *options = nullptr;
    check(abi::kCreateSessionOptions, &options);
    const OptionsHandle owned(options);
    check(abi::kSetIntraOpThreads, options, threads);
    check(abi::kSetInterOpThreads, options, 1);
    check(abi::kSetGraphOptimization, options, abi::kOptimizeAll);
    // Spinning threads would take the cores from the language model.
    check(abi::kAddConfigEntry, options, "session.intra_op.allow_spinning", "0");
    abi::Session *session = nullptr;
    check(abi::kCreateSession, environment_.get(), model.c_str(), static_cast<const abi::SessionOptions *>(options),
          &session);
    session_.reset(session);
    abi::MemoryInfo *memory = nullptr;
    check(abi::kCreateCpuMemoryInfo, abi::kArenaAllocator, abi::kDefaultMemory, &memory);
    memory_.reset(memory);
    read_names();
  }

  Result<std::vector<Tensor>> run(const std::vector<std::pair<std::string, Tensor>> &inputs) override {
    try {
      return run_checked(inputs);
    } catch (const Failure &failure) {
      return Error{"the model could not be run: " + failure.message, ""};
    }
  }

  [[nodiscard]] std::vector<std::string> input_names() const override { return input_names_; }
  [[nodiscard]] std::vector<std::string> output_names() const override { return output_names_; }

  [[nodiscard]] std::string metadata(const std::string &key) const override {
    try {
      abi::ModelMetadata *metadata = nullptr;
      check(abi::kModelMetadata, static_cast<const abi::Session *>(session_.get()), &metadata);
      const MetadataHandle owned(metadata);
      char *value = nullptr;
      check(abi::kLookupMetadata, static_cast<const abi::ModelMetadata *>(metadata), allocator(), key.c_str(), &value);
      return take(value);
    } catch (const Failure &) {
      return {};
    }
  }

private:
  void read_names() {
    const abi::Session *session = session_.get();
    std::size_t count = 0;
    check(abi::kInputCount, session, &count);
    for (std::size_t i = 0; i < count; ++i) {
      char *name = nullptr;
      check(abi::kInputName, session, i, allocator(), &name);
      input_names_.push_back(take(name));
      abi::TypeInfo *type = nullptr;
      check(abi::kInputTypeInfo, session, i, &type);
      const TypeHandle owned(type);
      const abi::TensorInfo *tensor = nullptr;
      check(abi::kCastToTensorInfo, static_cast<const abi::TypeInfo *>(type), &tensor);
      int element = 0;
      check(abi::kElementType, tensor, &element);
      input_types_.push_back(element);
    }
    check(abi::kOutputCount, session, &count);
    for (std::size_t i = 0; i < count; ++i) {
      char *name = nullptr;
      check(abi::kOutputName, session, i, allocator(), &name);
      output_names_.push_back(take(name));
    }
  }

  template <class T> ValueHandle wrap(const std::vector<T> &data, const std::vector<std::int64_t> &shape, int type) {
    abi::Value *value = nullptr;
    check(abi::kCreateTensorWithData, static_cast<const abi::MemoryInfo *>(memory_.get()),
          static_cast<void *>(const_cast<T *>(data.data())), data.size() * sizeof(T), shape.data(), shape.size(), type,
          &value);
    return ValueHandle(value);
  }

  std::vector<Tensor> run_checked(const std::vector<std::pair<std::string, Tensor>> &inputs) {
    std::vector<ValueHandle> values;
    std::vector<std::vector<std::int32_t>> narrowed;
    narrowed.reserve(inputs.size()); // wrap() keeps pointers into it
    std::vector<const char *> names;
    for (const auto &[name, tensor] : inputs) {
      names.push_back(name.c_str());
      if (const auto *floats = std::get_if<std::vector<float>>(&tensor.data)) {
        values.push_back(wrap(*floats, tensor.shape, abi::kFloat));
      } else if (const auto &integers = std::get<std::vector<std::int64_t>>(tensor.data);
                 type_of(name) == abi::kInt32) {
        narrowed.emplace_back(integers.begin(), integers.end());
        values.push_back(wrap(narrowed.back(), tensor.shape, abi::kInt32));
      } else {
        values.push_back(wrap(integers, tensor.shape, abi::kInt64));
      }
    }
    std::vector<const abi::Value *> in;
    for (const auto &value : values) {
      in.push_back(value.get());
    }
    std::vector<const char *> out_names;
    for (const auto &name : output_names_) {
      out_names.push_back(name.c_str());
    }
    std::vector<abi::Value *> out(out_names.size(), nullptr);
    check(abi::kRun, session_.get(), static_cast<const abi::RunOptions *>(nullptr), names.data(), in.data(), in.size(),
          out_names.data(), out_names.size(), out.data());
    std::vector<ValueHandle> owned;
    for (auto *value : out) {
      owned.emplace_back(value);
    }
    std::vector<Tensor> results;
    for (const auto &value : owned) {
      results.push_back(copy_out(value.get()));
    }
    return results;
  }

  [[nodiscard]] int type_of(const std::string &name) const {
    for (std::size_t i = 0; i < input_names_.size(); ++i) {
      if (input_names_[i] == name) {
        return input_types_[i];
      }
    }
    throw Failure{"it has no input \"" + name + "\""};
  }

  static Tensor copy_out(abi::Value *value) {
    abi::TensorInfo *info = nullptr;
    check(abi::kTensorTypeAndShape, static_cast<const abi::Value *>(value), &info);
    const TensorInfoHandle owned(info);
    const abi::TensorInfo *shape = info;
    int type = 0;
    std::size_t rank = 0;
    std::size_t count = 0;
    check(abi::kElementType, shape, &type);
    check(abi::kDimensionsCount, shape, &rank);
    Tensor tensor;
    tensor.shape.resize(rank);
    check(abi::kDimensions, shape, tensor.shape.data(), rank);
    check(abi::kElementCount, shape, &count);
    void *data = nullptr;
    check(abi::kTensorData, value, &data);
    if (type == abi::kFloat) {
      const auto *floats = static_cast<const float *>(data);
      tensor.data = std::vector<float>(floats, floats + count);
    } else if (type == abi::kInt64) {
      const auto *integers = static_cast<const std::int64_t *>(data);
      tensor.data = std::vector<std::int64_t>(integers, integers + count);
    } else {
      throw Failure{"an output has an element type that is not read here"};
    }
    return tensor;
  }

  std::shared_ptr<abi::Environment> environment_;
  SessionHandle session_;
  MemoryHandle memory_;
  std::vector<std::string> input_names_;
  std::vector<int> input_types_;
  std::vector<std::string> output_names_;
};

} // namespace

Result<std::unique_ptr<Session>> Session::open(const std::filesystem::path &model, int threads) {
  std::error_code code;
  if (!std::filesystem::exists(model, code)) {
    return Error{"model file " + model.string() + " does not exist", "Run 'yanxing pull' or check the path"};
  }
  try {
    return std::unique_ptr<Session>(std::make_unique<OrtSession>(model, threads));
  } catch (const Failure &failure) {
    return Error{model.string() + " is not a usable ONNX model: " + failure.message,
                 "Run 'yanxing pull' to fetch it again"};
  }
}

} // namespace yanxing::onnx
