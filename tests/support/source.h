// Where the files of this checkout are.
#pragma once

#include <filesystem>
#include <string_view>

namespace yanxing::test {

// `name` relative to the checkout.
std::filesystem::path source(std::string_view name);

} // namespace yanxing::test
