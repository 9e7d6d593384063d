// The slice of ONNX Runtime's C ABI that session.cc uses. The package that carries the library has no headers; the ABI
// is an append-only table of function pointers (OrtApi), so an index, once given, stays (docs/adr/0002). Indices are
// those of API version 1 to 11 and were checked by running every function here against the pinned library.
#pragma once

#include <cstddef>
#include <cstdint>

namespace yanxing::onnx::abi {

// Opaque handles.
struct Status;
struct Environment;
struct Session;
struct SessionOptions;
struct Value;
struct MemoryInfo;
struct Allocator;
struct TypeInfo;
struct TensorInfo;
struct ModelMetadata;
struct RunOptions;

using Table = void *const *;

struct Base {
  Table (*get_api)(std::uint32_t version);
  const char *(*get_version)();
};

extern "C" const Base *OrtGetApiBase();

inline constexpr std::uint32_t kApiVersion = 11;
inline constexpr int kFloat = 1; // ONNXTensorElementDataType
inline constexpr int kInt32 = 6;
inline constexpr int kInt64 = 7;
inline constexpr int kLogError = 3;
inline constexpr int kOptimizeAll = 99;
inline constexpr int kArenaAllocator = 1;
inline constexpr int kDefaultMemory = 0;

enum Index : std::size_t {
  kGetErrorMessage = 2,
  kCreateEnv = 3,
  kCreateSession = 7,
  kRun = 9,
  kCreateSessionOptions = 10,
  kSetGraphOptimization = 23,
  kSetIntraOpThreads = 24,
  kSetInterOpThreads = 25,
  kInputCount = 30,
  kOutputCount = 31,
  kInputTypeInfo = 33,
  kInputName = 36,
  kOutputName = 37,
  kCreateTensorWithData = 49,
  kTensorData = 51,
  kCastToTensorInfo = 55,
  kElementType = 60,
  kDimensionsCount = 61,
  kDimensions = 62,
  kElementCount = 64,
  kTensorTypeAndShape = 65,
  kCreateCpuMemoryInfo = 69,
  kAllocatorFree = 76,
  kDefaultAllocator = 78,
  kReleaseEnv = 92,
  kReleaseStatus = 93,
  kReleaseMemoryInfo = 94,
  kReleaseSession = 95,
  kReleaseValue = 96,
  kReleaseTypeInfo = 98,
  kReleaseTensorInfo = 99,
  kReleaseSessionOptions = 100,
  kModelMetadata = 111,
  kLookupMetadata = 116,
  kReleaseModelMetadata = 118,
  kAddConfigEntry = 130,
};

} // namespace yanxing::onnx::abi
