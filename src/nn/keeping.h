// How frozen matrices are kept in memory.
#pragma once

#include "nn/mapped_file.h"
#include "nn/matrix.h"

#include <memory>
#include <string>
#include <vector>

namespace yanxing::nn {

struct Keeping {
  // As the file has them, turned into floats while computing: least memory, a few percent slower. Otherwise all of them
  // are fp32 from the start.
  bool as_stored = true;
  // bfloat16 or float16: matrices that the file has in fp32 are rounded to it.
  at::ScalarType type = at::kFloat;
  // The decoder's linear layers that the file has in floats are turned into four bits (nf4.h); embedding, head and
  // routers are not.
  bool nf4 = false;
  bool double_quantization = true;
};

// `stored`, whose bytes `matrix` shows, of the layer `name` ("model.layers.0.mlp.up_proj") as it shall be kept. Where
// that takes memory of its own, the pages of `files` are given back.
Matrix kept(const Matrix &matrix, const StoredTensor &stored, const std::string &name, const Keeping &keeping,
            const std::vector<std::shared_ptr<const MappedFile>> &files);

} // namespace yanxing::nn
