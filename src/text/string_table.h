// Large JSON tables of strings (readings, a pronouncing lexicon), streamed: the general JSON tree keeps keys in order
// and looks each new key up among them, which is quadratic, and these tables have tens of thousands.
#pragma once

#include "base/result.h"

#include <filesystem>
#include <functional>
#include <string>

namespace yanxing::text {

// Calls `visit` for every string of {"key":"text"}, {"key":{"inner":"text"}} and {"key":[["text"],…]}, in file order;
// `inner` is empty but for objects. Errors name the file.
Status for_each_string(
    const std::filesystem::path &file,
    const std::function<void(const std::string &key, const std::string &inner, const std::string &text)> &visit);

} // namespace yanxing::text
