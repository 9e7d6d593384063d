#include "support/source.h"

namespace yanxing::test {

std::filesystem::path source(std::string_view name) { return std::filesystem::path(YANXING_SOURCE_DIR) / name; }

} // namespace yanxing::test
