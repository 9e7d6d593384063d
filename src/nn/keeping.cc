#include "nn/keeping.h"

namespace yanxing::nn {

Matrix kept(const Matrix &matrix, const StoredTensor &stored, const std::string &name, const Keeping &keeping,
            const std::vector<std::shared_ptr<const MappedFile>> &files) {
  const bool readable_in_place = stored.format.kind == Format::kGgml;
  const bool floats = !stored.format.quantised();
  const bool wide = floats && stored.bytes.size() >= sizeof(float) * static_cast<std::size_t>(stored.count());
  Matrix result = matrix;
  if (keeping.nf4 && floats && name.starts_with("model.layers.") && !name.ends_with(".mlp.gate")) {
    result = matrix.in_nf4(keeping.double_quantization);
  } else if (keeping.type != at::kFloat && (wide || !readable_in_place)) {
    result = matrix.in_half(keeping.type);
  } else if (!keeping.as_stored || !readable_in_place) {
    result = Matrix(matrix.all());
  } else {
    return result;
  }
  for (const auto &file : files) {
    file->forget();
  }
  return result;
}

} // namespace yanxing::nn
